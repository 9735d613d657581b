"""How many hosts may be in work now, and which limit says so: for people. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.models.policy import Policy
from shared.planning.budget import budget_for
from shared.planning.values import Bound, Snapshot

_BEYOND = frozenset({"min_available", "arm_writes", "cap"})
"""Limits on the hosts that may be begun besides those in work; the others are on all hosts in work."""


def at_once(snapshot: Snapshot, policy: Policy, now: datetime) -> Bound:
    """The smallest limit: `hosts` is how many may be in work at the same time."""
    budget = budget_for(snapshot, policy, now)
    bounds = [
        Bound(bound.name, budget.in_work + bound.hosts, bound.reason) if bound.name in _BEYOND else bound
        for bound in budget.bounds
        if bound.name != "min_available" or (budget.floor and not budget.forcing)
    ]
    return min(bounds, key=lambda bound: bound.hosts)
