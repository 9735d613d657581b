"""What one pass answers to the orchestration, and when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.models.rollouts import Rollout
from shared.planning.timing import next_pass_due
from shared.planning.values import Limits, Plan, Snapshot
from shared.services import Services

WRITE_REFILL_GAPS = 15.0
"""Gaps until the next pass when hosts wait only for ARM's write quota: it refills by 10 writes a second."""


@dataclass(frozen=True)
class PassResult:
    """What the orchestration needs to know after a pass. Moments are in UTC."""

    ended: bool
    state: str
    next_pass_at: datetime | None = None
    """When the next pass is due at the latest."""
    deferral: timedelta = timedelta(0)
    """How long a deferrable event may wait for a pass."""
    flush_after: int = 1
    """How many deferrable events call for a pass at once; 0: they always wait."""
    whole_pool_needed: bool = False
    """The fast pass could not decide: only a pass over the whole pool will do."""


def limits_of(services: Services) -> Limits:
    """The time limits that a pass enforces."""
    settings = services.settings
    return Limits(timedelta(seconds=settings.sign_out_limit), timedelta(seconds=settings.approval_limit))


def next_pass_at(services: Services, decided: Plan, after: Snapshot, rollout: Rollout, now: datetime) -> datetime:
    """When the next pass is due at the latest, given the pool as this pass left it."""
    at = next_pass_due(after, rollout.policy, now)
    refilled = now + WRITE_REFILL_GAPS * timedelta(seconds=services.settings.reconcile_gap)
    return min(at, refilled) if decided.short_of_writes else at
