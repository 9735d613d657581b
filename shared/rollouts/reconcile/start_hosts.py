"""Starts what was decided: marks the rollout as started, saves the host rows, starts the host orchestrations."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from shared.core.codes import Code
from shared.core.errors import StaleRow
from shared.core.states import RolloutState, transition_rollout
from shared.history.write import rollout_changed
from shared.models.messages import message
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.values import Action, Plan
from shared.ports.engine import Engine
from shared.rollouts.reconcile.record import with_forcing
from shared.services import Services

log = logging.getLogger("freshcoat.reconcile")

CHANGING_ACTIONS = frozenset(Action) - {Action.WAIT, Action.SKIP}
"""Decisions that change something in Azure."""

LOOKED_AFTER = 30.0
"""Seconds after which a worker asks the engine again whether a host in work has a live orchestration."""
MOST_LOOKED_AFTER = 50
"""For how many hosts one pass asks that: each costs a call."""
STARTED_WITHIN = timedelta(seconds=15)
"""A host must begin its first step within this time, or its start was lost."""
_STARTED_AGAIN = message(Code.STARTED_AGAIN, "its orchestration was lost or ended in the durable engine; it goes on")


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
        written = services.rollouts.replace(rollout.model_copy(update=changes))
    except StaleRow:
        return None
    rollout_changed(services, rollout, written)
    return written


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
    now = services.now()
    changed = [row.stamped(now) for host, row in rows.items() if row != stored.get(host)]
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
    """Start the orchestrations of the hosts just chosen, and restart those whose instance was lost or terminated.

    A new run of the rollout asks the engine for every host in work, the others for each host twice a minute.
    """
    just_chosen, others = set(chosen), []
    for row in rows.values():
        if row.host in just_chosen:
            engine.start_host(row.rollout, row.host, row.engine_run)
        elif row.state.in_work and new_run:
            _look_after(services, row, _instance(engine, row), now, engine)
        elif row.state.in_work and row.taken_at is not None and now > row.taken_at + STARTED_WITHIN:
            others.append(row)
    try:
        _look_after_some(services, engine, others, now)
    except Exception:
        log.warning("The engine does not say which hosts have a live orchestration.", exc_info=True)


@dataclass(frozen=True)
class _Instance:
    """What the engine says of a host's orchestration."""

    alive: bool
    suspended: bool


def _instance(engine: Engine, row: RolloutHost) -> _Instance:
    key = row.rollout, row.host, row.engine_run
    alive = engine.host_alive(*key)
    return _Instance(alive, alive and engine.host_suspended(*key))


def _look_after_some(services: Services, engine: Engine, rows: list[RolloutHost], now: datetime) -> None:
    asked = 0

    def ask(row: RolloutHost) -> _Instance:
        nonlocal asked
        asked += 1
        return _instance(engine, row)

    for row in rows:
        if asked == MOST_LOOKED_AFTER:
            return
        key = "orchestration", row.rollout, row.host, row.engine_run
        _look_after(services, row, services.read_cache.get(key, LOOKED_AFTER, partial(ask, row)), now, engine)


def _look_after(services: Services, row: RolloutHost, found: _Instance, now: datetime, engine: Engine) -> None:
    """Restart the host's orchestration if it is gone. If somebody suspended it, that is their decision: tell it."""
    if not found.alive:
        _start_again(services, engine, row)
        return
    if found.suspended is (row.suspended_since is not None):
        return
    if found.suspended:
        log.error("rollout %s: the orchestration of %s is suspended; resume it", row.rollout, row.host)
    _save_one(services, row.replace(suspended_since=now if found.suspended else None))


def _start_again(services: Services, engine: Engine, row: RolloutHost) -> None:
    log.warning(
        "rollout %s: no orchestration runs for %s, so it is restarted at step %s", row.rollout, row.host, row.step
    )
    saved = _save_one(services, row.replace(engine_run=row.engine_run + 1, suspended_since=None, reason=_STARTED_AGAIN))
    if saved is not None:
        engine.start_host(saved.rollout, saved.host, saved.engine_run)
