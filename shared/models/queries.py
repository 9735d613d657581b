"""What may stand in the query string. A misspelt parameter is refused: `whatif=true` must not publish for real."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.models.base import Name
from shared.states import HostState, RolloutState


class Query(BaseModel):
    """Parameters of a query string."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    continuation: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None


class PoolsQuery(PageQuery):
    """Which page of the pools; smaller, since each is read from Azure."""

    limit: Annotated[int, Field(ge=1, le=50)] = 20


class RolloutsQuery(PageQuery):
    """Which rollouts."""

    pool: Name | None = None
    state: RolloutState | None = None


class RolloutHostsQuery(PageQuery):
    """Which hosts of a rollout."""

    state: HostState | None = None


class WhatIfQuery(Query):
    """Whether only to say what would happen."""

    what_if: bool = False
