"""Repeats the checks of a rollout's request in a pass that is about to begin something."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core.errors import AzureBusy
from shared.models.pools import Pool
from shared.models.rollout_parts import Checks
from shared.models.rollouts import Rollout
from shared.planning.values import Plan
from shared.rollouts.preflight import repeat
from shared.rollouts.preflight.again import check_again
from shared.services import Services

log = logging.getLogger("freshcoat.reconcile")


@dataclass(frozen=True)
class CheckedPlan:
    """What the pass may do, and what the rollout's row records of its checks afterwards.

    `retry_after`: in so many seconds the checks are tried again; None: there is nothing to try.
    """

    decided: Plan
    checks: Checks
    retry_after: float | None = None

    def changed(self, rollout: Rollout) -> Checks | None:
        """What the row has to record; None: the same as before."""
        return None if self.checks == rollout.checks else self.checks


def checked(services: Services, rollout: Rollout, pool: Pool, decided: Plan, now: datetime) -> CheckedPlan:
    """The plan if all checks pass, or need not be repeated; else a plan that begins nothing.

    A check that fails pauses the rollout. While Azure is too busy, nothing is begun; after `busy_limit` it pauses.
    """
    checks = repeat.after_pass(rollout.checks, decided)
    if not repeat.is_due(rollout, decided, now):
        return CheckedPlan(decided, checks)
    try:
        findings = check_again(services, pool, rollout)
    except AzureBusy as busy:
        return _unread(services, rollout, decided, busy, now)
    note = repeat.why_stopped(findings)
    if note is None:
        return CheckedPlan(decided, checks.replace(passed_at=now, unread_since=None))
    log.warning("rollout %s is paused: %s", rollout.id, note.text)
    return CheckedPlan(repeat.stopped(decided, note), checks.to_repeat())


def _unread(services: Services, rollout: Rollout, decided: Plan, busy: AzureBusy, now: datetime) -> CheckedPlan:
    log.warning("rollout %s: the checks cannot be repeated now: %s", rollout.id, busy)
    since = rollout.checks.unread_since or now
    until = since + timedelta(seconds=services.settings.busy_limit)
    if now >= until:
        plan = repeat.stopped(decided, repeat.never_read())
        return CheckedPlan(plan, rollout.checks.to_repeat())
    plan = repeat.delayed(decided, repeat.too_busy(until))
    wait = min(busy.retry_after or services.settings.azure_pause, (until - now).total_seconds())
    return CheckedPlan(plan, rollout.checks.replace(unread_since=since), wait)
