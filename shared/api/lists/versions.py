"""The list of an image's versions: its order."""

from __future__ import annotations

from shared.api.common import PageQuery
from shared.api.lists.common import Order


class VersionsQuery(PageQuery):
    """One page of an image's versions by number, the highest first; `order=asc`: the lowest."""

    order: Order = "desc"
