"""Images and their versions as people see them: the tables, with the gallery and the template VM as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from shared.access.subjects import task_subject
from shared.api.common import Listed
from shared.api.conditions import entity_tag
from shared.api.images import ImageRegistration, ImageView, VersionView
from shared.api.tasks import TaskBrief
from shared.core.arm_ids import describe_azure_error, version_id
from shared.core.errors import AzureBusy, AzureError, AzureRefused
from shared.models.access.roles import Reach
from shared.models.azure import VirtualMachine
from shared.models.base import version_key
from shared.models.images import GalleryVersion, Image, ImageVersion
from shared.ports.paging import page_of
from shared.records.images import available, find_image
from shared.records.versions import read_versions
from shared.services import IMAGES, POOLS, TASKS, Services
from shared.versions.advice import advice_of
from shared.versions.lifecycle import backup_to_take
from shared.versions.version_set import VersionSet
from shared.views.filters import check_account_filter
from shared.views.tasks import brief

_READERS = 8


def view_images(services: Services, images: Sequence[Image], reach: Reach) -> list[ImageView]:
    """The images as they are now, with tasks in reach. One that cannot be read says why, and holds up no other."""
    templates = _templates(services, images)
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(lambda image: _view_image(services, image, templates, reach), images))


def view_versions(services: Services, image: Image, reach: Reach) -> list[VersionView]:
    """All versions, those of the gallery and those that are recorded, oldest first.

    `used_by` names the pools in reach. Raises AzureError.
    """
    gallery = {version.version: version for version in services.gallery.versions(image.definition_id)}
    version_set = read_versions(services, image.name)
    recorded = version_set.versions
    pools = [pool for pool in services.pools.all(POOLS) if pool.image == image.name and reach.sees((pool.account,))]
    return [
        view_version(
            image,
            version,
            gallery.get(version),
            recorded.get(version),
            [pool.name for pool in pools if pool.version == version],
        ).model_copy(update={"advice": advice_of(version_set, version)})
        for version in sorted({*gallery, *recorded}, key=version_key)
    ]


def _templates(services: Services, images: Sequence[Image]) -> Mapping[str, VirtualMachine] | AzureError | None:
    """All template VMs in one call, by lower-case id, or why not; None when each is to be read on its own."""
    wanted = {image.template_vm_id for image in images if image.template_vm_id}
    if len(wanted) < 2:
        return None
    try:
        return services.vms.find_many(wanted)
    except AzureBusy as error:
        return error  # asking again for each of them would make it worse
    except AzureRefused:
        return None  # one of them may not be read: the others can be all the same


def _view_image(
    services: Services, image: Image, templates: Mapping[str, VirtualMachine] | AzureError | None, reach: Reach
) -> ImageView:
    version_set = read_versions(services, image.name)
    staged, active = (version_set.versions.get(it or "") for it in (version_set.state.staged, version_set.state.active))
    power, power_problem = _power(services, image, templates)
    problems = [_gallery_problem(services, image, version_set), power_problem]
    kept = image.model_dump(include=set(ImageView.model_fields))
    return ImageView.model_validate(
        kept
        | {
            "etag": entity_tag(ImageRegistration.of(image)),
            "current": version_set.state.active,
            "staged": version_set.state.staged,
            "verdict": staged.verdict if staged else None,
            "current_verdict": active.verdict if active else None,
            "roll_back_to": backup_to_take(version_set),
            "advice": advice_of(version_set, version_set.state.active),
            "backups": [backup.version for backup in version_set.backups],
            "promotion": version_set.state.promotion,
            "power": power,
            "last_task": _last_task(services, version_set, reach),
            "problem": "; ".join(filter(None, problems)),
        }
    )


def _gallery_problem(services: Services, image: Image, version_set: VersionSet) -> str:
    try:
        there = {version.version for version in services.gallery.versions(image.definition_id)}
    except AzureError as error:
        return describe_azure_error("image definition", error)
    missing = [
        version for version in (version_set.state.active, version_set.state.staged) if version and version not in there
    ]
    return f"the gallery no longer has version {', '.join(missing)}" if missing else ""


def _power(
    services: Services, image: Image, templates: Mapping[str, VirtualMachine] | AzureError | None
) -> tuple[str, str]:
    """The template VM's power state, and why it could not be read."""
    vm_id = image.template_vm_id
    if not vm_id:
        return "", ""
    try:
        if isinstance(templates, AzureError):
            raise templates
        found = services.vms.find(vm_id) if templates is None else templates.get(vm_id.lower())
    except AzureError as error:
        return "", describe_azure_error("template VM", error)
    return (found.power, "") if found else ("", "the template VM no longer exists; register the image with another one")


def _last_task(services: Services, version_set: VersionSet, reach: Reach) -> TaskBrief | None:
    task = services.tasks.find(TASKS, version_set.state.last_task) if version_set.state.last_task else None
    return brief(task) if task and task_subject(task).seen_by(reach) else None


def view_version(
    image: Image, version: str, there: GalleryVersion | None, recorded: ImageVersion | None, used_by: list[str]
) -> VersionView:
    """A version, as the gallery has it and as it is recorded; `used_by` names the pools that are on it."""
    fields = (
        recorded.model_dump(include=set(VersionView.model_fields)) if recorded else {"version": version, "state": None}
    )
    details = [there.detail if there else "", recorded.note if recorded else ""]
    return VersionView.model_validate(
        fields
        | {
            "id": there.id if there else version_id(image.definition_id, version),
            "in_gallery": there is not None,
            "ready": there is not None and there.ready,
            "excluded_from_latest": there is not None and there.exclude_from_latest,
            "replicas": there.replicas if there else {},
            "used_by": used_by,
            "detail": "; ".join(filter(None, details)),
        }
    )


def list_images(
    services: Services, reach: Reach, *, search: str | None, account: str | None, limit: int, continuation: str | None
) -> Listed[ImageView]:
    """A page of images by name: those whose name contains `search` in any case, and that the account may have.

    Raises InvalidRequest for an unknown account.
    """
    check_account_filter(services, reach, account)
    wanted = [
        image
        for image in services.images.all(IMAGES)
        if reach.sees(image.owners)
        and (search or "").casefold() in image.name.casefold()
        and (account is None or available(image, account))
    ]
    page = page_of(wanted, lambda image: image.name, limit=limit, continuation=continuation)
    return Listed[ImageView](items=view_images(services, page.rows, reach), continuation=page.continuation)


def read_image(services: Services, name: str, reach: Reach) -> ImageView:
    """One image as it is now. Raises NotFound."""
    return view_images(services, [find_image(services, name)], reach)[0]


def list_versions(services: Services, name: str, reach: Reach) -> Listed[VersionView]:
    """All versions of an image, oldest first. Raises NotFound, AzureError."""
    return Listed[VersionView](items=view_versions(services, find_image(services, name), reach))
