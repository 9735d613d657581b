"""What may stand in the query string. A misspelt parameter is refused: `whatif=true` must not publish for real."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.core.states import HostState, PromotionState, RolloutState, TaskState
from shared.models.base import Name
from shared.models.tasks import TaskKind


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


class ImagesQuery(PoolsQuery):
    """Which images: `search` is a part of the name, in any case; `account`: those that this account may have."""

    search: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    account: Name | None = None


class RolloutsQuery(PageQuery):
    """Which rollouts."""

    pool: Name | None = None
    state: RolloutState | None = None


class RolloutHostsQuery(PageQuery):
    """Which hosts of a rollout."""

    state: HostState | None = None


class TasksQuery(PageQuery):
    """Which tasks. A rollout is one too, of the kind `rollout`; those that refresh a pool are of the kind `refresh`."""

    kind: TaskKind | Literal["rollout", "refresh"] | None = None
    """`rollout` gives those that refresh too, `refresh` only them."""
    image: Name | None = None
    state: TaskState | RolloutState | None = None


class PromotionsQuery(PageQuery):
    """Which promotions."""

    image: Name | None = None
    state: PromotionState | None = None


class WhatIfQuery(Query):
    """Whether only to say what would happen."""

    what_if: bool = False
