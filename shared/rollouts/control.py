"""Telling a rollout something: pause, resume, cancel, approve, retry, move its moments.

`commands` says what is possible when. Each command is one conditional write of the rollout's row; then the engine is
asked to look now. A signal that gets lost costs one poll. Only `retry` of a rollout that has ended is more: it begins a
new one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from shared.api.rollouts import Reschedule, RetryRequest, RolloutView
from shared.api.schedules import move_schedule
from shared.audit.record import audit
from shared.core.errors import Conflict, InvalidRequest
from shared.core.states import HostState, RolloutState, transition_rollout
from shared.models.base import iso
from shared.models.rollouts import Rollout, RolloutHost, Schedule
from shared.models.tasks import CancelHow
from shared.planning.timing import host_takes, rollback_schedule
from shared.planning.windows import room_at
from shared.ports.engine import Engine
from shared.records.change import change
from shared.records.rollouts import find_rollout
from shared.rollouts.command_rules import Command, Reply, has_begun, refusal_of, reply
from shared.rollouts.draft import in_windows
from shared.rollouts.retry import retry_ended
from shared.services import ROLLOUTS, Services
from shared.views.rollout_progress import progress

_log = logging.getLogger(__name__)

type Change = Callable[[Rollout], Rollout]
"""What a command makes of a rollout's row."""


def pause(services: Services, engine: Engine, rollout_id: str, who: str) -> RolloutView:
    """Begin nothing more; hosts in work finish. Raises NotFound, Conflict."""

    def apply(rollout: Rollout) -> Rollout:
        # What waited for approval goes on running: the canary is looked at again, and approval asked for again.
        waited = rollout.state is RolloutState.AWAITING_APPROVAL
        back = RolloutState.RUNNING if waited else rollout.state
        return _moved(rollout, RolloutState.PAUSED, resume_to=back, note=f"Paused by {who}.")

    return _command(services, engine, rollout_id, Command.PAUSE, who, apply)


def resume(services: Services, engine: Engine, rollout_id: str, who: str) -> RolloutView:
    """Go on where it was paused; hosts that had failed by then do not stop it again. Raises NotFound, Conflict."""

    def apply(rollout: Rollout) -> Rollout:
        failed = max(rollout.failures_accepted, rollout.counts.get("failed", 0))
        schedule = _with_notice(rollout, services.now())
        note = rollout.rollback_reason
        return _moved(rollout, _resumed(rollout), note=note, failures_accepted=failed, schedule=schedule)

    return _command(services, engine, rollout_id, Command.RESUME, who, apply)


def approve(services: Services, engine: Engine, rollout_id: str, who: str) -> RolloutView:
    """The first hosts are good, let the others follow. Raises NotFound, Conflict when nothing waits for that."""

    def apply(rollout: Rollout) -> Rollout:
        now = services.now()
        schedule = _with_notice(rollout, now)
        return _moved(rollout, RolloutState.RUNNING, approved_at=now, approved_by=who, schedule=schedule, note="")

    return _command(services, engine, rollout_id, Command.APPROVE, who, apply)


def cancel(
    services: Services,
    engine: Engine,
    rollout_id: str,
    who: str,
    how: CancelHow = CancelHow.LEAVE,
    *,
    reason: str = "",
) -> RolloutView:
    """Stop: hosts in work finish, drained ones are given back; the rest stays (`leave`) or all go back (`roll_back`).

    Of a rollout that has not begun there is nothing to take back, so that both are the same. `reason` is kept in the
    note. Raises NotFound, Conflict.
    """
    because = f": {reason}" if reason else "."

    def leave(rollout: Rollout) -> Rollout:
        mixed = " while it went back: its hosts are on two versions" if rollout.rolling_back else ""
        note = f"Cancelled by {who}{mixed}{because}"
        return _moved(rollout, RolloutState.CANCELLING, ends_as=RolloutState.CANCELLED, note=note)

    def take_back(rollout: Rollout) -> Rollout:
        if not has_begun(rollout):
            return leave(rollout)
        now = services.now()
        since, schedule = rollout.rollback_since or now, rollback_schedule(rollout.schedule, rollout.policy, now)
        note = f"Rolled back by {who}{because}"
        text = {"note": note, "rollback_reason": note}
        return _moved(rollout, RolloutState.ROLLING_BACK, rollback_since=since, schedule=schedule, **text)

    back = how is CancelHow.ROLL_BACK
    command, apply = (Command.ROLL_BACK, take_back) if back else (Command.CANCEL, leave)
    return _command(services, engine, rollout_id, command, who, apply)


