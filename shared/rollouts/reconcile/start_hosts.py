"""Starts what was decided: marks the rollout as started, saves the host rows, starts the host orchestrations."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.core.errors import StaleRow
from shared.core.states import RolloutState, transition_rollout
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.values import Action, Plan
from shared.ports.engine import Engine
from shared.rollouts.reconcile.record import with_forcing
from shared.services import Services

log = logging.getLogger("freshcoat.reconcile")

CHANGING_ACTIONS = frozenset(Action) - {Action.WAIT, Action.SKIP}
"""Decisions that change something in Azure."""

STALE_AFTER = timedelta(minutes=10)
"""After this time without a change of its row, a host in work is checked for a live orchestration."""
STARTED_WITHIN = timedelta(seconds=15)
"""A host must begin its first step within this time, or its start was lost."""


def fence_rollout(services: Services, rollout: Rollout, decided: Plan) -> Rollout | None:
    """Mark the rollout as started before any host is changed. Returns its row; None if somebody else changed it.

    The conditional write is a fence: it fails if a command was accepted after this pass read the rollout. The pass then
    changes nothing, and the next one follows the command.
    """
    if not any(decision.act in CHANGING_ACTIONS for decision in decided.decisions):
        return rollout
    changes: dict[str, object] = {"started_at": rollout.started_at or services.now()}
    if decided.forcing:
        changes["progress"] = with_forcing(rollout, services.now())
    if rollout.state is RolloutState.SCHEDULED and decided.becomes is RolloutState.RUNNING:
        changes["state"] = transition_rollout(rollout.id, rollout.state, RolloutState.RUNNING)
    try:
        return services.rollouts.replace(rollout.model_copy(update=changes))
    except StaleRow:
        return None


def save_new(
    services: Services, stored: Mapping[str, RolloutHost], rows: dict[str, RolloutHost]
) -> dict[str, RolloutHost]:
    """Write the rows of hosts seen for the first time, before the rollout is shown as running. Returns those rows.

    Hosts are written in parts as they are drained: without this, a rollout of 24 hosts would show only one at first.
    """
    new = {host: row for host, row in rows.items() if host not in stored}
    save(services, {}, new)
    rows.update(new)
    return new


def save(services: Services, stored: Mapping[str, RolloutHost], rows: dict[str, RolloutHost]) -> None:
    """Write the rows that changed. A row that somebody else wrote meanwhile is left to the next pass."""
    changed = [row for host, row in rows.items() if row != stored.get(host)]
    try:
        written = services.hosts.write_many(changed)
    except StaleRow:
        written = [saved for row in changed if (saved := _save_one(services, row)) is not None]
    rows.update({row.host: row for row in written})


def _save_one(services: Services, row: RolloutHost) -> RolloutHost | None:
    try:
        return services.hosts.replace(row) if row.etag else services.hosts.add(row)
    except StaleRow:
        log.info("rollout %s: the row of %s was written by somebody else meanwhile", row.rollout, row.host)
        return None


def start_hosts(
    services: Services, engine: Engine, chosen: list[str], rows: dict[str, RolloutHost], *, new_run: bool, now: datetime
) -> None:
    """Start the orchestrations of the hosts just chosen, and restart those whose instance was lost."""
    just_chosen = set(chosen)
    for row in rows.values():
        if row.host in just_chosen:
            engine.start_host(row.rollout, row.host, row.engine_run)
        elif row.state.in_work and (new_run or row.suspended_since or _may_be_lost(row, now)):
            _look_after(services, engine, row, now)


def _may_be_lost(row: RolloutHost, now: datetime) -> bool:
    if row.step_since is None:
        return row.taken_at is not None and now > row.taken_at + STARTED_WITHIN
    return now > row.step_since + STALE_AFTER


def _look_after(services: Services, engine: Engine, row: RolloutHost, now: datetime) -> None:
    """Restart the host's orchestration if it was lost. If somebody suspended it, that is their decision: tell it."""
    if not engine.host_alive(row.rollout, row.host, row.engine_run):
        _start_again(services, engine, row)
        return
    suspended = engine.host_suspended(row.rollout, row.host, row.engine_run)
    if suspended is (row.suspended_since is not None):
        return
    if suspended:
        log.error("rollout %s: the orchestration of %s is suspended; resume it", row.rollout, row.host)
    _save_one(services, row.replace(suspended_since=now if suspended else None))


def _start_again(services: Services, engine: Engine, row: RolloutHost) -> None:
    log.warning(
        "rollout %s: no orchestration runs for %s, so it is restarted at step %s", row.rollout, row.host, row.step
    )
    saved = _save_one(services, row.replace(engine_run=row.engine_run + 1, suspended_since=None))
    if saved is not None:
        engine.start_host(saved.rollout, saved.host, saved.engine_run)
