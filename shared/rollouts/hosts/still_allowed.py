"""The last check before a host is touched: may it still be brought to its version? If not, the rollout pauses."""

from __future__ import annotations

import logging

from shared.core.states import RolloutState, transition_rollout
from shared.history.write import rollout_changed
from shared.models.azure import VirtualMachine
from shared.models.messages import Message
from shared.models.rollouts import Rollout, goal_of
from shared.planning.host_rows import as_failed
from shared.records.change import change
from shared.rollouts.hosts.actions import out_of_scope
from shared.rollouts.hosts.context import GivenUp, HostContext, is_on_target
from shared.rollouts.preflight.again import check_host, version_is_gone
from shared.rollouts.preflight.repeat import why_stopped
from shared.services import ROLLOUTS, Services

log = logging.getLogger("freshcoat.host")

_BEGINS_HOSTS = frozenset({RolloutState.SCHEDULED, RolloutState.RUNNING})


def _why_not_allowed(context: HostContext, vm: VirtualMachine) -> Message | None:
    """Why the host must not be touched now, and the rollout is paused; None when it may.

    One that goes back to its former version may: `stop_if_former_version_is_gone` is for that.
    """
    row, rollout = context.row, context.rollout
    if rollout.rolling_back:
        return None
    note = why_stopped(check_host(context.services, context.pool, rollout, goal_of(rollout, row), vm))
    if note is not None:
        log.warning("rollout %s: %s is left alone: %s", rollout.id, row.host, note.text)
        _pause(context.services, rollout.id, note)
    return note


def why_not_begun(context: HostContext, vm: VirtualMachine | None) -> str:
    """Why the host must not be touched now; empty when it may. It is left out by now, or a check fails.

    A host that this rollout has begun goes on, since nothing is gained by leaving it out of service. Raises AzureBusy.
    """
    if vm is None or _is_beyond(context):
        return ""
    context.note(excluded_by_tag=vm.excluded)
    if context.rollout.why_left_out(context.row):
        return "it is left out"
    return "" if is_on_target(context, vm) or not _why_not_allowed(context, vm) else "a check fails"


def end_if_out_of_scope(context: HostContext) -> bool:
    """End a host as failed, without touching it, when its VM is not the account's. One that was begun goes on."""
    problem = "" if _is_beyond(context) else out_of_scope(context.services, context.pool, context.row)
    if problem:
        log.warning("rollout %s: %s is left alone: %s", context.rollout.id, context.row.host, problem)
        context.row = as_failed(context.row, problem, context.services.now())
        context.save()
    return bool(problem)


def stop_if_former_version_is_gone(context: HostContext) -> None:
    """Leave a host alone that would be destroyed for a version that the gallery does not have any more.

    Only this host: users must get off the version that the rollout leaves. Raises GivenUp, AzureBusy.
    """
    goal = goal_of(context.rollout, context.row)
    if version_is_gone(context.services, goal):
        raise GivenUp(f"version {goal.version}, which it had before, is not in the gallery any more")


def _is_beyond(context: HostContext) -> bool:
    """Whether the host's first destructive call was made, by this rollout."""
    row = context.row
    return bool(row.rebuild.strategy) or (row.removed_from_pool and not row.drained_by_earlier_failure)


def _pause(services: Services, rollout_id: str, note: Message) -> None:
    def decide(rollout: Rollout) -> Rollout | None:
        if rollout.state not in _BEGINS_HOSTS or rollout.rolling_back:
            return None
        state = transition_rollout(rollout.id, rollout.state, RolloutState.PAUSED)
        return rollout.replace(state=state, resume_to=rollout.state, note=note, checks=rollout.checks.to_repeat())

    before, paused = change(services.rollouts, (ROLLOUTS, rollout_id), decide, describe="rollout", retried=True)
    rollout_changed(services, before, paused)
