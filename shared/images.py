"""Global images: registering, listing, and the versions their galleries hold."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from shared.arm_ids import definition_problem, refusal
from shared.audit import audit
from shared.errors import AzureBusy, AzureError, Conflict, InvalidRequest, NotFound
from shared.models.base import version_key
from shared.models.images import GalleryVersion, Image
from shared.models.requests import ImageRegistration
from shared.models.views import ImageView, Listed, VersionView
from shared.services import IMAGES, POOLS, Services

_READERS = 8


def find_image(services: Services, name: str) -> Image:
    """A registered image. Raises NotFound."""
    image = services.images.find(IMAGES, name)
    if image is None:
        raise NotFound("image", name)
    return image


def register_image(services: Services, name: str, asked: ImageRegistration, who: str) -> tuple[ImageView, bool]:
    """Register or change an image; the answer says whether it is new.

    Raises InvalidRequest when the definition cannot be read, Conflict while a rollout of the image runs.
    """
    if problem := definition_problem(asked.definition_id):
        raise InvalidRequest.one("definition_id", problem)
    try:
        versions = services.gallery.versions(asked.definition_id)
    except AzureBusy:
        raise
    except AzureError as error:
        raise InvalidRequest.one("definition_id", refusal("image definition", error)) from error
    old = services.images.find(IMAGES, name)
    if old is None:
        kept = services.images.add(Image(name=name, definition_id=asked.definition_id, registered_at=services.now()))
    elif old.definition_id.lower() != asked.definition_id.lower():
        _refuse_in_use(services, name)
        kept = services.images.replace(old.model_copy(update={"definition_id": asked.definition_id}))
    else:
        return view_image(old, versions), False
    audit(services, who, "register image", name, asked.definition_id)
    return view_image(kept, versions), old is None


def _refuse_in_use(services: Services, name: str) -> None:
    for pool in services.pools.all(POOLS):
        if pool.image == name and pool.running_rollout:
            raise Conflict(
                f"Pool {pool.name} is being updated with this image; wait for the end or cancel it.",
                rollout=pool.running_rollout,
            )


def list_images(services: Services, *, limit: int, continuation: str | None) -> Listed[ImageView]:
    """A page of images, each with its current and staged version."""
    page = services.images.page(IMAGES, limit=limit, continuation=continuation)
    with ThreadPoolExecutor(_READERS) as readers:
        views = list(readers.map(lambda image: _read_view(services, image), page.rows))
    return Listed[ImageView](items=views, continuation=page.continuation)


def read_image(services: Services, name: str) -> ImageView:
    """One image. Raises NotFound."""
    return _read_view(services, find_image(services, name))


def list_versions(services: Services, name: str) -> Listed[VersionView]:
    """All versions of an image in its gallery, oldest first. Raises NotFound."""
    versions = services.gallery.versions(find_image(services, name).definition_id)
    return Listed[VersionView](items=[_view_version(version) for version in versions])


def _read_view(services: Services, image: Image) -> ImageView:
    try:
        return view_image(image, services.gallery.versions(image.definition_id))
    except AzureError as error:
        return view_image(image, []).model_copy(update={"problem": refusal("image definition", error)})


def view_image(image: Image, versions: Sequence[GalleryVersion]) -> ImageView:
    """The image with what its gallery says."""
    return ImageView(
        name=image.name,
        definition_id=image.definition_id,
        current=newest_in_use(versions),
        staged=max((v.version for v in versions if is_staged(v, versions)), key=version_key, default=None),
        registered_at=image.registered_at,
    )


def newest_in_use(versions: Sequence[GalleryVersion]) -> str | None:
    """The newest version that is not left out of "latest"."""
    return max((v.version for v in versions if not v.exclude_from_latest), key=version_key, default=None)


def is_staged(version: GalleryVersion, versions: Sequence[GalleryVersion]) -> bool:
    """Whether a version waits to be used: left out of "latest", and newer than what is in use.

    A back-up is left out of "latest" too, but is older than what is in use.
    """
    used = newest_in_use(versions)
    return version.exclude_from_latest and (used is None or version_key(version.version) > version_key(used))


def _view_version(version: GalleryVersion) -> VersionView:
    return VersionView(
        version=version.version,
        id=version.id,
        ready=version.ready,
        staged=version.exclude_from_latest,
        replicas=version.replicas,
        detail=version.detail,
    )
