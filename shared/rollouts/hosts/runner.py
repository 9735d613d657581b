"""How every step of a host runs: read, check whether it is done already, act, write, answer what comes next.

A step never sleeps. It answers `wait` and is called again after a durable timer. After a crash, a step determines its
progress from the row and from Azure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.core import names
from shared.core.errors import AzureRefused
from shared.core.settings import Settings
from shared.core.states import HostState
from shared.core.steps import HOST_STEPS, NextAction, StepResult, is_completed, next_step
from shared.ports.engine import Engine
from shared.rollouts.hosts import canary_checks, rebuild, recheck, rejoin
from shared.rollouts.hosts.context import HostContext, Step, load
from shared.rollouts.hosts.failure import _attempt_failed, _end_as_failed
from shared.services import Services
from shared.workflow.waiting import StepFailed, run_within_limit


def run_step(context: HostContext, name: str, step: Step, limit: float | None) -> StepResult:
    """Run one step; `limit` is its total time in seconds; None: it ends by itself.

    While Azure is busy or already working on the VM, the step waits within the limit. Any other refusal, or the limit,
    costs an attempt; after the last one the host is `failed`: drained, its VM tagged with the reason.
    """
    if is_completed(HOST_STEPS, context.row.rebuild.completed_step, name):
        return StepResult(NextAction.NEXT)
    if context.row.step != name:
        context.note(step=name, step_since=context.services.now(), reason=None)
    if context.row.rebuild.abandoned:
        outcome = _end_as_failed(context, name)
    else:
        try:
            outcome = run_within_limit(context, lambda: step(context), limit)
        except (StepFailed, AzureRefused) as error:
            outcome = _attempt_failed(context, name, error)
    if outcome.action is NextAction.NEXT and not is_completed(HOST_STEPS, context.row.rebuild.completed_step, name):
        context.note_rebuild(completed_step=name)
    return StepResult(NextAction.STOP) if context.row.state.ended else outcome


MOST_STEPS = 5 * len(HOST_STEPS)
"""Maximum number of steps in one call: more than any policy's attempts need."""


def run_host_steps(services: Services, engine: Engine, given: dict[str, object]) -> StepResult:
    """Run the steps of the host named in `given`, from its next one on, until one has to wait or none is left.

    The result is WAIT or STOP; a STOP signals the rollout. One call runs as many steps as it can, because a turn of
    the engine costs far more than most steps.
    """
    context = load(services, given)
    if context is None:
        return StepResult(NextAction.STOP)
    outcome = _run_until_wait(context)
    if context.dirty:
        context.save()
    if outcome.action is NextAction.STOP:
        text, well = f"{context.row.host} is {context.row.state}", context.row.state is HostState.DONE
        engine.signal_rollout(context.rollout.id, context.rollout.engine_run, text, deferrable=well)
    return outcome


def _run_until_wait(context: HostContext) -> StepResult:
    name = next_step(HOST_STEPS, context.row.rebuild.completed_step)
    for _ in range(MOST_STEPS):
        step = HOST_STEP_RUNS[name]
        outcome = run_step(context, name, step.run, step.limit(context.services.settings))
        match outcome.action:
            case NextAction.NEXT:
                name = next_step(HOST_STEPS, name)
            case NextAction.RESTART:
                name = HOST_STEPS[0]
            case _:
                return outcome
    return StepResult(NextAction.WAIT, context.services.settings.operation_poll)


@dataclass(frozen=True)
class HostStep:
    """A step and its time limit in seconds, from the settings; None: it ends by itself."""

    run: Step
    limit: Callable[[Settings], float | None]


HOST_STEP_RUNS = {
    names.RECHECK_HOST: HostStep(recheck.recheck_host, lambda settings: settings.power_limit),
    names.REBUILD_HOST: HostStep(rebuild.rebuild_host, lambda settings: settings.image_limit),
    names.JOIN_HOST: HostStep(rejoin.join_host, lambda settings: settings.join_limit),
    names.REGISTER_HOST: HostStep(rejoin.register_host, lambda settings: settings.register_limit),
    names.AWAIT_HEALTHY: HostStep(rejoin.await_healthy, lambda settings: settings.healthy_limit),
    names.PROBE_HOST: HostStep(canary_checks.probe_host, lambda settings: settings.probe_limit),
    names.BAKE_HOST: HostStep(canary_checks.bake_host, lambda _: None),
    names.RETURN_HOST_TO_SERVICE: HostStep(rejoin.return_host_to_service, lambda settings: settings.power_limit),
}
"""By name; the order is that of `shared.core.steps.HOST_STEPS`."""
