"""How every step of rebuilding a host runs: read, look whether it is done already, do a bit, write, say what next.

A step never waits. It answers `wait` and is called again after a durable timer. A step that is called
again after a crash finds out from the row and from Azure how far it had come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.core import names
from shared.core.errors import AzureError
from shared.core.settings import Settings
from shared.core.states import HostState
from shared.core.steps import HOST_STEPS, Outcome, Then, behind
from shared.ports.engine import Engine
from shared.rollouts.hosts import canary_checks, rebuild, recheck, rejoin
from shared.rollouts.hosts.context import Step, Work, load
from shared.rollouts.hosts.failure import _attempt_failed, _come_to_its_end
from shared.services import Services
from shared.workflow.waiting import StepFailed, within


def run_step(work: Work, name: str, step: Step, limit: float | None) -> Outcome:
    """Run one step; `limit` is how long it may take in all, in seconds; None: it ends by itself.

    Azure being busy, or working on the VM already, is waited for within the limit. Any other refusal, and
    the limit, cost an attempt; the last one makes the host `failed`: drained, its VM tagged with the reason.
    """
    if behind(HOST_STEPS, work.row.phase, name):
        return Outcome(Then.NEXT)
    if work.row.step != name:
        work.note(step=name, step_since=work.services.now(), reason="")
    if work.row.given_up:
        outcome = _come_to_its_end(work, name)
    else:
        try:
            outcome = within(work, lambda: step(work), limit)
        except (StepFailed, AzureError) as error:
            outcome = _attempt_failed(work, name, error)
    if outcome.then is Then.NEXT and not behind(HOST_STEPS, work.row.phase, name):
        work.note(phase=name)
    return Outcome(Then.STOP) if work.row.state.ended else outcome


MOST_STEPS = 5 * len(HOST_STEPS)
"""Steps of one call: more attempts than any policy allows."""


def drive_host(services: Services, engine: Engine, given: dict[str, object], name: str) -> Outcome:
    """Run step `name` of the host named in `given`, and those after it, until one has to wait or nothing is left.

    The answer is `wait`, with the step to be called then, or `stop`; the rollout is told of a stop. Each turn of the
    engine costs far more than a step that is through at once.
    """
    work = load(services, given)
    if work is None:
        return Outcome(Then.STOP)
    outcome = _as_far_as_it_goes(work, name)
    if work.noted:
        work.save()
    if outcome.then is Then.STOP:
        told, well = f"{work.row.host} is {work.row.state}", work.row.state is HostState.DONE
        engine.nudge(work.rollout.id, work.rollout.engine_run, told, calm=well)
    return outcome


def _as_far_as_it_goes(work: Work, name: str) -> Outcome:
    for _ in range(MOST_STEPS):
        step = HOST_STEP_RUNS[name]
        outcome = run_step(work, name, step.run, step.limit(work.services.settings))
        match outcome.then:
            case Then.NEXT:
                name = HOST_STEPS[HOST_STEPS.index(name) + 1]
            case Then.AGAIN:
                name = HOST_STEPS[0]
            case _:
                return replace(outcome, step=name)
    return Outcome(Then.WAIT, work.services.settings.operation_poll, name)


@dataclass(frozen=True)
class HostStep:
    """A step, and its limit in seconds by the app's settings; None: it ends by itself."""

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
    names.GIVE_BACK_HOST: HostStep(rejoin.give_back_host, lambda settings: settings.power_limit),
}
"""By name; the order is that of `shared.core.steps.HOST_STEPS`."""
