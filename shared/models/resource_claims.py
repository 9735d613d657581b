"""Claims of Azure resources that only one registration may have."""

from __future__ import annotations

from enum import StrEnum

from shared.models.base import Name, Record, UtcTime


class ClaimedKind(StrEnum):
    """What is claimed."""

    HOST_POOL = "host_pool"
    """By a pool."""
    DEFINITION = "definition"
    """By an image."""


class ResourceClaim(Record):
    """The one registration that may have an Azure resource. Partition: its kind; row: its id in lower case."""

    kind: ClaimedKind
    resource: str
    """ARM id in lower case."""
    holder: Name
    """Name of the pool or image."""
    at: UtcTime
