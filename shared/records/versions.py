"""Reads and changes the versions of an image: all rows of a change in one conditional transaction."""

from __future__ import annotations

from collections.abc import Callable

from shared.core.errors import AzureBusy
from shared.models.images import ImageState
from shared.records.change import repeat_while_stale
from shared.services import Services
from shared.versions.version_set import VersionSet


def read_versions(services: Services, image: str) -> VersionSet:
    """The stored versions of an image; an empty set if there are none yet."""
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
    """Change the versions of an image to what `decide` makes of them, in one transaction.

    Returns the versions before and after. If somebody else writes at the same time, `decide` runs again on their rows:
    of two changes that exclude each other, the later one is refused. If the response to the write is lost, `decide`
    runs once more on the stored rows; when the change is in them, it returns the set that it was given.

    Raises what `decide` raises, StaleRow, AzureBusy.
    """

    def read() -> VersionSet:
        return read_versions(services, image)

    def write(before: VersionSet, after: VersionSet) -> VersionSet:
        try:
            services.versions.write_many(after.rows_changed_from(before))
        except AzureBusy:
            found = read()
            if decide(found) is not found:
                raise
            return found
        return after

    return repeat_while_stale(read(), read, decide, write, describe="image", retried=True)
