"""The list of pools: its filters and its order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.common import PageQuery
from shared.api.lists.common import MOST_OF_A_PAGE, Order, Search, Several
from shared.models.base import WHOLE, Name
from shared.models.pools import Ring

MOST_LIVE = 50
"""Pools of a page that is read from Azure: each of them costs two reads."""

PoolSort = Literal[
    "name", "account", "image", "ring", "version", "hosts", "sessions", "accepting", "unhealthy", "behind", "seen_at"
]


class PoolsQuery(PageQuery):
    """One page of the pools that all given filters accept.

    With `live=false` nothing is read from Azure: numbers are those of the last look, at `seen_at`. Otherwise a page has
    at most 50 pools, because each is read. An order by numbers goes by the last looks in both cases.
    """

    limit: Annotated[int, Field(ge=1, le=MOST_OF_A_PAGE), WHOLE] = 20
    live: bool = True
    search: Search | None = None
    """Part of the name of the pool, its image or its host pool, in any case."""
    account: Name | None = None
    ring: Several[Ring] | None = None
    image: Name | None = None
    rollout: Literal["open", "none"] | None = None
    """`open`: only pools with a rollout that has not ended. `none`: only the others. A refresh is none."""
    sort: PoolSort = "name"
    order: Order = "asc"


class PoolHostsQuery(PageQuery):
    """One page of the hosts of a pool."""

    search: Search | None = None
    """Part of the host's name, in any case."""
