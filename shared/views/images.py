"""Images and their versions as people see them: the tables, with the gallery and the template VM as they are now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from shared.access.subjects import task_subject
from shared.api.common import Listed
from shared.api.conditions import entity_tag
from shared.api.images import GalleryView, ImageRegistration, ImageView, TemplateView, VersionView
from shared.api.lists.versions import VersionsQuery
from shared.api.tasks import TaskBrief
from shared.core.arm_ids import describe_azure_error, last, parse, version_id
from shared.core.errors import AzureBusy, AzureError, AzureRefused, NotFound
from shared.models.access.roles import Reach
from shared.models.azure import VirtualMachine
from shared.models.base import version_key
from shared.models.images import GalleryVersion, Image, ImageVersion
from shared.ports.ordered import ordered_page
from shared.ports.paging import page_of
from shared.records.images import available, find_image
from shared.records.versions import read_versions
from shared.services import IMAGES, POOLS, PROMOTIONS, TASKS, Services
from shared.versions.advice import advice_of
from shared.versions.lifecycle import backup_to_take
from shared.versions.version_set import VersionSet
from shared.views.filters import check_account_filter
from shared.views.tasks import brief

_READERS = 8
POOLS_FOR = 5.0
"""Seconds for which the pools of images are counted as they were read."""
AZURE_FOR = 5.0
"""Seconds for which an image is shown as Azure had it: its page asks as often, for each who looks at it."""


def view_images(services: Services, images: Sequence[Image], reach: Reach) -> list[ImageView]:
    """The images as they are now, with tasks in reach. One that cannot be read says why, and holds up no other."""
    templates = _templates(services, images)
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(lambda image: _view_image(services, image, templates, reach), images))


def view_versions(services: Services, image: Image, reach: Reach) -> list[VersionView]:
    """All versions, those of the gallery and those that are recorded, in any order.

    `used_by` names the pools in reach. Raises AzureError.
    """
    version_set = read_versions(services, image.name)
    gallery = {version.version: version for version in _in_gallery(services, image, version_set)}
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
        for version in {*gallery, *recorded}
    ]


def _in_gallery(services: Services, image: Image, version_set: VersionSet) -> list[GalleryVersion]:
    """The versions of the gallery a moment ago; as they are now when a version's row has changed. Raises AzureError."""
    etags = frozenset((version_set.state.etag, *(row.etag for row in version_set.versions.values())))
    key = ("gallery of image", image.definition_id, etags)
    return services.read_cache.get(key, AZURE_FOR, lambda: list(services.gallery.versions(image.definition_id)))


def _templates(services: Services, images: Sequence[Image]) -> Mapping[str, VirtualMachine] | AzureError | None:
    """All template VMs in one call, by lower-case id, or why not; None when each is to be read on its own."""
    wanted = {image.template_vm_id for image in images if image.template_vm_id}
    if len(wanted) < 2:
        return None
    try:
        key = ("templates", frozenset(wanted))
        return services.read_cache.get(key, AZURE_FOR, lambda: services.vms.find_many(wanted))
    except AzureBusy as error:
        return error  # asking again for each of them would make it worse
    except AzureRefused:
        return None  # one of them may not be read: the others can be all the same


def _view_image(
    services: Services, image: Image, templates: Mapping[str, VirtualMachine] | AzureError | None, reach: Reach
) -> ImageView:
    version_set = read_versions(services, image.name)
    staged, active = (version_set.versions.get(it or "") for it in (version_set.state.staged, version_set.state.active))
    template, template_problem = _template(services, image, templates)
    problems = [_gallery_problem(services, image, version_set), template_problem]
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
            "promotion_due_at": _due_at(services, version_set),
            "pools": _pools_by_version(services, image, reach),
            "power": template.power if template else "",
            "template": template,
            "gallery": _gallery(image),
            "last_task": _last_task(services, version_set, reach),
            "problem": "; ".join(filter(None, problems)),
        }
    )


def _gallery_problem(services: Services, image: Image, version_set: VersionSet) -> str:
    try:
        there = {version.version for version in _in_gallery(services, image, version_set)}
    except AzureError as error:
        return describe_azure_error("image definition", error)
    missing = [
        version for version in (version_set.state.active, version_set.state.staged) if version and version not in there
    ]
    return f"the gallery no longer has version {', '.join(missing)}" if missing else ""


def _due_at(services: Services, version_set: VersionSet) -> datetime | None:
    held = version_set.state.promotion
    promotion = services.promotions.find(PROMOTIONS, held) if held else None
    return promotion.due_at if promotion else None


def _pools_by_version(services: Services, image: Image, reach: Reach) -> dict[str, int]:
    pools = services.read_cache.get("pools of images", POOLS_FOR, lambda: services.pools.all(POOLS))
    mine = [pool for pool in pools if pool.image == image.name and reach.sees((pool.account,))]
    return dict(sorted(Counter(pool.version or "unknown" for pool in mine).items()))


def _gallery(image: Image) -> GalleryView:
    definition = last(image.definition_id)
    try:
        at = parse(image.definition_id, depth=2)
    except AzureError:
        return GalleryView(name="", definition=definition, resource_group="", subscription="")
    return GalleryView(name=at.names[0], definition=definition, resource_group=at.group, subscription=at.subscription)


def _template(
    services: Services, image: Image, templates: Mapping[str, VirtualMachine] | AzureError | None
) -> tuple[TemplateView | None, str]:
    """The template VM as it is now, and why it could not be read. None without one."""
    if not image.template_vm_id:
        return None, ""
    found, problem = _vm(services, image.template_vm_id, templates)
    view = TemplateView(
        name=last(image.template_vm_id),
        vm_size=found.vm_size if found else "",
        power=found.power if found else "",
        last_started=image.template_started_at,
    )
    return view, problem


def _vm(
    services: Services, vm_id: str, templates: Mapping[str, VirtualMachine] | AzureError | None
) -> tuple[VirtualMachine | None, str]:
    """The template VM, and why it could not be read."""
    try:
        if isinstance(templates, AzureError):
            raise templates
        found = _vm_lately(services, vm_id) if templates is None else templates.get(vm_id.lower())
    except AzureError as error:
        return None, describe_azure_error("template VM", error)
    return found, "" if found else "the template VM no longer exists; register the image with another one"


def _vm_lately(services: Services, vm_id: str) -> VirtualMachine | None:
    return services.read_cache.get(template_key(vm_id), AZURE_FOR, lambda: services.vms.find(vm_id))


def template_key(vm_id: str) -> tuple[str, str]:
    """Where a template VM is kept as it was read to be shown."""
    return "template", vm_id.lower()


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
            "deleting": recorded is not None and recorded.deleting and there is not None,
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


def list_versions(services: Services, name: str, reach: Reach, query: VersionsQuery) -> Listed[VersionView]:
    """A page of the versions of an image. Raises NotFound, AzureError, InvalidRequest for a bad continuation."""
    page = ordered_page(
        view_versions(services, find_image(services, name), reach),
        lambda view: [*version_key(view.version)],
        lambda view: view.version,
        by="version",
        descending=query.order == "desc",
        limit=query.limit,
        continuation=query.continuation,
    )
    return Listed[VersionView](items=page.rows, continuation=page.continuation)


def read_version(services: Services, name: str, version: str, reach: Reach) -> VersionView:
    """One version of an image. Raises NotFound, also for one that was never recorded and is not in the gallery."""
    image = find_image(services, name)
    found = next((one for one in view_versions(services, image, reach) if one.version == version), None)
    if found is None:
        raise NotFound("version", version)
    return found
