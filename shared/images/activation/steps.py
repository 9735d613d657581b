"""The steps of an activation or a roll-back: switch, flags in the gallery, end. Its pools are in `fleet.steps`."""

from __future__ import annotations

from shared.core.codes import Code
from shared.core.errors import AzureConflict, AzureError, AzureRefused
from shared.core.names import SWITCH_VERSION
from shared.core.states import TaskState, VersionState
from shared.core.steps import NextAction, StepResult, is_completed
from shared.core.task_steps import ACTIVATION_STEPS
from shared.core.wording import names_text, state_text
from shared.fleet.second_person import wait_for_requester, wait_for_second_person
from shared.fleet.steps import not_overtaken
from shared.images.activation.checks import check_activation
from shared.images.activation.request import stop_old_version, switched
from shared.images.change_records import write_change_records
from shared.models.messages import message, sentence
from shared.models.tasks import ActivationWork
from shared.records.tasks import audit_task
from shared.records.versions import change_versions, read_versions
from shared.rollouts.preflight import PreflightFailed
from shared.versions import lifecycle
from shared.views.fleet import not_started_text, not_updated_text
from shared.workflow.task_context import TaskContext
from shared.workflow.waiting import StepFailed


def switch_version(context: TaskContext) -> StepResult:
    """Step 1: switch the version, unless the request did. Raises Conflict when that is no longer possible."""
    if waiting := wait_for_second_person(context) or _wait_if_not_switched(context):
        return waiting
    _check_again(context)
    write_change_records(context.services, read_versions(context.services, context.task.image), context.task.version)
    before, after = change_versions(
        context.services, context.task.image, lambda f: switched(f, context.task, context.services)
    )
    if before is not after:
        context.save(version=after.state.active, from_version=before.state.active)
    if (task := stop_old_version(context.services, context.engine, context.task)) is not context.task:
        context.save(activation=task.activation)
    # Also after an earlier switch: an interrupted request may not have written it, and twice is better than never.
    audit_task(context.services, context.task, before=context.task.from_version or "", after=context.task.version or "")
    return StepResult(NextAction.NEXT)


def _wait_if_not_switched(context: TaskContext) -> StepResult | None:
    """The wait before a switch that the request left to this step, when who asked for it has no access any more."""
    active = read_versions(context.services, context.task.image).state.activation
    return None if active == context.task.id else wait_for_requester(context)


def _check_again(context: TaskContext) -> None:
    """Repeat the checks of an activation that waited for a second person. Raises StepFailed, AzureBusy."""
    active = read_versions(context.services, context.task.image).state.activation
    if context.task.second.at is None or active == context.task.id:
        return
    try:
        check_activation(context.services, context.image, context.task)
    except PreflightFailed as error:
        raise StepFailed(str(error)) from error


def flip_flags(context: TaskContext) -> StepResult:
    """Step 2: make the active version the definition's "latest". One flag at a time, in a safe order.

    If another version's flag cannot be set, that is recorded and left to retention, so that the pools are still
    updated. Raises AzureError when the active version's flag cannot be set.
    """
    gallery, definition = context.services.gallery, context.image.definition_id
    try:
        waiting = context.poll_operation(gallery.resume)
        if waiting:
            return waiting
        # The gallery before the rows, so that a version that another task activates meanwhile is not excluded.
        known = {version.version: version.latest_flag for version in gallery.versions(definition)}
        for version, excluded in lifecycle.flags(not_overtaken(context), known):
            if version in _activation(context).flags_left:
                continue
            text = f"version {version} is {'excluded from' if excluded else 'included in'} latest"
            note = message(Code.SETTING_LATEST, text)
            context.save(note=note, activation=_activation(context).model_copy(update={"flagging": version}))
            waiting = context.poll_operation(
                gallery.resume, gallery.start_exclude(definition, version, excluded=excluded)
            )
            if waiting:
                return waiting
    except AzureConflict:
        raise
    except AzureRefused as error:
        return _flag_left(context, error)
    return StepResult(NextAction.NEXT)


def _flag_left(context: TaskContext, error: AzureError) -> StepResult:
    """Continue without the flag that could not be set, unless it is the active version's."""
    activation = _activation(context)
    if activation.flagging in {"", context.task.version}:
        raise error
    left = {"flags_left": (*activation.flags_left, activation.flagging), "flagging": ""}
    context.save(activation=activation.model_copy(update=left), operation=None)
    return StepResult(NextAction.WAIT)


def _activation(context: TaskContext) -> ActivationWork:
    return context.task.activation or ActivationWork()


def end_activation(context: TaskContext) -> StepResult:
    """Step 4: end the task and record its outcome."""
    task = context.task
    switched_here = read_versions(context.services, task.image).versions.get(task.version or "")
    if switched_here and switched_here.state is VersionState.ACTIVE:
        done = f"{task.version} is active"
    elif is_completed(ACTIVATION_STEPS, task.phase, SWITCH_VERSION):
        now = state_text(switched_here.state) if switched_here else "gone"
        done = f"{task.version} was made active, and is {now} now"
    else:
        done = "The active version was not changed"
    if task.cancelled_by:
        text = f"Cancelled by {task.cancelled_by}. {done}.{_left(context)}"
        context.end(TaskState.CANCELLED, message(Code.CANCELLED_BY_USER, text))
    elif task.failure:
        context.end(TaskState.FAILED, message(Code.TASK_FAILED, f"{sentence(task.failure)} {done}.{_left(context)}"))
    else:
        before = f"{task.from_version} was active before" if task.from_version else "no version was active before"
        context.end(TaskState.SUCCEEDED, message(Code.VERSION_ACTIVATED, f"{done}; {before}.{_besides(context)}"))
    return StepResult(NextAction.STOP)


def _left(context: TaskContext) -> str:
    return not_started_text(context.services, context.task.pools) if context.task.pools else ""


def _besides(context: TaskContext) -> str:
    """What an operator should know although the task succeeded."""
    left = _activation(context).flags_left
    still = f" Still included in latest: {names_text(left)}; the retention timer tries again." if left else ""
    return (not_updated_text(context.task.pools) if context.task.pools else "") + still
