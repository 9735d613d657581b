"""The last step of a set-as-image: removes every temporary resource, also after a failure.

Each resource is read before it is removed: only those with this task's tag are deleted. Resources that cannot be
removed in time, or are outside the scopes of the image's accounts by then, are listed. The version itself is kept,
unless the task failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from shared.core.codes import Code
from shared.core.errors import AzureConflict, AzureRefused
from shared.core.hrefs import task_href, versions_href
from shared.core.names import RESTART_TEMPLATE
from shared.core.states import TaskState, VersionState
from shared.core.steps import NextAction, StepResult, is_completed
from shared.core.task_steps import CAPTURE_STEPS
from shared.core.wording import counted
from shared.images.scopes import out_of_scope
from shared.models.azure import Operation
from shared.models.messages import message, sentence
from shared.models.tasks import Made
from shared.records.tasks import audit_task
from shared.records.versions import change_versions, read_versions
from shared.versions import lifecycle
from shared.workflow.task_context import TaskContext
from shared.workflow.waiting import StepFailed

log = logging.getLogger("freshcoat.task")


def clean_up(context: TaskContext) -> StepResult:
    """Step 13: leave only the version in Azure, restore the template VM, release the image."""
    for put_right in (_restart, _remove_made):
        waiting = put_right(context)
        if waiting:
            return waiting
    if context.task.failure:
        change_versions(
            context.services,
            context.task.image,
            lambda f: lifecycle.not_captured(f, context.task.id, context.services.now(), context.task.failure),
        )
    _end(context)
    return StepResult(NextAction.STOP)


def _restart(context: TaskContext) -> StepResult | None:
    """Start a template VM that the task switched off and has not restarted. Its state is read first."""
    capture, vms = context.capture, context.services.vms
    if not capture.was_running or is_completed(CAPTURE_STEPS, context.task.phase, RESTART_TEMPLATE):
        return None

    def run_again() -> StepResult:
        vm = vms.find(capture.template_vm_id)
        if vm is None or (vm.running and context.operation is None):
            return StepResult(NextAction.NEXT)
        return context.run_operation(vms.resume, lambda: vms.start_power_on(capture.template_vm_id))

    waiting = _try(context, f"{capture.template_vm_id}: could not be started again", run_again)
    if waiting:
        return waiting
    _next_thing(context, was_running=False)  # so that it is not started again if somebody switches it off
    return None


def _next_thing(context: TaskContext, **changes: object) -> None:
    """Record what was restored; the next item gets the whole time limit again."""
    capture = context.capture.model_copy(update=changes)
    context.save(capture=capture, operation=None, step_since=context.services.now())


def _remove_made(context: TaskContext) -> StepResult | None:
    """Remove one resource at a time, newest first. Removed resources and those listed as left over are dropped."""
    while context.capture.made:
        made = context.capture.made[-1]
        waiting = _remove(context, made)
        if waiting:
            return waiting
        _next_thing(context, made=context.capture.made[:-1])
    return None


def _remove(context: TaskContext, made: Made) -> StepResult | None:
    workshop, text = context.services.image_builder, f"{made.id}: could not be removed"
    if made.kind == "image version":
        return _remove_version(context, made, text) if context.task.failure and not _recorded(context) else None
    start = partial(workshop.start_removal, made.id)
    owner = partial(workshop.owner, made.id)
    return _try(context, text, partial(_remove_ours, context, made, owner, workshop.resume, start))


def _remove_version(context: TaskContext, made: Made, text: str) -> StepResult | None:
    gallery, definition_id, version = context.services.gallery, context.image.definition_id, context.task.version or ""

    def owner() -> str | None:
        found = gallery.version(definition_id, version)
        return found.task if found else None

    start = partial(gallery.start_removal, definition_id, version)
    return _try(context, text, partial(_remove_ours, context, made, owner, gallery.resume, start))


def _remove_ours(
    context: TaskContext,
    made: Made,
    owner: Callable[[], str | None],
    resume: Callable[[Operation], Operation],
    start: Callable[[], Operation],
) -> StepResult:
    """Remove a resource with this task's tag; answers `next` when it is gone. Raises StepFailed for any other."""
    if context.operation is None:
        if problem := out_of_scope(context.services, context.image, made.id):
            raise StepFailed(problem)
        found = owner()
        if found is None:
            return StepResult(NextAction.NEXT)
        if found != context.task.id:
            raise StepFailed("it does not carry this task's tag, so it is kept")
    return context.run_operation(resume, start)


def _recorded(context: TaskContext) -> bool:
    """Whether the version is staged or further: then it is kept, whatever failed afterwards."""
    return (
        read_versions(context.services, context.task.image).state_of(context.task.version) is not VersionState.CAPTURING
    )


def _try(context: TaskContext, text: str, put_right: Callable[[], StepResult]) -> StepResult | None:
    """Run one clean-up action; None when it is done, or listed as not possible. Raises AzureBusy.

    Every read belongs into `put_right`: a withdrawn right must not keep the task from ending.
    """
    try:
        outcome = put_right()
    except AzureConflict as conflict:
        if _too_late(context):
            return _give_up(context, f"{text}: {conflict}")
        return StepResult(NextAction.WAIT, context.services.settings.operation_poll)
    except (StepFailed, AzureRefused) as error:
        return _give_up(context, f"{text}: {error}")
    if outcome.action is NextAction.NEXT:
        return None
    if _too_late(context):
        return _give_up(context, f"{text} in time")
    return outcome


def _too_late(context: TaskContext) -> bool:
    """Whether the time limit has passed; it applies to each resource by itself."""
    since = context.task.step_since
    limit = timedelta(seconds=context.services.settings.removal_limit)
    return since is not None and context.services.now() > since + limit


def _give_up(context: TaskContext, text: str) -> StepResult | None:
    log.error("task %s: %s", context.task.id, text)
    _next_thing(context, left_over=(*context.capture.left_over, text))
    return None


def _end(context: TaskContext) -> None:
    task, capture = context.task, context.capture
    left = f" {counted(len(capture.left_over), 'item')} could not be cleaned up." if capture.left_over else ""
    if task.cancelled_by:
        text = f"Cancelled by {task.cancelled_by}; the image is unchanged.{left}"
        context.end(TaskState.CANCELLED, message(Code.CANCELLED_BY_USER, text))
    elif task.failure:
        context.end(TaskState.FAILED, message(Code.TASK_FAILED, sentence(task.failure) + left))
    elif capture.stage:
        text = f"{task.version} is staged. Test it, then activate it.{left}"
        context.end(TaskState.SUCCEEDED, message(Code.VERSION_STAGED, text, href=versions_href(task.image)))
    else:
        text = f"{task.version} is captured; a task of its own activates it.{left}"
        context.end(TaskState.SUCCEEDED, message(Code.VERSION_CAPTURED, text, href=task_href(capture.activation)))
    if context.task.state is not TaskState.SUCCEEDED:
        audit_task(
            context.services, context.task, before=task.from_version or "", after=f"{task.from_version or ''} (kept)"
        )
