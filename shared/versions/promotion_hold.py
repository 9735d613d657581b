"""An image is held for at most one scheduled promotion. Pure, as `lifecycle` is.

Only a promotion that its image is held for is ever carried out. Whatever takes the staged version away (another
activation, a discard) lets the image go in the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from shared.core.errors import Conflict
from shared.versions import lifecycle
from shared.versions.version_set import VersionSet


def hold(
    version_set: VersionSet, version: str | None, *, promotion: str, force: bool, now: datetime, lapsed: str = ""
) -> VersionSet:
    """Hold the image for a promotion of its staged version, None meaning whichever that is. Safe to repeat.

    `lapsed` is a promotion that has ended without letting the image go. Raises Conflict when another promotion is
    scheduled, or when the version could not be activated as things stand.
    """
    holder = version_set.state.promotion
    if holder == promotion:
        return version_set
    if holder not in {"", lapsed}:
        raise Conflict(
            f"Promotion {holder} of image {version_set.state.image} is scheduled: change it or cancel it.",
            promotion=holder,
        )
    lifecycle.activate(version_set, version, task=promotion, now=now, backup=None, force=force)
    return version_set.changed(promotion=promotion)


def must_hold(version_set: VersionSet, promotion: str) -> None:
    """Raises Conflict unless the image is held for this promotion."""
    if version_set.state.promotion != promotion:
        raise Conflict(f"Promotion {promotion} of image {version_set.state.image} no longer stands.")


def let_go(version_set: VersionSet, promotion: str) -> VersionSet:
    """The image is no longer held for this promotion. Safe to repeat."""
    return version_set.changed(promotion="") if version_set.state.promotion == promotion else version_set
