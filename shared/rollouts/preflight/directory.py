"""The check of the rights on Microsoft Graph, for pools whose hosts' devices are deleted. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.errors import AzureError
from shared.models.directory import DirectoryCleanup
from shared.models.findings import Finding
from shared.planning.join.devices import cleanup_of
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed

_OR_NONE = 'set the pool\'s directory_cleanup to "none" and delete the devices yourself'


def directory(facts: Facts) -> Iterator[Finding]:
    """The app may find and delete the old device of each host, which would make its next join fail."""
    if cleanup_of(facts.request.pool) is DirectoryCleanup.NONE:
        return
    missing = facts.graph_rights_missing
    if isinstance(missing, AzureError):
        yield failed(
            "directory", f"Microsoft Graph could not be asked: {missing}", f"check the app's identity, or {_OR_NONE}"
        )
    elif missing:
        rights = " and ".join(missing)
        yield failed(
            "directory",
            f"the app's identity lacks {rights} on Microsoft Graph, needed to delete the old device of a host",
            f"grant it, or {_OR_NONE}",
        )
    else:
        yield passed("directory", "the old device of a host can be deleted before the host joins again")
