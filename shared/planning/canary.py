"""The first hosts of a rollout, on which all the others wait. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.states import HostState
from shared.models.policy import CanaryHold, Policy
from shared.models.rollouts import RolloutKind
from shared.planning.values import Snapshot


@dataclass(frozen=True)
class Canary:
    """How far the first hosts are. `open_slots` of them are still to be begun."""

    hosts: int
    proved: int
    open_slots: int
    held: bool
    """It waits for a person, however good they have proved."""

    @property
    def all_proved(self) -> bool:
        """Whether every one of them has proved good."""
        return self.proved >= self.hosts

    @property
    def passed(self) -> bool:
        """Whether the rest of the pool may follow."""
        return self.all_proved and not self.held


def canary_of(snapshot: Snapshot, policy: Policy, spare: int) -> Canary:
    """The canary of this rollout; a pool with fewer hosts to update has a smaller one.

    First hosts that wait for a person stay out of service until then: there are no more of them than `spare`, those
    that may be out at the same time. Else the last of them would wait for a place, and the person for it.

    A failed host does not count as begun: when it is to be tried again, it or another one takes its place. Going back
    needs no canary: what hosts go back to has proved itself before.
    """
    rows = [view.row for view in snapshot.hosts]
    proved = sum(1 for row in rows if row.state is HostState.DONE or (row.state.in_work and row.check.proved_at))
    if snapshot.rolling_back or snapshot.kind is RolloutKind.REFRESH:
        return Canary(hosts=0, proved=proved, open_slots=0, held=False)
    to_update = sum(1 for row in rows if row.state is not HostState.SKIPPED)
    hosts = max(0, min(policy.canary_hosts, to_update - snapshot.counts[HostState.FAILED]))
    begun = sum(1 for row in rows if row.state.in_work and not row.check.proved_at)
    if policy.canary_hold is CanaryHold.APPROVE:
        hosts = min(hosts, spare)
    held = hosts > 0 and policy.canary_hold is CanaryHold.APPROVE and not snapshot.approved
    return Canary(hosts=hosts, proved=proved, open_slots=max(0, hosts - proved - begun), held=held)
