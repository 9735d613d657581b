"""The steps of an activation or a roll-back: switch, flags in the gallery, end. Its pools: `pool_updates`."""

from __future__ import annotations

from shared.core.errors import AzureBusy, AzureConflict, AzureError
from shared.core.names import SWITCH_VERSION
from shared.core.states import TaskState, VersionState
from shared.core.steps import ACTIVATION_STEPS, Outcome, Then, behind
from shared.fleet.steps import not_overtaken
from shared.images.activation.request import switched
from shared.images.change_records import tell_versions
from shared.models.tasks import ActivationWork
from shared.records.tasks import audit_task
from shared.records.versions import change_family, read_family
from shared.versions import lifecycle
from shared.views.fleet import not_begun, not_updated
from shared.workflow.task_runner import TaskWork


def switch_version(work: TaskWork) -> Outcome:
    """Step 1: the version is switched, if its request did not come to it. Raises Conflict when it no longer can be."""
    tell_versions(work.services, read_family(work.services, work.task.image))
    before, after = change_family(work.services, work.task.image, lambda f: switched(f, work.task, work.services))
    if before is not after:
        work.save(version=after.state.active, from_version=before.state.active)
    # Also when it was switched before: what was cut off there may not have told it, and twice is better than never.
    audit_task(work.services, work.task, before=work.task.from_version or "", after=work.task.version or "")
    return Outcome(Then.NEXT)


def flip_flags(work: TaskWork) -> Outcome:
    """Step 2: "latest" of the definition is the active version. One flag at a time, in the order that is safe.

    A flag of another version that cannot be set is noted, and left to retention: it must not keep pools from the
    version. Raises AzureError when that of the active version cannot be set.
    """
    gallery, definition = work.services.gallery, work.image.definition_id
    try:
        waiting = work.carry_on(gallery.resume)
        if waiting:
            return waiting
        # The gallery before the rows: what another task makes active meanwhile is not left out by this one.
        known = {version.version: version.exclude_from_latest for version in gallery.versions(definition)}
        for version, excluded in lifecycle.flags(not_overtaken(work), known):
            if version in _activation(work).flags_left:
                continue
            note = f"version {version} is {'left out of' if excluded else 'let into'} latest"
            work.save(note=note, activation=_activation(work).model_copy(update={"flagging": version}))
            waiting = work.carry_on(gallery.resume, gallery.start_exclude(definition, version, excluded=excluded))
            if waiting:
                return waiting
    except (AzureBusy, AzureConflict):
        raise
    except AzureError as error:
        return _flag_left(work, error)
    return Outcome(Then.NEXT)


def _flag_left(work: TaskWork, error: AzureError) -> Outcome:
    """Go on without the flag that could not be set, unless it is that of the active version."""
    activation = _activation(work)
    if activation.flagging in {"", work.task.version}:
        raise error
    left = {"flags_left": (*activation.flags_left, activation.flagging), "flagging": ""}
    work.save(activation=activation.model_copy(update=left), operation=None)
    return Outcome(Then.WAIT)


def _activation(work: TaskWork) -> ActivationWork:
    return work.task.activation or ActivationWork()


def end_activation(work: TaskWork) -> Outcome:
    """Step 4: the task ends; it says what came of it."""
    task = work.task
    switched_here = read_family(work.services, task.image).versions.get(task.version or "")
    if switched_here and switched_here.state is VersionState.ACTIVE:
        done = f"{task.version} is active"
    elif behind(ACTIVATION_STEPS, task.phase, SWITCH_VERSION):
        done = f"{task.version} was made active, and is {switched_here.state if switched_here else 'gone'} now"
    else:
        done = "nothing was switched"
    if task.cancelled_by:
        work.end(TaskState.CANCELLED, f"Cancelled by {task.cancelled_by}; {done}.{_left(work)}")
    elif task.failure:
        work.end(TaskState.FAILED, f"{task.failure}; {done}.{_left(work)}")
    else:
        work.end(TaskState.SUCCEEDED, f"{done}; {task.from_version or 'nothing'} was before.{_besides(work)}")
    return Outcome(Then.STOP)


def _left(work: TaskWork) -> str:
    return not_begun(work.services, work.task.pools) if work.task.pools else ""


def _besides(work: TaskWork) -> str:
    """What somebody should know although it has succeeded."""
    left = _activation(work).flags_left
    still = f" Still in latest: {', '.join(left)}; retention tries again." if left else ""
    return (not_updated(work.task.pools) if work.task.pools else "") + still
