"""What an operator can tell a rollout: pause, resume, cancel, move its moments. One table says what is possible when.

Each command is one conditional write of the rollout's row; then the engine is asked to look now. A nudge
that gets lost costs one poll.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.audit import audit
from shared.errors import Conflict, FieldProblem, InvalidRequest, NotFound, StaleRow
from shared.models.base import iso
from shared.models.requests import Reschedule
from shared.models.rollouts import Rollout, Schedule
from shared.models.views import RolloutView
from shared.ports import Engine
from shared.publishing.progress import progress
from shared.publishing.window_check import in_windows
from shared.schedule import move_schedule
from shared.services import ROLLOUTS, Services
from shared.states import RolloutState, move_rollout
from shared.validation import salvage

_log = logging.getLogger(__name__)
_ATTEMPTS = 8


class Command(StrEnum):
    """What can be told a rollout."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"


class Reply(StrEnum):
    """How a command is answered in a state."""

    DO = "do"
    ALREADY = "already"
    """It is so already: answered as done, nothing is written."""
    REFUSE = "refuse"


_C, _D, _A, _N = Command, Reply.DO, Reply.ALREADY, Reply.REFUSE
_GOING = {_C.PAUSE: _D, _C.RESUME: _N, _C.CANCEL: _D, _C.RESCHEDULE: _D}
_OVER = {_C.PAUSE: _N, _C.RESUME: _N, _C.CANCEL: _N, _C.RESCHEDULE: _N}

REPLIES: dict[RolloutState, dict[Command, Reply]] = {
    RolloutState.SCHEDULED: _GOING,
    RolloutState.RUNNING: _GOING,
    RolloutState.AWAITING_APPROVAL: _GOING,
    RolloutState.PAUSED: {_C.PAUSE: _A, _C.RESUME: _D, _C.CANCEL: _D, _C.RESCHEDULE: _D},
    RolloutState.ROLLING_BACK: _OVER,
    RolloutState.CANCELLING: {**_OVER, _C.CANCEL: _A},
    RolloutState.SUCCEEDED: _OVER,
    RolloutState.FAILED: _OVER,
    RolloutState.CANCELLED: {**_OVER, _C.CANCEL: _A},
    RolloutState.ROLLED_BACK: _OVER,
}


def find_rollout(services: Services, rollout_id: str) -> Rollout:
    """A rollout. Raises NotFound."""
    rollout = services.rollouts.find(ROLLOUTS, rollout_id)
    if rollout is None:
        raise NotFound("rollout", rollout_id)
    return rollout


def pause(services: Services, engine: Engine, rollout_id: str, who: str) -> RolloutView:
    """Begin nothing more; hosts in work finish. Raises NotFound, Conflict."""

    def change(rollout: Rollout) -> Rollout:
        # What waited for approval goes on running: the canary is looked at again, and approval asked for again.
        waited = rollout.state is RolloutState.AWAITING_APPROVAL
        back = RolloutState.RUNNING if waited else rollout.state
        return _moved(rollout, RolloutState.PAUSED, resume_to=back, note=f"Paused by {who}.")

    return _command(services, engine, rollout_id, Command.PAUSE, who, change)


def resume(services: Services, engine: Engine, rollout_id: str, who: str) -> RolloutView:
    """Go on where it was paused; hosts that had failed by then do not stop it again. Raises NotFound, Conflict."""

    def change(rollout: Rollout) -> Rollout:
        begun = rollout.started_at is not None
        to = rollout.resume_to or (RolloutState.RUNNING if begun else RolloutState.SCHEDULED)
        failed = max(rollout.failures_accepted, rollout.counts.get("failed", 0))
        return _moved(rollout, to, resume_to=None, note="", failures_accepted=failed)

    return _command(services, engine, rollout_id, Command.RESUME, who, change)


def cancel(services: Services, engine: Engine, rollout_id: str, who: str) -> RolloutView:
    """Stop: hosts in work finish, drained ones are given back, the rest stays. Raises NotFound, Conflict."""

    def change(rollout: Rollout) -> Rollout:
        return _moved(rollout, RolloutState.CANCELLING, resume_to=None, note=f"Cancelled by {who}.")

    return _command(services, engine, rollout_id, Command.CANCEL, who, change)


def reschedule(services: Services, engine: Engine, rollout_id: str, asked: Reschedule, who: str) -> RolloutView:
    """Move the moments that are still ahead. Raises NotFound, Conflict, InvalidRequest."""

    def change(rollout: Rollout) -> Rollout:
        return rollout.model_copy(update={"schedule": _move(rollout, asked, services.now())})

    return _command(services, engine, rollout_id, Command.RESCHEDULE, who, change)


def foreseen_problems(services: Services, rollout_id: str, body: Mapping[str, Any]) -> list[FieldProblem]:
    """What else would be refused in a `reschedule` of which some fields are bad: moments. Raises AzureError."""
    rollout = services.rollouts.find(ROLLOUTS, rollout_id)
    asked = salvage(Reschedule, body)
    if rollout is None or asked is None or not asked.model_fields_set or asked.time_zone != body.get("time_zone"):
        return []
    try:
        _move(rollout, asked, services.now())
    except InvalidRequest as error:
        return list(error.problems)
    return []


def _move(rollout: Rollout, asked: Reschedule, now: datetime) -> Schedule:
    forcing = now >= rollout.schedule.force_at and rollout.state is not RolloutState.PAUSED
    moved = move_schedule(rollout.schedule, asked, now=now, begun=rollout.started_at is not None, forcing=forcing)
    return in_windows(moved, rollout.policy.windows, rollout.zone, prefix="")


def _moved(rollout: Rollout, to: RolloutState, **changes: object) -> Rollout:
    return rollout.model_copy(update={"state": move_rollout(rollout.id, rollout.state, to), **changes})


def _command(
    services: Services,
    engine: Engine,
    rollout_id: str,
    command: Command,
    who: str,
    change: Callable[[Rollout], Rollout],
) -> RolloutView:
    """Ask the table, write conditionally (again, if the engine wrote meanwhile), keep a record, nudge."""
    for _ in range(_ATTEMPTS):
        rollout = find_rollout(services, rollout_id)
        reply = REPLIES[rollout.state][command]
        if reply is Reply.REFUSE:
            raise Conflict(_refusal(rollout, command))
        if reply is Reply.DO:
            try:
                rollout = services.rollouts.replace(change(rollout))
            except StaleRow:
                continue
            audit(services, who, command, rollout_id, _told(rollout))
            _nudge(engine, rollout, command)
        return progress(rollout, services.hosts.all(rollout_id), services.now())
    raise Conflict(f"Rollout {rollout_id} is changing too fast; try again.")


def _refusal(rollout: Rollout, command: Command) -> str:
    if command is Command.RESUME and not rollout.state.ended:
        return f"Rollout {rollout.id} is {rollout.state.value}: only a paused one can be resumed."
    return f"Rollout {rollout.id} is {rollout.state.value}: it is too late to {command.value} it."


def _told(rollout: Rollout) -> str:
    moments: tuple[datetime, datetime] = (rollout.schedule.begin_at, rollout.schedule.force_at)
    return f"{rollout.state.value}, begins {iso(moments[0])}, sessions end {iso(moments[1])}"


def _nudge(engine: Engine, rollout: Rollout, why: str) -> None:
    try:
        engine.nudge(rollout.id, rollout.engine_run, why)
    except Exception:  # noqa: BLE001 - whatever the engine says: the row is written, and the next poll reads it
        _log.warning("Rollout %s was not nudged (%s); the next poll sees it.", rollout.id, why, exc_info=True)
