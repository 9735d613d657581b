"""Retention: removes versions that are neither needed nor used, and finishes changes that were interrupted.

Each version and each image is handled by itself: a failure is logged and tried again next time. Any number of workers
may run this at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from shared.core.errors import AzureBusy, FreshcoatError
from shared.core.ids import made_at
from shared.core.states import VERSION_FORMERLY_ACTIVE
from shared.images.change_records import write_change_record
from shared.images.removal import remove_from_gallery
from shared.images.usage import VersionUsage, read_usage, usage_text
from shared.models.images import Image
from shared.records.versions import change_versions, read_versions
from shared.services import IMAGES, Services
from shared.versions import lifecycle, removal_rules

log = logging.getLogger("freshcoat.retention")

WHO = "retention"
"""Retention's name in the audit."""

UNRECORDED_LIMIT = timedelta(minutes=10)
"""How long a change may be without its task: the request that made it may be about to write it."""
RECENT = timedelta(days=7)
"""How far back changes without a task are searched: retention may not have run for days."""


def tidy(services: Services) -> list[str]:
    """Remove versions that are neither needed nor used; answers those that are gone now, as `image version`.

    A slow removal is found finished at a later run. Raises AzureBusy when the tables cannot be read.
    """
    images = services.images.all(IMAGES)
    candidates, started = _candidates(services, images)
    gone = _remove(services, [*started, *_fence(services, candidates)])
    for image in images:
        with _apart(f"flags of {image.name}"):
            _put_flags_right(services, image)
        with _apart(f"tasks of {image.name}"):
            _write_missing_records(services, image)
    return gone


@contextmanager
def _apart(what: str) -> Iterator[None]:
    """Log failures inside, so that they do not stop the rest."""
    try:
        yield
    except AzureBusy as error:
        log.info("%s: postponed to the next run because Azure is busy: %s", what, error)
    except FreshcoatError as error:
        log.warning("%s: %s", what, error)
    except Exception:
        log.exception("%s", what)


type _Versions = list[tuple[Image, str]]


def _candidates(services: Services, images: Sequence[Image]) -> tuple[_Versions, _Versions]:
    """Versions that may be removed, and versions whose removal has started."""
    candidates: _Versions = []
    started: _Versions = []
    for image in images:
        with _apart(f"versions of {image.name}"):
            version_set = read_versions(services, image.name)
            for version in removal_rules.to_remove(version_set, image.retention, services.now()):
                (started if version_set.versions[version].deleting else candidates).append((image, version))
    return candidates, started


def _fence(services: Services, versions: _Versions) -> _Versions:
    """Fence the unused versions and answer them; for the others, record who uses them."""
    uses = read_usage(services) if versions else VersionUsage(())
    fenced: _Versions = []
    for image, version in versions:
        with _apart(f"{image.name} {version}"):
            if users := uses.users_of(image, version):
                reason = f"is kept because it is used by {usage_text(users)}"
                change_versions(
                    services, image.name, partial(removal_rules.not_removed, version=version, reason=reason)
                )
            else:
                begin = partial(removal_rules.begin_removal, version=version, who=WHO, now=services.now())
                change_versions(services, image.name, begin)
                fenced.append((image, version))
    return fenced


def _remove(services: Services, fenced: _Versions) -> list[str]:
    """Delete the versions that are still unused; answers those that are gone. Usage is read after every fence."""
    uses = read_usage(services) if fenced else VersionUsage(())
    gone = []
    for image, version in fenced:
        with _apart(f"{image.name} {version}"):
            row = remove_from_gallery(services, image, version, uses)
            if not row.deleting and row.state not in VERSION_FORMERLY_ACTIVE:
                gone.append(f"{image.name} {version}")
    return gone


def _put_flags_right(services: Services, image: Image) -> None:
    """Start to correct the first wrong `excludeFromLatest` flag: an earlier operation may have failed unnoticed.

    The gallery is read before the rows, so that a version that became active in between is not excluded.
    """
    known = {found.version: found.latest_flag for found in services.gallery.versions(image.definition_id)}
    for version, excluded in lifecycle.flags(read_versions(services, image.name), known)[:1]:
        log.warning("image %s: %s is %s latest", image.name, version, "left out of" if excluded else "let into")
        services.gallery.start_exclude(image.definition_id, version, excluded=excluded)


def _write_missing_records(services: Services, image: Image) -> None:
    """Write the tasks of recent changes whose process died before it could write them."""
    now = services.now()
    for row in read_versions(services, image.name).versions.values():
        made = made_at(row.task)
        if made is not None and now - RECENT <= made <= now - UNRECORDED_LIMIT:
            write_change_record(services, row)
