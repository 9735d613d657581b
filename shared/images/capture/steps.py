"""The steps of a set-as-image that create resources: from the template VM to a version in the gallery.

The template VM is never generalized: it is cloned, and the clone is prepared and captured. The name of every resource
follows from the task's id and is recorded in the row before it is created, so that it can always be removed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from shared.core.arm_ids import resource_group_of, version_id
from shared.core.codes import Code
from shared.core.ids import newest_first_id
from shared.core.names import REPLICATE_VERSION
from shared.core.steps import NextAction, StepResult
from shared.images.activation.request import begin
from shared.images.capture.request import audit_begun, claimed
from shared.images.scopes import out_of_scope
from shared.images.template_rules import template_problem
from shared.models.azure import Operation, PowerState, Template
from shared.models.images import Definition
from shared.models.messages import message
from shared.models.tasks import ActivationWork, Made, TaskKind
from shared.records.ownership import is_given_away
from shared.records.tasks import audit_task, new_task
from shared.records.versions import change_versions
from shared.versions import lifecycle
from shared.workflow.task_context import TaskContext
from shared.workflow.task_steps import percent_done
from shared.workflow.waiting import StepFailed

type MadeKind = Literal["snapshot", "disk", "virtual machine", "managed image", "image version"]

PLACES: dict[MadeKind, str] = {
    "snapshot": "snapshots",
    "disk": "disks",
    "virtual machine": "virtualMachines",
    "managed image": "images",
}


def claim_image(context: TaskContext) -> StepResult:
    """Step 1: reserve the image, unless the request did. Raises Conflict when another task holds it."""
    before, after = change_versions(
        context.services, context.task.image, lambda f: claimed(f, context.task, context.services)
    )
    if before is not after:
        audit_begun(context.services, context.task)
    return StepResult(NextAction.NEXT)


def switch_off_template(context: TaskContext) -> StepResult:
    """Step 2: switch the template VM off, if the request allowed it. Raises StepFailed."""
    vms = context.services.vms
    template = _template(context)
    if not template.running and context.operation is None:
        return StepResult(NextAction.NEXT)
    if not context.capture.power_off:
        raise StepFailed("the template VM was switched on in the meantime: switch it off, or send power_off: true")
    if context.operation is None and (problem := _template_problem(context, template)):
        raise StepFailed(f"{template.name} was not switched off: {problem}")
    if not context.capture.was_running:
        context.save(capture=context.capture.model_copy(update={"was_running": True}))
    return context.run_operation(vms.resume, lambda: vms.start_deallocate(template.id))


def snapshot_template(context: TaskContext) -> StepResult:
    """Step 3: snapshot its OS disk. Raises StepFailed when somebody switched the template VM on again."""
    template = _template(context)
    if template.running and context.operation is None:
        raise StepFailed("the template VM was switched on during the set-as-image: start again when it is off")
    snapshot = _note(context, "snapshot")
    return _make(context, lambda: context.services.image_builder.start_snapshot(snapshot, template, context.task.id))


def restart_template(context: TaskContext) -> StepResult:
    """Step 4: start the template VM if it ran before. Its state is read first: somebody may have started it."""
    vms = context.services.vms
    if not context.capture.was_running:
        return StepResult(NextAction.NEXT)
    template = vms.find(context.capture.template_vm_id)
    if template is not None and template.running and context.operation is None:
        return StepResult(NextAction.NEXT)
    return context.run_operation(vms.resume, lambda: vms.start_power_on(context.capture.template_vm_id))


def copy_disk(context: TaskContext) -> StepResult:
    """Step 5: create a disk from the snapshot."""
    template, snapshot, disk = _template(context), _id_of(context, "snapshot"), _note(context, "disk")
    return _make(context, lambda: context.services.image_builder.start_disk(disk, snapshot, template, context.task.id))


def create_copy(context: TaskContext) -> StepResult:
    """Step 6: create the clone on that disk: a VM like the template VM."""
    template, disk, vm = _template(context), _id_of(context, "disk"), _note(context, "virtual machine")
    subnet = context.capture.build_subnet_id
    return _make(
        context, lambda: context.services.image_builder.start_clone(vm, disk, template, subnet, context.task.id)
    )


def prepare_copy(context: TaskContext) -> StepResult:
    """Step 7: generalize Windows on the clone (sysprep). The script is safe to repeat."""
    vm, location = _id_of(context, "virtual machine"), _definition(context).location
    return _make(context, lambda: context.services.image_builder.start_prepare(vm, location, context.task.id))


def generalize_copy(context: TaskContext) -> StepResult:
    """Step 8: switch the clone off and mark it as generalized. Its tag is read first: it must be this task's clone."""
    _stop_if_out_of_scope(context)
    services, vm_id = context.services, _id_of(context, "virtual machine")
    if services.image_builder.owner(vm_id) != context.task.id:
        raise StepFailed(f"{vm_id} is not the clone that this task created")
    vm = services.vms.find(vm_id)
    if context.operation is not None or (vm is not None and vm.power != PowerState.DEALLOCATED):
        result = context.run_operation(services.vms.resume, lambda: services.vms.start_deallocate(vm_id))
        if result.action is not NextAction.NEXT:
            return result
    services.image_builder.generalize(vm_id)
    return StepResult(NextAction.NEXT)