def retry(services: Services, engine: Engine, rollout_id: str, asked: RetryRequest, who: str) -> RolloutView:
    """Take once more what has failed, and nothing else; after an end by a new rollout, which is answered.

    Raises NotFound, Conflict, InvalidRequest, PreflightFailed (nothing was written), AzureBusy.
    """

    def apply(rollout: Rollout) -> Rollout:
        if rollout.state.ended:
            raise _HasEnded
        if asked.schedule:
            text = "this rollout is not over and keeps its own; leave this out, or reschedule it"
            raise InvalidRequest.one("schedule", text)
        now, note = services.now(), rollout.rollback_reason
        return _moved(rollout, _resumed(rollout), retried_at=now, failures_accepted=0, note=note)

    try:
        return _command(services, engine, rollout_id, Command.RETRY, who, apply)
    except _HasEnded:
        begun_anew = retry_ended(services, engine, find_rollout(services, rollout_id), asked, who)
        return progress(begun_anew, services.hosts.all(begun_anew.id), services.now())


class _HasEnded(Exception):
    """The rollout to be tried again is over: no error, but the other way to retry."""


def reschedule(services: Services, engine: Engine, rollout_id: str, asked: Reschedule, who: str) -> RolloutView:
    """Move the moments that are still ahead. Raises NotFound, Conflict, InvalidRequest."""

    def apply(rollout: Rollout) -> Rollout:
        return rollout.model_copy(update={"schedule": _move(rollout, asked, services.now())})

    return _command(services, engine, rollout_id, Command.RESCHEDULE, who, apply)


def _move(rollout: Rollout, asked: Reschedule, now: datetime) -> Schedule:
    stands = rollout.state in {RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL}
    forcing = now >= rollout.schedule.force_at and not stands
    moved = move_schedule(rollout.schedule, asked, now=now, begun=rollout.started_at is not None, forcing=forcing)
    windows = () if rollout.rolling_back else rollout.policy.windows  # going back does not wait for them
    return in_windows(moved, windows, rollout.zone, _host_takes(rollout), prefix="")


def _host_takes(rollout: Rollout) -> timedelta:
    return host_takes(rollout.host_seconds or rollout.first_guess, rollout.policy)


def _with_notice(rollout: Rollout, now: datetime) -> Schedule:
    """The moments of a rollout that goes on: when force_at has passed meanwhile, people are warned before it comes.

    Unless sessions were being ended before it stood still: then everybody knows. The moment lies in a window.
    """
    if rollout.signed_out:
        return rollout.schedule
    schedule = rollback_schedule(rollout.schedule, rollout.policy, now)
    if rollout.rolling_back or schedule.force_at == rollout.schedule.force_at:
        return schedule
    opens = room_at(rollout.policy.windows, rollout.zone, schedule.force_at, _host_takes(rollout))
    return schedule.model_copy(update={"force_at": opens})


def _moved(rollout: Rollout, to: RolloutState, **changes: object) -> Rollout:
    moved: dict[str, object] = {"state": transition_rollout(rollout.id, rollout.state, to), "resume_to": None}
    return rollout.model_copy(update=moved | changes)


def _resumed(rollout: Rollout) -> RolloutState:
    """Where it goes on: of a paused one, where it was paused."""
    if rollout.state is not RolloutState.PAUSED:
        return rollout.state
    if rollout.rolling_back:
        return RolloutState.ROLLING_BACK
    return rollout.resume_to or (RolloutState.RUNNING if has_begun(rollout) else RolloutState.SCHEDULED)


def _command(
    services: Services, engine: Engine, rollout_id: str, command: Command, who: str, apply: Change
) -> RolloutView:
    """Ask the table, write conditionally (again, if the engine wrote meanwhile), keep a record, signal."""
    hosts: list[RolloutHost] = []

    def decide(rollout: Rollout) -> Rollout | None:
        nonlocal hosts
        hosts = services.hosts.all(rollout_id)
        answer = reply(rollout, _failed(hosts), command)
        if answer is Reply.REFUSE:
            raise Conflict(refusal_of(rollout, command))
        return apply(rollout) if answer is Reply.DO else None

    before, rollout = change(services.rollouts, (ROLLOUTS, rollout_id), decide, describe="rollout")
    if rollout is not before:
        audit(services, who, command, rollout_id, _moments_text(rollout), before=before.state, after=rollout.state)
        _signal(engine, rollout, command)
    return progress(rollout, hosts, services.now())


def _failed(hosts: Sequence[RolloutHost]) -> list[RolloutHost]:
    return [host for host in hosts if host.state is HostState.FAILED]


def _moments_text(rollout: Rollout) -> str:
    moments: tuple[datetime, datetime] = (rollout.schedule.begin_at, rollout.schedule.force_at)
    return f"{rollout.state.value}, begins {iso(moments[0])}, sessions end {iso(moments[1])}"


def _signal(engine: Engine, rollout: Rollout, reason: str) -> None:
    try:
        engine.signal_rollout(rollout.id, rollout.engine_run, reason)
    except Exception:  # noqa: BLE001 - whatever the engine says: the row is written, and the next poll reads it
        _log.warning("Rollout %s was not signalled (%s); the next poll sees it.", rollout.id, reason, exc_info=True)
