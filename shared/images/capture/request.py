"""Requesting "Set as image": check everything that could stop it, reserve the image, start the task."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.access.registrations import check_still_reached
from shared.api.images import SetAsImageRequest
from shared.api.tasks import TaskView
from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureBusy, AzureRefused, Conflict, FieldProblem, InvalidRequest
from shared.core.states import VERSION_FORMERLY_ACTIVE, VersionState
from shared.images.adoption import adopted
from shared.images.change_records import write_change_records
from shared.images.removal import with_freed_numbers
from shared.images.replication import regions_by_pool
from shared.images.scopes import out_of_scope
from shared.images.template_rules import template_problem
from shared.models.access.roles import Reach
from shared.models.azure import Template
from shared.models.base import region_key, version_key
from shared.models.images import Definition, GalleryVersion, Image, TargetRegion
from shared.models.messages import sentence
from shared.models.tasks import CaptureWork, Task, TaskKind
from shared.ports.engine import Engine
from shared.records.images import find_image
from shared.records.tasks import audit_task, forget_task, new_task, write_task
from shared.records.versions import change_versions
from shared.services import Services
from shared.versions import lifecycle
from shared.versions.numbers import next_version
from shared.versions.version_set import VersionSet
from shared.views.tasks import view
from shared.workflow.starting import start_task

_log = logging.getLogger(__name__)


def set_as_image(
    services: Services, engine: Engine, name: str, asked: SetAsImageRequest, who: str, reach: Reach
) -> TaskView:
    """Start to make a new version from the image's template VM.

    Raises NotFound, InvalidRequest, Conflict (the VM is running, another task holds the image, a version is staged),
    AzureBusy. Then nothing was changed.
    """
    image = find_image(services, name)
    check_still_reached(reach, "image", image.owners)

    def read() -> VersionSet:
        return with_freed_numbers(services, image, adopted(services, image, who))

    drawn = drafted(services, image, asked, who, read)
    return view(_begin(services, engine, drawn.task, drawn.version_set), services.now())


@dataclass(frozen=True)
class Draft:
    """A set-as-image before it is started."""

    task: Task
    template: Template
    version_set: VersionSet
    """The versions as they are before it."""


def drafted(
    services: Services, image: Image, asked: SetAsImageRequest, who: str, read: Callable[[], VersionSet]
) -> Draft:
    """The task as it would be written. `read` gives the versions, once the template and the gallery are known to fit.

    Raises InvalidRequest, Conflict, AzureBusy.
    """
    if problem := out_of_scope(services, image, image.template_vm_id, image.build_subnet_id, image.definition_id):
        raise Conflict(sentence(problem))
    template = _read_template(services, image)
    definition, versions = _read_gallery(services, image)
    version_set = read()
    if problems := _problems(asked, version_set, versions, template):
        raise InvalidRequest(problems)
    if template.running and not asked.power_off:
        raise Conflict(
            f"The template VM {template.name} is running. Switch it off, or power off & set as image: "
            "send power_off: true. It is started again afterwards."
        )
    _check_fit(template, definition)
    version = asked.version or next_version(_taken(version_set, versions), asked.step or "major")
    context = CaptureWork(
        template_vm_id=image.template_vm_id,
        build_subnet_id=image.build_subnet_id or template.subnet_id,
        power_off=asked.power_off,
        stage=asked.stage,
        backup=asked.backup,
        notes=asked.notes,
        regions=_regions(services, image, asked, version_set, versions, template),
        through_image=definition.captured_through_image,
        generation=definition.generation,
    )
    task = new_task(
        services, TaskKind.SET_AS_IMAGE, image.name, who,
        version=version, from_version=version_set.state.active, capture=context, reason=asked.notes,
    )  # fmt: skip
    return Draft(task, template, version_set)


def _begin(services: Services, engine: Engine, task: Task, version_set: VersionSet) -> Task:
    """Write the task, reserve the image, start the task.

    A written task runs, by the resume timer if necessary, and its first step reserves the image: an error would invite
    a second request.
    """
    claimed(version_set, task, services)
    write_change_records(services, version_set, task.version)
    task = write_task(services, task)
    try:
        _hold(services, task)
    except AzureBusy:
        _log.warning("Task %s is written but has not reserved image %s yet.", task.id, task.image, exc_info=True)
    start_task(engine, task)
    return task


def _hold(services: Services, task: Task) -> None:
    """Reserve the image for the task; when that is refused, delete the task. Raises Conflict, AzureBusy."""
    try:
        change_versions(services, task.image, lambda now: claimed(now, task, services))
    except Conflict:
        forget_task(services, task)
        raise
    audit_begun(services, task)


def audit_begun(services: Services, task: Task) -> None:
    """Record in the audit that a set-as-image has reserved its image."""
    audit_task(services, task, before=task.from_version or "", after=f"{task.version} (started)")


def claimed(version_set: VersionSet, task: Task, services: Services) -> VersionSet:
    """The version set reserved by this set-as-image; unchanged when it is already. Raises Conflict."""
    context = task.capture
    assert context is not None and task.version is not None  # noqa: S101 - its request wrote it
    return lifecycle.begin_capture(
        version_set, task.version, task=task.id, now=services.now(), who=task.requested_by,
        notes=context.notes, backup=context.backup,
    )  # fmt: skip


def _problems(
    asked: SetAsImageRequest, version_set: VersionSet, versions: list[GalleryVersion], template: Template
) -> list[FieldProblem]:
    """Everything that is wrong with the request, all at once."""
    problems = []
    if asked.stage and not asked.backup:
        problems.append(
            FieldProblem("backup", "staging keeps the current version as a backup: leave backup on, or turn stage off")
        )
    if asked.version and asked.step:
        problems.append(FieldProblem("step", "give either a version or a step"))
    active = version_set.state.active
    if asked.version in _taken(version_set, versions):
        problems.append(FieldProblem("version", f"{asked.version} exists already; choose another number"))
    elif asked.version and active and version_key(asked.version) < version_key(active):
        problems.append(FieldProblem("version", f"{asked.version} is lower than the active {active}"))
    return [*problems, *_region_problems(asked.regions, template.location)]


def _region_problems(regions: Sequence[TargetRegion] | None, home: str) -> list[FieldProblem]:
    if regions is None:
        return []
    problems, named = [], [region.key for region in regions]
    if region_key(home) not in named:
        problems.append(FieldProblem("regions", f"the template's own region, {home}, must be among them"))
    if len(set(named)) < len(named):
        problems.append(FieldProblem("regions", "a region is named twice"))
    return problems


def _taken(version_set: VersionSet, versions: list[GalleryVersion]) -> set[str]:
    """The numbers that a new version cannot have."""
    alive = {name for name, row in version_set.versions.items() if row.state in _ALIVE}
    return alive | {version.version for version in versions}


def _read_template(services: Services, image: Image) -> Template:
    if not image.template_vm_id:
        raise Conflict(f"Image {image.name} has no template VM. Register it with a template_vm_id.")
    try:
        template = services.image_builder.template(image.template_vm_id)
    except AzureRefused as error:
        raise Conflict(f"Template VM: {describe_azure_error('virtual machine', error)}.") from error
    if template is None:
        raise Conflict(f"The template VM {image.template_vm_id} does not exist. Register the image with another one.")
    if problem := template_problem(services, image.name, template.id, template.image, running=template.running):
        raise Conflict(f"Template VM {template.name}: {problem}.")
    if template.os_disk_id is None or template.ephemeral:
        raise Conflict(f"The template VM {template.name} has an ephemeral OS disk, which cannot be copied.")
    if not template.windows:
        raise Conflict(f"The template VM {template.name} does not run Windows.")
    return template


def _read_gallery(services: Services, image: Image) -> tuple[Definition, list[GalleryVersion]]:
    try:
        return services.gallery.definition(image.definition_id), services.gallery.versions(image.definition_id)
    except AzureRefused as error:
        raise Conflict(f"Gallery: {describe_azure_error('image definition', error)}.") from error


def _check_fit(template: Template, definition: Definition) -> None:
    if not (definition.windows and definition.generalized):
        raise Conflict("The image definition is not for generalized Windows. Register one that is.")
    _check_security(template, definition)
    if region_key(template.location) != region_key(definition.location):
        raise Conflict(
            f"The template VM is in {template.location}, but its gallery is in {definition.location}. Use one region."
        )


def _check_security(template: Template, definition: Definition) -> None:
    """Refuse a mismatch: a Trusted Launch VM has no managed image, and only it gives a Trusted Launch version."""
    trusted = str(template.security.get("securityType") or "").lower() == "trustedlaunch"
    if trusted and definition.captured_through_image:
        raise Conflict(
            f"The template VM {template.name} has Trusted Launch, and a definition of type {definition.security_type} "
            "takes versions only from VMs without it. Use a definition of type TrustedLaunch, or another template."
        )
    if not trusted and definition.security_type == "TrustedLaunch":
        raise Conflict(
            f"The definition is of type TrustedLaunch, and the template VM {template.name} has no Trusted Launch: "
            "use another definition or another template."
        )


_ALIVE = VERSION_FORMERLY_ACTIVE | {VersionState.CAPTURING, VersionState.STAGED, VersionState.ACTIVE}


def _regions(
    services: Services,
    image: Image,
    asked: SetAsImageRequest,
    version_set: VersionSet,
    versions: list[GalleryVersion],
    template: Template,
) -> tuple[TargetRegion, ...]:
    """The target regions: as requested; by default those of the active version, the template VM and the image's pools.

    The template's region is always included, since the version is replicated from there (azure-facts 2.1). Whether
    Azure offers the other regions is known only when the version is created.
    """
    home = region_key(template.location)
    if asked.regions is not None:
        return tuple(asked.regions)
    replicas = next((v.replicas for v in versions if v.version == version_set.state.active), {})
    of_pools = regions_by_pool(services, image, pass_unread=True).values()
    wanted = {home, *replicas}.union(*of_pools)
    return tuple(TargetRegion(name=region, replicas=max(1, replicas.get(region, 1))) for region in sorted(wanted))
