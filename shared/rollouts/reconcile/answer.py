"""What one pass answers to the orchestration, and when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.models.rollouts import Rollout
from shared.planning.timing import next_look
from shared.planning.values import Limits, Plan, Snapshot
from shared.services import Services

REFILL = 15.0
"""Gaps after which hosts that wait for ARM's writes alone are looked at again: it fills up by 10 writes a second."""


@dataclass(frozen=True)
class LookAnswer:
    """What the orchestrator needs to know: whether it is over, else when to look again (UTC), how long a host that is
    through may wait for a look, and how many of them are `enough` for one at once (0: any number waits).
    `whole`: only a look at the whole pool will do now."""

    ended: bool
    state: str
    next_look: datetime | None = None
    calm: timedelta = timedelta(0)
    enough: int = 1
    whole: bool = False


def limits_of(services: Services) -> Limits:
    """The ends of the waits that a look decides about."""
    settings = services.settings
    return Limits(timedelta(seconds=settings.sign_out_limit), timedelta(seconds=settings.approval_limit))


def look_again_at(services: Services, decided: Plan, after: Snapshot, rollout: Rollout, now: datetime) -> datetime:
    """When the pool, as this left it, wants another look at the latest."""
    at = next_look(after, rollout.policy, now)
    refilled = now + REFILL * timedelta(seconds=services.settings.look_gap)
    return min(at, refilled) if decided.short_of_writes else at
