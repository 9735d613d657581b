"""The canary hosts of a rollout: the other hosts wait until these have passed their checks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.core.states import HostState
from shared.models.policy import CanaryHold, Policy
from shared.models.rollouts import RolloutKind
from shared.planning.values import HostView, Snapshot


@dataclass(frozen=True)
class Canary:
    """Progress of the canary hosts. `open_slots` of them are not started yet."""

    hosts: int
    proved: int
    open_slots: int
    held: bool
    """A person must approve the canary, whatever the checks say."""

    @property
    def all_proved(self) -> bool:
        """Whether every canary host has passed its checks."""
        return self.proved >= self.hosts

    @property
    def passed(self) -> bool:
        """Whether the rest of the pool may be updated."""
        return self.all_proved and not self.held


def canary_of(snapshot: Snapshot, policy: Policy, spare: int) -> Canary:
    """The canary of this rollout; a pool with fewer hosts to update has a smaller one.

    Canary hosts that wait for approval stay out of service until then, so there are at most `spare` of them, the number
    that may be unavailable at once. Otherwise the last one could never start, and nobody could approve.

    A failed host does not count as started: when it is retried, it or another host takes its place. A roll-back needs
    no canary, because the earlier version worked before.
    """
    rows = [view.row for view in snapshot.hosts]
    proved = sum(1 for row in rows if row.state is HostState.DONE or (row.state.in_work and row.check.proved_at))
    if snapshot.rolling_back or snapshot.kind is RolloutKind.REFRESH:
        return Canary(hosts=0, proved=proved, open_slots=0, held=False)
    to_update = sum(1 for view in snapshot.hosts if view.row.state is not HostState.SKIPPED and not _left_out(view))
    hosts = max(0, min(policy.canary_hosts, to_update - snapshot.counts[HostState.FAILED]))
    started = sum(1 for row in rows if row.state.in_work and not row.check.proved_at)
    if policy.canary_hold is CanaryHold.APPROVE:
        hosts = min(hosts, spare)
    held = hosts > 0 and policy.canary_hold is CanaryHold.APPROVE and not snapshot.approved
    return Canary(hosts=hosts, proved=proved, open_slots=max(0, hosts - proved - started), held=held)


def _left_out(view: HostView) -> bool:
    """Whether the host will be skipped because it is left out. One in work is finished."""
    return view.left_out is not None and not (view.row.state.in_work or view.row.state.ended)


class CanaryUse(StrEnum):
    """What a pass can do with a host to make it a canary host."""

    DRAIN_EMPTY = "drain_empty"
    """Drain a host that stops serving at once: it is idle, or its sessions are being ended."""
    DRAIN_BUSY = "drain_busy"
    """Drain a host whose users may stay."""
    SIGN_OUT = "sign_out"
    SIGN_OUT_AGAIN = "sign_out_again"
    REBUILD = "rebuild"
    REBUILD_UNLISTED = "rebuild_unlisted"
    """Rebuild a host that nobody drained before, because it is outside of the host pool since a failed attempt."""


@dataclass
class CanaryBudget:
    """How many more hosts may become canary hosts in this pass; each decision reduces it.

    Each use has a counter of its own: a drained host with users must not keep an idle host from becoming the canary
    instead, and sessions are ended only on hosts that can still become one.
    """

    slots: int
    """Canary hosts that are not in work yet."""
    empty_drains: int
    busy_drains: int
    sign_outs: int
    passed: bool = False
    """The canary has passed, so nothing is limited any more."""
    rebuilds_only: bool = False
    """Sessions are ended on all hosts, and only the rebuilding waits for the canary (`strict_deadline`)."""

    def remaining(self, use: CanaryUse) -> int:
        """How many more hosts may be used like this while the canary has not passed."""
        match use:
            case CanaryUse.DRAIN_EMPTY:
                return self.empty_drains
            case CanaryUse.DRAIN_BUSY:
                return self.busy_drains
            case CanaryUse.SIGN_OUT:
                return min(self.slots, self.sign_outs)
            case _:
                return self.slots

    def allows(self, use: CanaryUse) -> bool:
        """Whether one more host may be used like this."""
        limited = not self.rebuilds_only or use is CanaryUse.REBUILD
        return self.passed or not limited or self.remaining(use) > 0

    def take(self, use: CanaryUse) -> None:
        """Spend one host on this."""
        if self.rebuilds_only and use not in {CanaryUse.REBUILD, CanaryUse.REBUILD_UNLISTED}:
            return
        match use:
            case CanaryUse.REBUILD_UNLISTED:
                self.slots -= 1
                self.empty_drains -= 1
                self.busy_drains -= 1
            case CanaryUse.DRAIN_EMPTY:
                self.empty_drains -= 1
                self.busy_drains -= 1
            case CanaryUse.DRAIN_BUSY:
                self.busy_drains -= 1
            case CanaryUse.SIGN_OUT:
                self.slots -= 1
                self.sign_outs -= 1
            case CanaryUse.SIGN_OUT_AGAIN | CanaryUse.REBUILD:
                self.slots -= 1


def canary_budget(snapshot: Snapshot, canary: Canary, *, forcing: bool, strict: bool = False) -> CanaryBudget:
    """The canary budget at the start of a pass: open slots minus the hosts that are already drained for them.

    `strict`: the policy's `strict_deadline`.
    """
    waiting = [view for view in snapshot.hosts if view.drained]
    empty = sum(1 for view in waiting if view.sessions == 0)
    ending = sum(1 for view in waiting if view.sessions and view.row.state is HostState.SIGNING_OUT)
    return CanaryBudget(
        slots=canary.open_slots,
        empty_drains=canary.open_slots - (len(waiting) if forcing else empty),
        busy_drains=canary.open_slots - len(waiting),
        sign_outs=canary.open_slots - ending - empty,
        passed=canary.passed,
        rebuilds_only=forcing and strict,
    )
