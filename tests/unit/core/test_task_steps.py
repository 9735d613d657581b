"""The table of the steps of tasks."""

from __future__ import annotations

import pytest

from activities.task import TASK_STEP_RUNS
from shared.core import task_steps
from shared.core.settings import Settings
from shared.core.task_steps import ACTIVATION, CAPTURE, FLEET_UPDATE, TASK_STEPS, TaskStepRow
from shared.workflow.task_steps import STEPS, percent_done


def test_every_step_has_one_function_and_one_activity() -> None:
    assert list(TASK_STEP_RUNS) == list(TASK_STEPS)


@pytest.mark.parametrize("steps", [CAPTURE, ACTIVATION, FLEET_UPDATE])
def test_a_step_occurs_once_and_means_the_same_in_every_kind_of_task(steps: tuple[TaskStepRow, ...]) -> None:
    assert len({step.name for step in steps}) == len(steps)
    assert all(TASK_STEPS[step.name] is step for step in steps)


@pytest.mark.parametrize("step", TASK_STEPS.values(), ids=TASK_STEPS)
def test_every_row_of_the_step_table_is_complete(step: TaskStepRow) -> None:
    limit = step.limit(Settings(tables_connection="x"))
    assert step.words
    assert step.weight > 0
    assert (limit is None) == (step.limit is task_steps.no_limit)


@pytest.mark.parametrize("kind", STEPS)
def test_percent_grows_from_0_to_100(kind: str) -> None:
    steps = STEPS[kind]  # type: ignore[index]
    grown = [percent_done(kind, step, percent) for step in steps for percent in (0, 50, 100)]  # type: ignore[arg-type]
    assert grown == sorted(grown)
    assert (grown[0], grown[-1]) == (0, 100)
