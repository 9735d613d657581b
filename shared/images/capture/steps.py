"""The steps of a set-as-image that make something: from the template VM to a version in the gallery.

The template is never generalized: it is copied, and the copy is prepared and captured. Every name of what is made
follows from the task's id, and is noted in the row before it is made, so that it can be removed whatever happens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from shared.core.ids import newest_first_id
from shared.core.names import REPLICATE_VERSION
from shared.core.steps import Outcome, Then
from shared.images.activation.request import begin
from shared.images.capture.request import audit_begun, claimed
from shared.models.azure import Operation, Template
from shared.models.images import Definition
from shared.models.tasks import ActivationWork, Made, TaskKind
from shared.records.tasks import audit_task, new_task
from shared.records.versions import change_family
from shared.versions import lifecycle
from shared.workflow.task_runner import TaskWork
from shared.workflow.task_steps import done
from shared.workflow.waiting import StepFailed

type MadeKind = Literal["snapshot", "disk", "virtual machine", "managed image", "image version"]

PLACES: dict[MadeKind, str] = {
    "snapshot": "snapshots",
    "disk": "disks",
    "virtual machine": "virtualMachines",
    "managed image": "images",
}


def claim_image(work: TaskWork) -> Outcome:
    """Step 1: the image is held, if its request did not come to it. Raises Conflict when another one holds it."""
    before, after = change_family(work.services, work.task.image, lambda f: claimed(f, work.task, work.services))
    if before is not after:
        audit_begun(work.services, work.task)
    return Outcome(Then.NEXT)


def switch_off_template(work: TaskWork) -> Outcome:
    """Step 2: the template is off, which only who asked for it may have done. Raises StepFailed."""
    machines = work.services.machines
    template = _template(work)
    if not template.running and work.operation is None:
        return Outcome(Then.NEXT)
    if not work.capture.power_off:
        raise StepFailed("the template VM was switched on meanwhile: switch it off, or send power_off: true")
    if not work.capture.was_running:
        work.save(capture=work.capture.model_copy(update={"was_running": True}))
    return work.settle(machines.resume, lambda: machines.start_deallocate(template.id))


def snapshot_template(work: TaskWork) -> Outcome:
    """Step 3: a snapshot of its OS disk. Raises StepFailed when somebody has switched the template on again."""
    template = _template(work)
    if template.running and work.operation is None:
        raise StepFailed("the template VM was switched on during the set-as-image: begin again when it is off")
    snapshot = _note(work, "snapshot")
    return _make(work, lambda: work.services.workshop.start_snapshot(snapshot, template, work.task.id))


def restart_template(work: TaskWork) -> Outcome:
    """Step 4: the template runs again, if it ran before. It is looked at first: somebody may have started it."""
    machines = work.services.machines
    if not work.capture.was_running:
        return Outcome(Then.NEXT)
    machine = machines.machine(work.capture.template_vm_id)
    if machine is not None and machine.running and work.operation is None:
        return Outcome(Then.NEXT)
    return work.settle(machines.resume, lambda: machines.start_power_on(work.capture.template_vm_id))


def copy_disk(work: TaskWork) -> Outcome:
    """Step 5: a disk from the snapshot."""
    template, snapshot, disk = _template(work), _id_of(work, "snapshot"), _note(work, "disk")
    return _make(work, lambda: work.services.workshop.start_disk(disk, snapshot, template, work.task.id))


def create_copy(work: TaskWork) -> Outcome:
    """Step 6: a VM like the template on that disk."""
    template, disk, vm = _template(work), _id_of(work, "disk"), _note(work, "virtual machine")
    subnet = work.capture.build_subnet_id
    return _make(work, lambda: work.services.workshop.start_clone(vm, disk, template, subnet, work.task.id))


def prepare_copy(work: TaskWork) -> Outcome:
    """Step 7: Windows on the copy is generalized. The script is safe to repeat."""
    vm, location = _id_of(work, "virtual machine"), _definition(work).location
    return _make(work, lambda: work.services.workshop.start_prepare(vm, location, work.task.id))


def generalize_copy(work: TaskWork) -> Outcome:
    """Step 8: the copy is switched off and marked as generalized. It is looked at first: it must be our copy."""
    services, vm = work.services, _id_of(work, "virtual machine")
    if services.workshop.owner(vm) != work.task.id:
        raise StepFailed(f"{vm} is not the copy this task has made")
    machine = services.machines.machine(vm)
    if work.operation is not None or (machine is not None and machine.power != "deallocated"):
        switched_off = work.settle(services.machines.resume, lambda: services.machines.start_deallocate(vm))
        if switched_off.then is not Then.NEXT:
            return switched_off
    services.workshop.generalize(vm)
    return Outcome(Then.NEXT)


def capture_image(work: TaskWork) -> Outcome:
    """Step 9: a managed image of the copy, where the definition takes versions only so (azure-facts 2.3)."""
    if not work.capture.through_image:
        return Outcome(Then.NEXT)
    vm, image, location = _id_of(work, "virtual machine"), _note(work, "managed image"), _definition(work).location
    generation = work.capture.generation
    return _make(work, lambda: work.services.workshop.start_image(image, vm, location, generation, work.task.id))


def capture_version(work: TaskWork) -> Outcome:
    """Step 10: a version of it in the gallery, left out of latest. A number that somebody took is not written over."""
    gallery, version = work.services.gallery, work.task.version or ""
    if work.operation is None:
        found = gallery.version(work.image.definition_id, version)
        if found is not None and found.task != work.task.id:
            raise StepFailed(f"version {version} appeared in the gallery meanwhile: begin again with another number")
    _note(work, "image version")
    source = _id_of(work, "managed image" if work.capture.through_image else "virtual machine")
    definition, regions = _definition(work), work.capture.regions
    return work.settle(
        gallery.resume,
        lambda: gallery.start_version(definition, version, source_id=source, regions=regions, task=work.task.id),
    )


def replicate_version(work: TaskWork) -> Outcome:
    """Step 11: the version is in all its regions. Raises StepFailed when Azure has given up."""
    found = work.services.gallery.version(work.image.definition_id, work.task.version or "")
    if found is None or found.failed:
        raise StepFailed(f"version {work.task.version} could not be made: {found.detail if found else 'it is gone'}")
    if found.ready:
        return Outcome(Then.NEXT)
    percent = done(work.task.kind, REPLICATE_VERSION, found.percent)
    note = f"replicated to {found.percent} %: {found.detail}"
    if (percent, note) != (work.task.percent, work.task.note):
        work.save(percent=percent, note=note)
    return Outcome(Then.WAIT, work.services.settings.operation_poll)


def record_version(work: TaskWork) -> Outcome:
    """Step 12: the version is staged. When it is not to wait for that, it is activated by a task of its own."""
    change_family(work.services, work.task.image, lambda f: lifecycle.captured(f, work.task.id, work.services.now()))
    # Also when it was recorded before: what was cut off there may not have told it, and twice is better than never.
    audit_task(work.services, work.task, before=work.task.from_version or "", after=f"{work.task.version} (staged)")
    if not work.capture.stage:
        _activate(work)
    return Outcome(Then.NEXT)


def _activate(work: TaskWork) -> None:
    capture = work.capture
    if not capture.activation:
        capture = capture.model_copy(update={"activation": newest_first_id(work.services.now())})
        work.save(capture=capture)
    task = new_task(
        work.services, TaskKind.ACTIVATE, work.task.image, work.task.requested_by, version=work.task.version,
        reason=f"task {work.task.id}, not to be staged", activation=ActivationWork(backup=capture.backup),
    )  # fmt: skip
    begin(work.services, work.engine, work.image, task.model_copy(update={"id": capture.activation}))


def _template(work: TaskWork) -> Template:
    template = work.services.workshop.template(work.capture.template_vm_id)
    if template is None:
        raise StepFailed("the template VM does not exist any more")
    return template


def _definition(work: TaskWork) -> Definition:
    return work.services.gallery.definition(work.image.definition_id)


def _make(work: TaskWork, start: Callable[[], Operation]) -> Outcome:
    return work.settle(work.services.workshop.resume, start)


def _id_of(work: TaskWork, kind: MadeKind) -> str:
    """The ARM id of what this task makes of a kind: beside the template, named after the task."""
    group = work.capture.template_vm_id.lower().index("/providers/")
    scope = work.capture.template_vm_id[:group]
    return f"{scope}/providers/Microsoft.Compute/{PLACES[kind]}/freshcoat-{work.task.id}"


def _note(work: TaskWork, kind: MadeKind) -> str:
    """Note that this is about to be made; its ARM id."""
    if kind == "image version":
        made = Made(kind=kind, id=f"{work.image.definition_id}/versions/{work.task.version}")
    else:
        made = Made(kind=kind, id=_id_of(work, kind))
    if made not in work.capture.made:
        work.save(capture=work.capture.model_copy(update={"made": (*work.capture.made, made)}))
    return made.id
