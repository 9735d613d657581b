"""At most one scheduled promotion may reserve an image's staged version. Pure.

A promotion runs only while it holds the reservation. A change that takes the staged version away (another activation, a
discard) releases it in the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from shared.core.errors import Conflict
from shared.versions import lifecycle
from shared.versions.version_set import VersionSet


def hold(
    version_set: VersionSet, version: str | None, *, promotion: str, force: bool, now: datetime, lapsed: str = ""
) -> VersionSet:
    """Reserve the image for a promotion of its staged version; version None: whichever is staged. Safe to repeat.

    `lapsed` is a promotion that ended without releasing the image. Raises Conflict when another promotion is
    scheduled, or when the version could not be activated now.
    """
    holder = version_set.state.promotion
    if holder == promotion:
        return version_set
    if holder not in {"", lapsed}:
        raise Conflict(
            f"Promotion {holder} of image {version_set.state.image} is scheduled. Change or cancel it.",
            promotion=holder,
        )
    lifecycle.activate(version_set, version, task=promotion, now=now, backup=None, force=force)
    return version_set.changed(promotion=promotion)


def must_hold(version_set: VersionSet, promotion: str) -> None:
    """Raises Conflict unless the image is reserved for this promotion."""
    if version_set.state.promotion != promotion:
        raise Conflict(f"Promotion {promotion} of image {version_set.state.image} is no longer valid.")


def let_go(version_set: VersionSet, promotion: str) -> VersionSet:
    """Release the image from this promotion. Safe to repeat."""
    return version_set.changed(promotion="") if version_set.state.promotion == promotion else version_set
