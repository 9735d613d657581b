"""The list of rollouts: filters and order."""

from __future__ import annotations

from shared.api.common import PageQuery
from shared.core.states import RolloutState
from shared.models.base import Name


class RolloutsQuery(PageQuery):
    """Filter of rollouts."""

    pool: Name | None = None
    state: RolloutState | None = None
