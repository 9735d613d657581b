"""Commands to a rollout: pause, resume, cancel, approve, retry, reschedule.

`command_rules` says which command is allowed when. A command is one conditional write of the rollout's row and a signal
to the engine. A lost signal is picked up at the next poll. `retry` of an ended rollout starts a new rollout instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.access.limits import check_change
from shared.access.two_people.approvers import Approver, check_may_approve, why_not_rollout
from shared.access.two_people.rollouts import after_change, approved, resealed, why_will_wait
from shared.api.rollouts import Reschedule, RetryRequest, RolloutView
from shared.api.schedules import move_schedule
from shared.audit.about import about_rollout
from shared.audit.record import audit
from shared.core.asking import asker
from shared.core.codes import Code
from shared.core.errors import Conflict, InvalidRequest
from shared.core.states import RolloutState, transition_rollout
from shared.history.write import rollout_changed
from shared.models.base import iso
from shared.models.messages import Message, message, quote
from shared.models.rollout_parts import Rollback
from shared.models.rollouts import Rollout, RolloutHost, Schedule
from shared.models.tasks import CancelHow
from shared.planning.timing import notice_before_deadline, rollback_schedule, time_with_drain
from shared.planning.windows import room_at
from shared.ports.engine import Engine
from shared.records.change import change
from shared.records.pools import find_pool
from shared.records.rollouts import find_rollout
from shared.rollouts.command_rules import Command, Reply, failed_of, has_begun, is_forcing, refusal_of, reply
from shared.rollouts.draft import in_windows
from shared.rollouts.retry import retried_failures, retry_ended
from shared.rollouts.sign_outs import check_sign_outs
from shared.services import POOLS, ROLLOUTS, Services
from shared.views.rollout_progress import progress

_log = logging.getLogger(__name__)

type Change = Callable[[Rollout], Rollout]
"""Returns the rollout's row as the command changes it; the same object to change nothing."""

type Describe = Callable[[Rollout, Rollout], tuple[str, str]]
"""Describes the rollout before and after a command."""


def pause(
    services: Services, engine: Engine, rollout_id: str, who: str, *, reason: str = "", note: Message | None = None
) -> RolloutView:
    """Start no more hosts; hosts in work finish. `note`: why, if not by a command. Raises NotFound, Conflict."""
    why = note or message(Code.PAUSED_BY_USER, f"Paused by {who}{_because(reason)}")

    def apply(rollout: Rollout) -> Rollout:
        # After a pause during approval, the canary hosts are checked again, and approval is requested again.
        waited = rollout.state is RolloutState.AWAITING_APPROVAL and rollout.second.awaiting_since is None
        resume_to = RolloutState.RUNNING if waited else rollout.state
        return _with_state(rollout, RolloutState.PAUSED, resume_to=resume_to, note=why)

    return command_rollout(services, engine, rollout_id, Command.PAUSE, who, apply, reason=reason)


def resume(services: Services, engine: Engine, rollout_id: str, who: str, *, reason: str = "") -> RolloutView:
    """Continue a paused rollout; hosts that failed before do not pause it again. Raises NotFound, Conflict."""

    def apply(rollout: Rollout) -> Rollout:
        failed = max(rollout.failures.accepted, rollout.progress.counts.get("failed", 0))
        schedule = _with_notice(rollout, services.now())
        failures = rollout.failures.replace(accepted=failed)
        return resealed(rollout, _going_on(rollout, failures=failures, schedule=schedule))

    return command_rollout(services, engine, rollout_id, Command.RESUME, who, apply, reason=reason)


def approve(
    services: Services, engine: Engine, rollout_id: str, me: Approver, who: str, *, reason: str = ""
) -> RolloutView:
    """Approve what the rollout waits with: its beginning, or a change of it, as a second person; else the canary hosts.
    A scheduled one whose requester has lost access will wait when it is due, and is approved before that.

    Approving one is not approving the other. Raises NotFound, NotAllowed for somebody who may not be the second person,
    Conflict when nothing waits for approval.
    """

    def apply(rollout: Rollout) -> Rollout:
        now = services.now()
        schedule = _with_notice(rollout, now)
        if rollout.second.awaiting_since or rollout.state is RolloutState.SCHEDULED:
            pool = find_pool(services, rollout.pool)
            check_may_approve(me, why_not_rollout(services, me, rollout, pool))
            if rollout.state is RolloutState.SCHEDULED:
                return rollout.replace(second=approved(services, rollout, pool, who))
            to = RolloutState.RUNNING if rollout.begun else RolloutState.SCHEDULED
            going_on = _with_state(rollout, to, schedule=schedule, checks=rollout.checks.to_repeat(), note=None)
            return going_on.replace(second=approved(services, going_on, pool, who))
        approval = rollout.approval.replace(at=now, by=who, by_id=asker().id)
        return _going_on(rollout, schedule=schedule, approval=approval)

    return command_rollout(services, engine, rollout_id, Command.APPROVE, who, apply, reason=reason)


