"""Promotions (scheduled activations): requests, queries and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.common import MayApprove, Moment, ZoneName
from shared.api.images import ActivationChoice, PoolsUpdateRequest
from shared.core.states import PromotionState
from shared.models.base import WHOLE, Name, UtcTime, Value
from shared.models.messages import Message
from shared.models.policy import PolicyOverrides
from shared.models.rollouts import Schedule


class PromotionView(Value):
    """A scheduled activation."""

    id: str
    image: str
    version: str
    due_at: UtcTime
    due_local: str
    """`due_at` in `time_zone`."""
    time_zone: str
    days_after_staging: int | None
    backup: bool | None
    """Null: as chosen when the version was staged."""
    force: bool
    update_pools: list[str]
    """Pools that are updated with it."""
    every_pool: bool
    """Whether these are all pools that have the image when it is due."""
    policy: PolicyOverrides | None
    """What was asked for these pools. Null without pools."""
    schedule: Schedule | None
    soak_minutes: int | None
    state: PromotionState
    task: str
    """Id of the activation, once it has started."""
    reason: str
    requested_by: str
    created_at: UtcTime
    ended_at: UtcTime | None
    note: Message | None
    """What came of it; null before its end."""
    waits_for: Message | None = None
    """Why it waits for a second person, or will when it is due: it may be approved before. Null when it will not."""
    second_approved_at: UtcTime | None = None
    second_approved_by: str = ""
    may_approve: MayApprove | None = None
    """While it waits or will wait: whether the caller may approve it. Null for a due one: see its task."""


class PromotionMoment(Value):
    """When: `at` a date and time, or a number of days after the version was staged, at the same time of day."""

    at: Moment | None = None
    days_after_staging: Annotated[int, Field(ge=0, le=730), WHOLE] | None = None
    time_zone: ZoneName | None = None
    """Zone of `at` and of the days. Default: UTC, or the zone of the promotion being changed."""


class PromotionSettings(PoolsUpdateRequest, PromotionMoment):
    """What may be changed of a promotion: all but its image and its version.

    `backup`, `force`: as in the request. `time_zone` also reads `at`.
    """

    backup: bool | None = None
    force: bool = False


class PromotionRequest(ActivationChoice, PromotionMoment):
    """Schedule an activation of an image's staged version."""

    image: Name
