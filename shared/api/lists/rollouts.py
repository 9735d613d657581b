"""The lists of rollouts and of their hosts: filters and order."""

from __future__ import annotations

from shared.api.common import PageQuery
from shared.core.states import HostState, RolloutState
from shared.models.base import Name


class RolloutsQuery(PageQuery):
    """Filter of rollouts."""

    pool: Name | None = None
    state: RolloutState | None = None


class RolloutHostsQuery(PageQuery):
    """Filter of a rollout's hosts."""

    state: HostState | None = None
