"""Takes one host through its steps, as far as it goes without waiting. What an activity of `reimage_host` runs."""

from __future__ import annotations

from dataclasses import replace

from shared.core.states import HostState
from shared.core.steps import HOST_STEPS, Outcome, Then
from shared.ports.engine import Engine
from shared.publishing.registry import HOST_STEP_RUNS
from shared.publishing.step import Work, load, run_step
from shared.services import Services

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
