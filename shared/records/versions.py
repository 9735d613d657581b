"""Reading and writing the versions of an image: all rows of a change in one conditional transaction."""

from __future__ import annotations

from collections.abc import Callable

from shared.core.errors import AlreadyExists, AzureBusy, StaleRow
from shared.models.images import ImageState
from shared.services import Services
from shared.versions.version_set import VersionSet

_ATTEMPTS = 5


def read_versions(services: Services, image: str) -> VersionSet:
    """The versions of an image as they are recorded; empty when there are none yet."""
    state, versions = ImageState(image=image), {}
    for row in services.versions.all(image):
        if row.kind == "state":
            state = row
        else:
            versions[row.version] = row
    return VersionSet(state, versions)


def change_versions(
    services: Services, image: str, decide: Callable[[VersionSet], VersionSet]
) -> tuple[VersionSet, VersionSet]:
    """Decide on the rows as they are, and write the outcome in one transaction; the rows before and after it.

    When somebody else wrote meanwhile, it is decided anew: of two changes at once that exclude each other, the
    second one's `decide` refuses. When the answer to the write was lost, `decide` is asked whether it was done: it
    gives back the very same family then. Raises what `decide` raises; StaleRow when others never let up; AzureBusy.
    """
    for _ in range(_ATTEMPTS):
        before = read_versions(services, image)
        after = decide(before)
        if after is before:
            return before, after
        try:
            services.versions.write_many(after.rows_changed_from(before))
        except (StaleRow, AlreadyExists):
            continue
        except AzureBusy:
            found = read_versions(services, image)
            if decide(found) is not found:
                raise
            return before, found
        return before, after
    raise StaleRow("ImageVersions", image)