def capture_image(context: TaskContext) -> StepResult:
    """Step 9: create a managed image of the clone, if the definition takes versions only from one (azure-facts 2.3)."""
    if not context.capture.through_image:
        return StepResult(NextAction.NEXT)
    vm, image, location = (
        _id_of(context, "virtual machine"),
        _note(context, "managed image"),
        _definition(context).location,
    )
    generation = context.capture.generation
    return _make(
        context, lambda: context.services.image_builder.start_image(image, vm, location, generation, context.task.id)
    )


def capture_version(context: TaskContext) -> StepResult:
    """Step 10: create the gallery version, excluded from latest. A version that exists already is not changed."""
    _stop_if_out_of_scope(context)
    gallery, version = context.services.gallery, context.task.version or ""
    if context.operation is None:
        found = gallery.version(context.image.definition_id, version)
        if found is not None and found.task != context.task.id:
            raise StepFailed(
                f"version {version} appeared in the gallery in the meantime: start again with another number"
            )
    _note(context, "image version")
    source = _id_of(context, "managed image" if context.capture.through_image else "virtual machine")
    definition, regions = _definition(context), context.capture.regions
    return context.run_operation(
        gallery.resume,
        lambda: gallery.start_version(definition, version, source_id=source, regions=regions, task=context.task.id),
    )


def replicate_version(context: TaskContext) -> StepResult:
    """Step 11: wait until the version is in all its regions. Raises StepFailed when Azure has failed."""
    found = context.services.gallery.version(context.image.definition_id, context.task.version or "")
    if found is None or found.failed:
        raise StepFailed(
            f"version {context.task.version} could not be created: {found.detail if found else 'it is gone'}"
        )
    if found.ready:
        return StepResult(NextAction.NEXT)
    percent = percent_done(context.task.kind, REPLICATE_VERSION, found.percent)
    note = message(Code.REPLICATING, f"replicated to {found.percent} %: {found.detail}", count=found.percent)
    if (percent, note) != (context.task.percent, context.task.note):
        context.save(percent=percent, note=note)
    return StepResult(NextAction.WAIT, context.services.settings.operation_poll)


def record_version(context: TaskContext) -> StepResult:
    """Step 12: stage the version. If it is to be activated at once, start an activation task."""
    _stop_if_out_of_scope(context)
    change_versions(
        context.services, context.task.image, lambda f: lifecycle.captured(f, context.task.id, context.services.now())
    )
    # Also when it is staged already: an interrupted run may not have written it, and twice is better than never.
    audit_task(
        context.services, context.task, before=context.task.from_version or "", after=f"{context.task.version} (staged)"
    )
    if not context.capture.stage:
        _activate(context)
    return StepResult(NextAction.NEXT)


def _activate(context: TaskContext) -> None:
    capture = context.capture
    if not capture.activation:
        capture = capture.model_copy(update={"activation": newest_first_id(context.services.now())})
        context.save(capture=capture)
    task = new_task(
        context.services,
        TaskKind.ACTIVATE,
        context.task.image,
        context.task.requested_by,
        requester=context.task.requester,
        version=context.task.version,
        reason=f"task {context.task.id}, activated at once",
        activation=ActivationWork(backup=capture.backup),
    )
    begin(context.services, context.engine, context.image, task.model_copy(update={"id": capture.activation}))


def _template_problem(context: TaskContext, template: Template) -> str:
    return template_problem(context.services, context.task.image, template.id, template.image, running=True)


def _stop_if_out_of_scope(context: TaskContext) -> None:
    """Raises StepFailed when what the task works on is not the image's accounts' any more, or the image is not those's
    that it was begun for."""
    if is_given_away(context.task, context.image):
        raise StepFailed(
            f"image {context.image.name} belongs to other accounts by now: start again if you have them all"
        )
    capture = context.capture
    ids = capture.template_vm_id, capture.build_subnet_id, context.image.definition_id
    if problem := out_of_scope(context.services, context.image, *ids):
        raise StepFailed(problem)


def _template(context: TaskContext) -> Template:
    _stop_if_out_of_scope(context)
    template = context.services.image_builder.template(context.capture.template_vm_id)
    if template is None:
        raise StepFailed("the template VM no longer exists")
    return template


def _definition(context: TaskContext) -> Definition:
    return context.services.gallery.definition(context.image.definition_id)


def _make(context: TaskContext, start: Callable[[], Operation]) -> StepResult:
    _stop_if_out_of_scope(context)
    return context.run_operation(context.services.image_builder.resume, start)


def _id_of(context: TaskContext, kind: MadeKind) -> str:
    """The ARM id of this task's resource of a kind: in the template VM's group, named after the task."""
    group = resource_group_of(context.capture.template_vm_id)
    return f"{group}/providers/Microsoft.Compute/{PLACES[kind]}/freshcoat-{context.task.id}"


def _note(context: TaskContext, kind: MadeKind) -> str:
    """Record that this resource is about to be created; answers its ARM id."""
    if kind == "image version":
        made = Made(kind=kind, id=version_id(context.image.definition_id, context.task.version or ""))
    else:
        made = Made(kind=kind, id=_id_of(context, kind))
    if made not in context.capture.made:
        context.save(capture=context.capture.model_copy(update={"made": (*context.capture.made, made)}))
    return made.id