def cancel(
    services: Services,
    engine: Engine,
    rollout_id: str,
    who: str,
    how: CancelHow = CancelHow.LEAVE,
    *,
    reason: str = "",
    note: Message | None = None,
) -> RolloutView:
    """Stop: hosts in work finish, drained hosts return to service. With `leave` the other hosts keep their version;
    with `roll_back` all hosts are rolled back.

    Before a host was changed there is nothing to roll back, so both do the same. `reason` is shown in the note. Raises
    NotFound, Conflict.
    """
    because = _because(reason)

    def leave(rollout: Rollout) -> Rollout:
        mixed = " during a roll-back, so its hosts have two versions" if rollout.rolling_back else ""
        why = note or message(Code.CANCELLED_BY_USER, f"Cancelled by {who}{mixed}{because}")
        return _with_state(rollout, RolloutState.CANCELLING, ends_as=RolloutState.CANCELLED, note=why)

    def roll_back(rollout: Rollout) -> Rollout:
        if not has_begun(rollout):
            return leave(rollout)
        now = services.now()
        schedule = rollback_schedule(rollout.schedule, rollout.policy, now)
        why = message(Code.ROLLED_BACK_BY_USER, f"Rolled back by {who}{because}")
        rollback = Rollback(since=rollout.rollback.since or now, reason=why)
        return _with_state(rollout, RolloutState.ROLLING_BACK, rollback=rollback, schedule=schedule, note=why)

    rolls_back = how is CancelHow.ROLL_BACK
    command, apply = (Command.ROLL_BACK, roll_back) if rolls_back else (Command.CANCEL, leave)
    return command_rollout(services, engine, rollout_id, command, who, apply, reason=reason)


def retry(services: Services, engine: Engine, rollout_id: str, request: RetryRequest, who: str) -> RolloutView:
    """Retry the failed hosts, or some. If the rollout has ended, a new rollout does so, and the answer is that one.

    Raises NotFound, Conflict, InvalidRequest, PreflightFailed, MoreSignOuts (nothing was written), AzureError.
    """

    def apply(rollout: Rollout) -> Rollout:
        if rollout.state.ended:
            raise _HasEnded
        if request.schedule:
            text = "an open rollout keeps its schedule; remove this field, or reschedule the rollout"
            raise InvalidRequest.one("schedule", text)
        retried = _going_on(rollout, failures=retried_failures(services, rollout, request))
        check_sign_outs(services, retried, request)
        return retried

    try:
        return command_rollout(services, engine, rollout_id, Command.RETRY, who, apply, reason=request.reason)
    except _HasEnded:
        new = retry_ended(services, engine, find_rollout(services, rollout_id), request, who)
        return progress(new, services.hosts.all(new.id), services.now())


def _because(reason: str) -> str:
    """The end of a note: who gave a reason is quoted."""
    return f": {quote(reason)}." if reason else "."


class _HasEnded(Exception):
    """The rollout to retry has ended, so a new rollout is needed. Not an error."""


def reschedule(services: Services, engine: Engine, rollout_id: str, request: Reschedule, who: str) -> RolloutView:
    """Change the times that are still ahead. Raises NotFound, Conflict, InvalidRequest, MoreSignOuts, AzureError."""

    def apply(rollout: Rollout) -> Rollout:
        now = services.now()
        moved = rollout.model_copy(update={"schedule": rescheduled(rollout, request, now)})
        check_change(services, find_pool(services, rollout.pool), rollout, moved)
        check_sign_outs(services, moved, request)
        return after_change(rollout, moved, now)

    return command_rollout(services, engine, rollout_id, Command.RESCHEDULE, who, apply, reason=request.reason)


def rescheduled(rollout: Rollout, request: Reschedule, now: datetime) -> Schedule:
    """The schedule with the requested dates, within the windows. Raises InvalidRequest naming every bad field."""
    forcing = is_forcing(rollout, now)
    changed = move_schedule(rollout.schedule, request, now=now, started=rollout.started_at is not None, forcing=forcing)
    windows = () if rollout.rolling_back else rollout.policy.windows  # a roll-back ignores maintenance windows
    return in_windows(changed, windows, rollout.zone, host_takes(rollout), prefix="")


def host_takes(rollout: Rollout) -> timedelta:
    """The time that a host of the rollout needs from its drain on, as measured so far."""
    return time_with_drain(rollout.progress.host_seconds or rollout.first_guess, rollout.policy)


