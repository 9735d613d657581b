"""One task during one call of a step: what it knows of the task, and how it writes the task's row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.core.errors import AzureConflict, AzureError, StaleRow
from shared.core.refusals import named_seconds
from shared.core.states import TaskState, transition_task
from shared.core.steps import StepResult
from shared.models.azure import Operation
from shared.models.base import refuse_newer
from shared.models.images import Image
from shared.models.messages import Message, text_of
from shared.models.tasks import CaptureWork, PoolsWork, Task, TaskStep
from shared.ports.engine import Engine
from shared.records.change import change
from shared.records.images import find_image
from shared.services import TASKS, Services
from shared.workflow import waiting
from shared.workflow.task_steps import STEPS, percent_done


@dataclass
class TaskContext:
    """One task in one step: what the step knows of it. The step writes the task's row only through this class."""

    services: Services
    engine: Engine
    task: Task
    image: Image

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of a task of this kind, in order."""
        return STEPS[self.task.kind]

    @property
    def completed_step(self) -> str:
        """The last completed step; empty if there is none."""
        return self.task.phase

    @property
    def current_step(self) -> str:
        """The step that began last; empty if none did."""
        return self.task.step

    @property
    def capture(self) -> CaptureWork:
        """What a set-as-image was asked to do, and what it has created."""
        assert self.task.capture is not None  # noqa: S101 - its request wrote it
        return self.task.capture

    @property
    def pools(self) -> PoolsWork:
        """The pools that the task updates, and their progress."""
        assert self.task.pools is not None  # noqa: S101 - only asked for when there are some
        return self.task.pools

    @property
    def step_since(self) -> datetime | None:
        """When the step started, not counting the time Azure was too busy."""
        return self.task.step_since

    @property
    def busy_since(self) -> datetime | None:
        """Since when Azure has been too busy at every call; None: it was not, the last time."""
        return self.task.busy_since

    @property
    def operation(self) -> Operation | None:
        """The running long operation."""
        return self.task.operation

    @property
    def waits_for(self) -> str:
        """What the step waits for, for people."""
        return text_of(self.task.note)

    @property
    def poll_eagerly(self) -> bool:
        """Always: there are few tasks, and people wait for each."""
        return True

    def save(self, **changes: object) -> None:
        """Write the row with these changes.

        A cancellation or an approval that a person has written at the same time is kept. Raises StaleRow when another
        run drives the task, or when the task was about to end and the step has not seen what the person wrote.
        """
        ours = self.task
        changed = ours.model_copy(update=changes)

        def decide(found: Task) -> Task:
            if found is ours:
                return changed
            heard = _as_people_said(changed, found)
            unheeded = changed.state.ended and heard.cancel_how is not changed.cancel_how
            if found.engine_run != ours.engine_run or found.state.ended or unheeded:
                raise StaleRow("Tasks", ours.id, "task")
            return heard

        rows, key = self.services.tasks, (TASKS, ours.id)
        _, self.task = change(rows, key, decide, describe="task", known=ours, retried=True)

    def note(self, **changes: object) -> None:
        """Write the row with these changes."""
        self.save(**changes)

    def busy(self, step_since: datetime) -> None:
        """Note that Azure was too busy; `step_since` excludes the time it asked for."""
        self.save(step_since=step_since, busy_since=self.task.busy_since or self.services.now())

    def awaits_azure(self, answer: AzureError, seconds: float) -> None:
        """A task shows only since when Azure has been busy, which it is not when it works on the resource."""
        if isinstance(answer, AzureConflict) and named_seconds(answer) is None:
            self.answered()

    def answered(self) -> None:
        """Note that Azure was not too busy this time: a later 429 counts from itself."""
        if self.task.busy_since:
            self.save(busy_since=None)

    def end(self, state: TaskState, note: Message) -> None:
        """Write the end of the task."""
        percent_done = {"percent": 100} if state is TaskState.SUCCEEDED else {}
        state = transition_task(self.task.id, self.task.state, state)
        ended = {"state": state, "ended_at": self.services.now(), "busy_since": None}
        self.save(**ended, **percent_done, note=note, operation=None, steps=_closed(self.task, self.services.now()))

    def begin_step(self, name: str) -> None:
        """Write that this step begins."""
        now = self.services.now()
        steps = (*_closed(self.task, now), TaskStep(name=name, begun_at=now))
        self.save(step=name, step_since=now, busy_since=None, steps=steps, operation=None)

    def complete_step(self, name: str) -> None:
        """Write that this step is completed. A failed task completes none, and the last step ends the task itself."""
        if name != self.steps[-1] and not self.task.failure:
            self.save(phase=name, note=None, operation=None, percent=percent_done(self.task.kind, name, 100))

    def run_operation(self, resume: Callable[[Operation], Operation], start: Callable[[], Operation]) -> StepResult:
        """`next` once a long operation has finished: the running one, or else the one that `start` begins.

        An operation that ARM has forgotten is started again: every `start` given here is safe to repeat.
        """
        return waiting.run_operation(self, resume, start)

    def poll_operation(
        self, resume: Callable[[Operation], Operation], operation: Operation | None = None
    ) -> StepResult | None:
        """Poll the running operation once; None when there is none, or it has finished."""
        return waiting.poll_operation(self, resume, operation)


def load_task(services: Services, engine: Engine, given: dict[str, object]) -> TaskContext | None:
    """The context of the task named in `given`; None when it has ended, was withdrawn, or another run drives it."""
    task = services.tasks.find(TASKS, str(given["task"]))
    if task is None or task.state.ended or task.engine_run != given["run"]:
        return None
    refuse_newer(task)
    return TaskContext(services, engine, task, find_image(services, task.image))


def _as_people_said(task: Task, found: Task) -> Task:
    """The task with what people and the resume timer have written on its row since it was read."""
    kept = ("cancelled_by", "cancelled_at", "cancel_how", "alive_at", "second", "approved_pools")
    said: dict[str, object] = {name: getattr(found, name) for name in kept}
    said |= {"failure": task.failure or found.failure}
    if task.pools and found.pools:
        said["pools"] = task.pools.model_copy(update={"approvals": found.pools.approvals})
    return task.model_copy(update=said).written_over(found)


def _closed(task: Task, now: datetime) -> tuple[TaskStep, ...]:
    """The steps, with the end of the last one."""
    if not task.steps or task.steps[-1].ended_at:
        return task.steps
    return (*task.steps[:-1], task.steps[-1].model_copy(update={"ended_at": now}))
