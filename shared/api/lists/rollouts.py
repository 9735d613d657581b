"""The list of rollouts: filters and order."""

from __future__ import annotations

from typing import Literal

from shared.api.lists.common import HistoryQuery, Several
from shared.core.states import RolloutState
from shared.models.base import Name
from shared.models.rollouts import RolloutKind

RolloutSort = Literal["created_at", "started_at", "ended_at", "expected_end", "pool", "image", "state", "requested_by"]


class RolloutsQuery(HistoryQuery):
    """Rollouts that all given filters accept."""

    pool: Name | None = None
    image: Name | None = None
    kind: Several[RolloutKind] | None = None
    state: Several[RolloutState] | None = None
    sort: RolloutSort = "created_at"