def _with_notice(rollout: Rollout, now: datetime) -> Schedule:
    """The schedule of a rollout that continues. If `force_at` has passed in the meantime, it moves to leave time for
    warnings, into a maintenance window.

    It stays when users were already being signed out before the rollout was halted: they had been warned. The users of
    hosts that wait for the canary hosts had not.
    """
    schedule, policy = rollout.schedule, rollout.policy
    if schedule.others_force_at and not rollout.rolling_back:
        later = max(schedule.others_force_at, now + notice_before_deadline(policy))
        return schedule.replace(others_force_at=room_at(policy.windows, rollout.zone, later, host_takes(rollout)))
    if rollout.progress.signed_out:
        return schedule
    schedule = rollback_schedule(schedule, policy, now)
    if rollout.rolling_back or schedule.force_at == rollout.schedule.force_at:
        return schedule
    opens = room_at(policy.windows, rollout.zone, schedule.force_at, host_takes(rollout))
    return schedule.replace(force_at=opens)


def _with_state(rollout: Rollout, to: RolloutState, **changes: object) -> Rollout:
    changed: dict[str, object] = {"state": transition_rollout(rollout.id, rollout.state, to), "resume_to": None}
    return rollout.model_copy(update=changed | changes)


def _going_on(rollout: Rollout, **changes: object) -> Rollout:
    """The rollout as it goes on after a person's decision. Its checks are repeated before anything more is started."""
    to = _state_to_continue_in(rollout)
    note = rollout.second.reason if to is RolloutState.AWAITING_APPROVAL else rollout.rollback.reason
    return _with_state(rollout, to, checks=rollout.checks.to_repeat(), note=note, **changes)


def _state_to_continue_in(rollout: Rollout) -> RolloutState:
    """The state after the command: of a paused rollout the state before the pause, otherwise the current one."""
    if rollout.state is RolloutState.AWAITING_APPROVAL:
        return RolloutState.RUNNING
    if rollout.state is not RolloutState.PAUSED:
        return rollout.state
    if rollout.rolling_back:
        return RolloutState.ROLLING_BACK
    return rollout.resume_to or (RolloutState.RUNNING if has_begun(rollout) else RolloutState.SCHEDULED)


def command_rollout(
    services: Services,
    engine: Engine,
    rollout_id: str,
    command: Command,
    who: str,
    apply: Change,
    *,
    describe: Describe | None = None,
    reason: str = "",
) -> RolloutView:
    """Check the command table, write the row conditionally, write an audit entry, signal the engine.

    `describe`: what the audit says about the rollout before and after; None: its states. `reason`: why, as `who` said.
    """
    hosts: list[RolloutHost] = []

    def decide(rollout: Rollout) -> Rollout | None:
        nonlocal hosts
        hosts = services.hosts.all(rollout_id)
        lost = command is Command.RETRY and _has_lost(services, rollout)
        will_wait = command is Command.APPROVE and why_will_wait(services, rollout) is not None
        answer = reply(rollout, failed_of(hosts), command, lost=lost, will_wait=will_wait)
        if answer is Reply.REFUSE:
            raise Conflict(refusal_of(rollout, command))
        return apply(rollout) if answer is Reply.DO else None

    before, rollout = change(services.rollouts, (ROLLOUTS, rollout_id), decide, describe="rollout")
    if rollout is not before:
        rollout_changed(services, before, rollout, who, reason)
        old, new = describe(before, rollout) if describe else (before.state.value, rollout.state.value)
        because = f", because {quote(reason)}" if reason else ""
        detail, about = f"{_schedule_text(rollout)}{because}", about_rollout(rollout)
        audit(services, who, command, rollout_id, detail, before=old, after=new, about=about)
        _signal(engine, rollout, command)
    return progress(rollout, hosts, services.now())


def _has_lost(services: Services, rollout: Rollout) -> bool:
    pool = services.pools.find(POOLS, rollout.pool)
    return pool is not None and any(lost.rollout == rollout.id for lost in pool.lost_hosts)


def _schedule_text(rollout: Rollout) -> str:
    moments: tuple[datetime, datetime] = (rollout.schedule.begin_at, rollout.schedule.force_at)
    return f"{rollout.state.value}, begins {iso(moments[0])}, sessions end {iso(moments[1])}"


def _signal(engine: Engine, rollout: Rollout, reason: str) -> None:
    try:
        engine.signal_rollout(rollout.id, rollout.engine_run, reason)
    except Exception:  # noqa: BLE001 - the row is written, so the next poll reads it whatever the engine answers
        _log.warning(
            "Rollout %s could not be signalled (%s); the next poll reads the change.", rollout.id, reason, exc_info=True
        )
