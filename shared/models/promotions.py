"""Promotions: activations that are scheduled."""

from __future__ import annotations

from shared.core.states import PromotionState
from shared.models.base import Name, Record, UtcTime, VersionText
from shared.models.tasks import ActivationWork, PoolsUpdate


class Promotion(Record):
    """One activation to come. `version` is the one that was staged when it was asked for, and no other."""

    id: str
    image: Name
    version: VersionText
    due_at: UtcTime
    time_zone: str
    """The zone people see `due_at` in (IANA name)."""
    days_after_staging: int | None = None
    """When it was asked for so; else None."""
    activation: ActivationWork
    update: PoolsUpdate | None = None
    """The pools that are updated with it; None: none."""
    state: PromotionState = PromotionState.SCHEDULED
    task: str = ""
    """The activation, once it was taken up: chosen before it begins, so that it begins once."""
    reason: str = ""
    requested_by: str = ""
    created_at: UtcTime
    ended_at: UtcTime | None = None
    note: str = ""
