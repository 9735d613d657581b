"""Promotions: scheduled activations."""

from __future__ import annotations

from pydantic import Field

from shared.core.states import PromotionState
from shared.models.base import Name, Record, UtcTime, VersionText
from shared.models.messages import Message
from shared.models.rollout_parts import NO_APPROVAL, SecondPerson
from shared.models.tasks import ActivationWork, PoolsUpdate


class Promotion(Record):
    """A scheduled activation. It only activates `version`, the version that was staged at the time of the request."""

    id: str
    image: Name
    accounts: tuple[str, ...] = ()
    """Whose it is: the accounts of its image, or those of the pools that it names; `*` for all accounts."""
    version: VersionText
    due_at: UtcTime
    time_zone: str
    """The zone in which people see `due_at` (IANA name)."""
    days_after_staging: int | None = None
    """Set if the request gave a number of days."""
    activation: ActivationWork
    update: PoolsUpdate | None = None
    """The pools to update with it. None: no pools."""
    state: PromotionState = PromotionState.SCHEDULED
    task: str = ""
    """The id of the activation. It is written before the activation starts, so that it starts only once."""
    reason: str = ""
    requested_by: str = ""
    requester: str = ""
    """The id of the caller who asked for it: their grant counts when it falls due."""
    second: SecondPerson = NO_APPROVAL
    """The approval of a second person, given before it is due. Later its task has one of its own."""
    approved_pools: dict[str, str] = Field(default_factory=dict)
    """Pool -> the digest of what it brings to the promotion, as it was approved."""
    created_at: UtcTime
    ended_at: UtcTime | None = None
    note: Message | None = None
    """What came of it."""
