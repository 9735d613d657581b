"""The versions that a pool may be updated to."""

from __future__ import annotations

from shared.api.common import PageQuery
from shared.api.lists.common import Search
from shared.core.states import VersionState
from shared.models.base import UtcTime, Value
from shared.models.images import Verdict
from shared.models.messages import Message


class PoolVersionsQuery(PageQuery):
    """A page of versions: the pool's own image first, the highest versions first."""

    search: Search | None = None
    """Part of the image's name, of the version or of its notes."""


class PoolVersionView(Value):
    """A version of an image that the pool's account may have."""

    image: str
    version: str
    state: VersionState | None
    """Null: it is in the gallery, and Freshcoat has no record of it."""
    current: bool
    """Whether the pool is on it."""
    selectable: bool
    """Whether the pool may be updated to it now."""
    why_not: Message | None = None
    """Why it may not be chosen, or only as a downgrade."""
    as_downgrade: bool = False
    """Whether it may be chosen with `allow_downgrade`."""
    notes: str = ""
    verdict: Verdict | None = None
    created_at: UtcTime | None = None
    staged_at: UtcTime | None = None
    activated_at: UtcTime | None = None
    replicas: int | None = None
    """Replicas in the region of the pool's hosts that has the fewest. Null: hosts or gallery are not readable."""
