"""Runs the steps of one host, from the next one on, until a step has to wait or none remains."""

from __future__ import annotations

from shared.audit.about import asker_of_rollout
from shared.core import names
from shared.core.asking import asking
from shared.core.states import HostState
from shared.core.steps import HOST_STEPS, NextAction, StepResult, next_step
from shared.core.task_steps import no_limit
from shared.history.host_events import end_of_host
from shared.history.write import write_events
from shared.ports.engine import Engine
from shared.rollouts.hosts import canary_checks, joining, rebuild, recheck, rejoin
from shared.rollouts.hosts.attempts import attempt_failed, seconds_to_wait
from shared.rollouts.hosts.context import HostContext, load
from shared.rollouts.hosts.failure import end_as_failed
from shared.rollouts.hosts.still_allowed import end_if_out_of_scope
from shared.services import Services
from shared.workflow.step_runner import Step, run_step

HOST_STEP_TABLE: dict[str, Step[HostContext]] = {
    step.name: step
    for step in (
        Step(names.CHECK_DEVICE, joining.check_device, lambda s: s.directory_limit),
        Step(names.RECHECK_HOST, recheck.recheck_host, lambda s: s.power_limit),
        Step(names.REBUILD_HOST, rebuild.rebuild_host, lambda s: s.image_limit),
        Step(names.PREPARE_JOIN, joining.prepare_join, lambda s: s.directory_limit),
        Step(names.JOIN_HOST, rejoin.join_host, lambda s: s.join_limit),
        Step(names.REGISTER_HOST, rejoin.register_host, lambda s: s.register_limit),
        Step(names.AWAIT_HEALTHY, rejoin.await_healthy, lambda s: s.healthy_limit),
        Step(names.PROBE_HOST, canary_checks.probe_host, lambda s: s.probe_limit),
        Step(names.BAKE_HOST, canary_checks.bake_host, no_limit),
        Step(names.RETURN_HOST_TO_SERVICE, rejoin.return_host_to_service, lambda s: s.power_limit),
    )
}
"""The steps by name, in the order of `shared.core.steps.HOST_STEPS`."""

MOST_STEPS = 5 * len(HOST_STEPS)
"""Maximum number of steps in one call: more than any policy's attempts need."""


def run_host_steps(services: Services, engine: Engine, given: dict[str, object]) -> StepResult:
    """Run the steps of the host named in `given`, from the next one on, until a step has to wait or none remains.

    The result is WAIT or STOP; a STOP signals the rollout. One call runs as many steps as it can, because a turn of
    the engine costs far more than most steps.
    """
    context = load(services, given)
    if context is None:
        return StepResult(NextAction.STOP)
    with asking(asker_of_rollout(context.rollout)):
        outcome = StepResult(NextAction.STOP) if end_if_out_of_scope(context) else _run_until_wait(context)
        if context.dirty:
            context.save()
    if context.row.state.ended:
        write_events(services, [end_of_host(context.rollout, context.row)])
    if outcome.action is NextAction.STOP:
        text, well = f"{context.row.host} is {context.row.state}", context.row.state is HostState.DONE
        engine.signal_rollout(context.rollout.id, context.rollout.engine_run, text, deferrable=well)
    return outcome


def _run_until_wait(context: HostContext) -> StepResult:
    if pause := seconds_to_wait(context):
        return StepResult(NextAction.WAIT, pause)
    name = next_step(HOST_STEPS, context.completed_step)
    for _ in range(MOST_STEPS):
        outcome = _run_host_step(context, name)
        match outcome.action:
            case NextAction.NEXT:
                name = next_step(HOST_STEPS, name)
            case NextAction.RESTART:
                name = HOST_STEPS[0]
            case _:
                return outcome
    return StepResult(NextAction.WAIT, context.services.settings.operation_poll)


def _run_host_step(context: HostContext, name: str) -> StepResult:
    """Run one step. A failure costs an attempt; after the last one the host is `failed`: drained, its VM tagged with
    the reason.

    The end of a host may itself have to wait. When it is called again, only the end is: the step could succeed now.
    """
    if context.row.rebuild.abandoned:
        if context.current_step != name:
            context.begin_step(name)
        outcome = end_as_failed(context, name)
    else:
        outcome = run_step(context, HOST_STEP_TABLE[name], attempt_failed)
    return StepResult(NextAction.STOP) if context.row.state.ended else outcome
