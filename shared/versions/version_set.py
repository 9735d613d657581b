"""The versions of one image as one value, and the checks that every change starts with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core.errors import Conflict
from shared.core.states import VersionState, transition_version
from shared.models.base import version_key
from shared.models.images import ImageRow, ImageState, ImageVersion


@dataclass(frozen=True)
class VersionSet:
    """The versions of one image and which of them are in use: the rows of one partition."""

    state: ImageState
    versions: Mapping[str, ImageVersion] = field(default_factory=dict)

    def changed(self, *versions: ImageVersion, **state: object) -> VersionSet:
        """A copy with these versions added or replaced, and these fields of the state changed."""
        return VersionSet(
            self.state.model_copy(update=state),
            {**self.versions, **{version.version: version for version in versions}},
        )

    def rows_changed_from(self, before: VersionSet) -> list[ImageRow]:
        """The rows to write: the state, always, and the versions that differ."""
        differ = [version for name, version in self.versions.items() if version != before.versions.get(name)]
        return [self.state, *differ]

    def state_of(self, version: str | None) -> VersionState | None:
        """A version's state; None for a version without a row."""
        known = self.versions.get(version or "")
        return known.state if known else None

    @property
    def backups(self) -> list[ImageVersion]:
        """The versions that can be rolled back to, the highest first."""
        kept = [v for v in self.versions.values() if v.state is VersionState.BACKUP and not v.deleting]
        return sorted(kept, key=lambda v: version_key(v.version), reverse=True)


def known(version_set: VersionSet, version: str) -> ImageVersion:
    """The row of a version. Raises Conflict when it has none."""
    row = version_set.versions.get(version)
    if row is None:
        raise Conflict(f"Version {version} is not staged. Stage it first.")
    return row


def with_state(row: ImageVersion, to: VersionState, **changes: object) -> ImageVersion:
    """The row in another state, with these changes. Raises InvalidTransition when the table does not allow it."""
    return row.model_copy(update={**changes, "state": transition_version(row.version, row.state, to)})
