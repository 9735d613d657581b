"""The last step of a set-as-image: everything that was made on the way is removed, also after a failure.

Each thing is looked at before it is removed: only what carries this task's tag goes. What cannot be removed in time
is listed. The version itself stays, unless the task has failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from shared.core.errors import AzureBusy, AzureConflict, AzureError
from shared.core.names import RESTART_TEMPLATE
from shared.core.states import TaskState, VersionState
from shared.core.steps import CAPTURE_STEPS, Outcome, Then, behind
from shared.models.azure import Operation
from shared.models.tasks import Made
from shared.records.tasks import audit_task
from shared.records.versions import change_family, read_family
from shared.versions import lifecycle
from shared.workflow.task_runner import TaskWork
from shared.workflow.waiting import StepFailed

log = logging.getLogger("freshcoat.task")


def clean_up(work: TaskWork) -> Outcome:
    """Step 13: nothing of the task is left in Azure but its version, the template is as it was, the image is free."""
    for put_right in (_restart, _remove_made):
        waiting = put_right(work)
        if waiting:
            return waiting
    if work.task.failure:
        change_family(
            work.services,
            work.task.image,
            lambda f: lifecycle.not_captured(f, work.task.id, work.services.now(), work.task.failure),
        )
    _end(work)
    return Outcome(Then.STOP)


def _restart(work: TaskWork) -> Outcome | None:
    """A template that we switched off runs again, if the task did not come to it. It is looked at first."""
    capture, machines = work.capture, work.services.machines
    if not capture.was_running or behind(CAPTURE_STEPS, work.task.phase, RESTART_TEMPLATE):
        return None

    def run_again() -> Outcome:
        machine = machines.machine(capture.template_vm_id)
        if machine is None or (machine.running and work.operation is None):
            return Outcome(Then.NEXT)
        return work.settle(machines.resume, lambda: machines.start_power_on(capture.template_vm_id))

    waiting = _try(work, f"{capture.template_vm_id}: could not be started again", run_again)
    if waiting:
        return waiting
    _next_thing(work, was_running=False)  # so that it is not started once more when somebody switches it off
    return None


def _next_thing(work: TaskWork, **changes: object) -> None:
    """Write what has been put right; the next thing has the whole limit again."""
    capture = work.capture.model_copy(update=changes)
    work.save(capture=capture, operation=None, step_since=work.services.now())


def _remove_made(work: TaskWork) -> Outcome | None:
    """One thing at a time, the last one made first. What is gone, or listed as left over, is no longer noted."""
    while work.capture.made:
        made = work.capture.made[-1]
        waiting = _remove(work, made)
        if waiting:
            return waiting
        _next_thing(work, made=work.capture.made[:-1])
    return None


def _remove(work: TaskWork, made: Made) -> Outcome | None:
    workshop, told = work.services.workshop, f"{made.id}: could not be removed"
    if made.kind == "image version":
        return _remove_version(work, told) if work.task.failure and not _recorded(work) else None
    start = partial(workshop.start_removal, made.id)
    return _try(work, told, partial(_remove_ours, work, lambda: workshop.owner(made.id), workshop.resume, start))


def _remove_version(work: TaskWork, told: str) -> Outcome | None:
    gallery, definition_id, version = work.services.gallery, work.image.definition_id, work.task.version or ""

    def owner() -> str | None:
        found = gallery.version(definition_id, version)
        return found.task if found else None

    start = partial(gallery.start_removal, definition_id, version)
    return _try(work, told, partial(_remove_ours, work, owner, gallery.resume, start))


def _remove_ours(
    work: TaskWork,
    owner: Callable[[], str | None],
    resume: Callable[[Operation], Operation],
    start: Callable[[], Operation],
) -> Outcome:
    """Remove a thing that carries this task's tag; what is gone is `next`. Raises StepFailed for any other thing."""
    if work.operation is None:
        found = owner()
        if found is None:
            return Outcome(Then.NEXT)
        if found != work.task.id:
            raise StepFailed("it does not carry this task's tag, so it is left alone")
    return work.settle(resume, start)


def _recorded(work: TaskWork) -> bool:
    """Whether the version is staged, or more: then it stays, whatever has failed after that."""
    return read_family(work.services, work.task.image).state_of(work.task.version) is not VersionState.CAPTURING


def _try(work: TaskWork, told: str, put_right: Callable[[], Outcome]) -> Outcome | None:
    """Have something put right; None when it is, or is listed as what could not be. Raises AzureBusy.

    Every look belongs into `put_right`: a right that was withdrawn must not keep the task from its end.
    """
    try:
        outcome = put_right()
    except AzureBusy:
        raise
    except AzureConflict as conflict:
        if _too_late(work):
            return _give_up(work, f"{told}: {conflict}")
        return Outcome(Then.WAIT, work.services.settings.operation_poll)
    except (StepFailed, AzureError) as error:
        return _give_up(work, f"{told}: {error}")
    if outcome.then is Then.NEXT:
        return None
    if _too_late(work):
        return _give_up(work, f"{told} in time")
    return outcome


def _too_late(work: TaskWork) -> bool:
    """Whether this has taken too long: the limit is for each thing."""
    since = work.task.step_since
    limit = timedelta(seconds=work.services.settings.removal_limit)
    return since is not None and work.services.now() > since + limit


def _give_up(work: TaskWork, told: str) -> Outcome | None:
    log.error("task %s: %s", work.task.id, told)
    _next_thing(work, left_over=(*work.capture.left_over, told))
    return None


def _end(work: TaskWork) -> None:
    task, capture = work.task, work.capture
    left = " Left over: " + "; ".join(capture.left_over) if capture.left_over else ""
    if task.cancelled_by:
        work.end(TaskState.CANCELLED, f"Cancelled by {task.cancelled_by}; the image is as it was.{left}")
    elif task.failure:
        work.end(TaskState.FAILED, f"{task.failure}.{left}")
    elif capture.stage:
        work.end(TaskState.SUCCEEDED, f"{task.version} is staged: test it, then activate it.{left}")
    else:
        work.end(TaskState.SUCCEEDED, f"{task.version} is captured; task {capture.activation} activates it.{left}")
    if work.task.state is not TaskState.SUCCEEDED:
        audit_task(work.services, work.task, before=task.from_version or "", after=f"{task.from_version or ''} (kept)")
