"""Reads the present state: the pool as the broker sees it, the host rows, and rows for new hosts."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.access.caps import may_begin
from shared.core.states import HostState
from shared.models.azure import SessionHost
from shared.models.policy import Strategy
from shared.models.pools import Pool, ReimageSupport
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.freshness import after_rollout, with_use_recorded
from shared.planning.host_time import host_time
from shared.planning.observe import observe
from shared.planning.people.notices import sessions_matter
from shared.planning.reopen import reopened
from shared.planning.values import Bound, HostView, Snapshot
from shared.pools.proof import needs_proof
from shared.records.session_hosts import ListedHosts, hosts_key
from shared.rollouts.hosts.earlier_failures import find_earlier_failure, with_original
from shared.rollouts.hosts.lost_hosts import find_lost_hosts, known_to_be_out, read_lost_hosts, rows_of_lost
from shared.rollouts.reconcile.host_rows import must_read_vm, new_host_rows, with_vm_read_again
from shared.rollouts.refresh.context import RefreshContext
from shared.rollouts.refresh.exclusion import RefreshHolds, read_refresh_holds
from shared.services import Services


@dataclass(frozen=True)
class PoolSnapshot:
    """What one pass has read: the snapshot to plan on, and the host rows as they are stored, by host."""

    snapshot: Snapshot
    stored: dict[str, RolloutHost]
    refresh_holds: RefreshHolds = field(default_factory=RefreshHolds)
    alone: bool = False
    """The pool's refresh holds no host, and takes none while the rollout holds the pool."""

    @property
    def may_be_reused(self) -> bool:
        """Whether a pass over single hosts may reuse this snapshot: the refresh of the pool holds none of its hosts."""
        return self.alone and self.snapshot.kind is not RolloutKind.REFRESH


def read_snapshot(
    services: Services, rollout: Rollout, pool: Pool, now: datetime, refresh_context: RefreshContext | None = None
) -> PoolSnapshot:
    """Read the pool once, page by page, and bring the rows up to date in memory.

    `refresh_context` is given for a refresh only.
    """
    refresh_holds = read_refresh_holds(services, rollout, pool)
    seen = {host.name.lower(): host for host in services.host_pools.session_hosts(pool.host_pool_id)}
    services.read_cache.keep(hosts_key(pool.host_pool_id), ListedHosts(seen, now))
    stored = services.host_rows.read(services.hosts, rollout, now)
    reading = _SnapshotReader(services, rollout, pool, now, refresh_context, refresh_holds, seen, stored)
    snapshot = _with_sessions(services, _snapshot(reading, reading.rows()), rollout, pool, now)
    # Valid only if the rollout was already marked as started; otherwise the refresh may still start a host after this.
    alone = rollout.exclusion.alone or (rollout.started_at is not None and not refresh_holds.held)
    return PoolSnapshot(snapshot, stored, refresh_holds, alone)


@dataclass(frozen=True)
class _SnapshotReader:
    """What one pass has read, by host."""

    services: Services
    rollout: Rollout
    pool: Pool
    now: datetime
    refresh_context: RefreshContext | None
    refresh_holds: RefreshHolds
    seen: dict[str, SessionHost]
    stored: dict[str, RolloutHost]

    def rows(self) -> list[RolloutHost]:
        """A row for each host: stored rows brought up to date, and rows of hosts seen for the first time."""
        rollout, stored = self.rollout, self.stored
        first = not (stored or self.refresh_context)
        earlier = find_earlier_failure(self.services, rollout, self.pool, self.seen) if first else {}
        lost = self._lost(earlier, first=first)
        fresh = self._fresh(earlier)
        unlisted = self.refresh_holds.rows_of_unlisted(rollout, self.seen, stored) | lost
        return [
            *(
                reopened(
                    unlisted.get(row.host)
                    or with_vm_read_again(rollout, row, self.seen.get(row.host), fresh, self.now),
                    rollout,
                )
                for row in stored.values()
            ),
            *(with_original(row, earlier) for row in fresh.values() if row.host not in stored),
            *(row for row in (unlisted | earlier).values() if row.host not in fresh and row.host not in stored),
        ]

    def _lost(self, earlier: Container[str], *, first: bool) -> dict[str, RolloutHost]:
        """Rows for lost hosts: those that are missing, and those that the pool's row names; in the first pass all."""
        services, rollout, pool, stored = self.services, self.rollout, self.pool, self.stored
        known = self.seen.keys() | self.refresh_holds.held | known_to_be_out(stored.values())
        if first:
            near = {host.vm_id for host in self.seen.values()} | {lost.vm_id for lost in pool.lost_hosts}
            found = find_lost_hosts(services, pool, near, known)
        else:
            again = {host for host, row in stored.items() if row.drained_by_earlier_failure and row.state.ended}
            vm_ids = {host: vm_id for host, vm_id in self._missing().items() if host not in known | again}
            found = read_lost_hosts(services, pool, vm_ids.values(), known)
        return rows_of_lost(rollout, {host: vm for host, vm in found.items() if host not in earlier}, stored)

    def _missing(self) -> dict[str, str]:
        """ARM ids of the VMs, by host, that may be lost. A refresh looks after its own, while no rollout runs."""
        if self.refresh_context and self.pool.running_rollout:
            return {}
        rows = {host: row.vm_id for host, row in self.stored.items() if not row.state.ended}
        return {lost.host: lost.vm_id for lost in self.pool.lost_hosts} | rows

    def _fresh(self, earlier: Container[str]) -> dict[str, RolloutHost]:
        """Rows for the hosts whose VM is read in this pass. A retry handles only the hosts that it began with."""
        seen, stored = self.seen, self.stored
        new = [
            host
            for name, host in seen.items()
            if must_read_vm(self.rollout, stored.get(name), host, self.now, self.refresh_holds)
            and (not self.rollout.failed_hosts_only or name in stored or name in earlier)
        ]
        return {row.host: row for row in new_host_rows(self.services, self.rollout, new)}

    def view(self, row: RolloutHost) -> HostView:
        """The host as the plan uses it."""
        host = self.seen.get(row.host)
        row = observe(row, host, timedelta(seconds=self.rollout.policy.settle_seconds), self.now)
        row = _while_held_by_refresh(row) if row.host in self.refresh_holds.held else _as_stored(row, host)
        row = _as_used(row, host, self.refresh_context, self.now) if self.refresh_context else row
        return HostView(row, host, self.rollout.why_left_out(row))


def _snapshot(reading: _SnapshotReader, rows: Sequence[RolloutHost]) -> Snapshot:
    """Everything that the plan is made from, except the sessions."""
    services, rollout, pool, refresh_context = reading.services, reading.rollout, reading.pool, reading.refresh_context
    views = tuple(map(reading.view, rows))
    return Snapshot(
        hosts=views,
        schedule=rollout.schedule,
        state=rollout.state,
        target=rollout.version,
        session_limit=services.host_pools.host_pool(pool.host_pool_id).session_limit,
        replicas=refresh_context.replicas(rows) if refresh_context else rollout.replicas,
        unproven=needs_proof(services, rollout, pool, rows),
        may_probe_only=_may_probe_only(rollout, pool, refresh_context, rows),
        failures_accepted=rollout.failures.accepted,
        kind=rollout.kind,
        rolling_back=rollout.rolling_back,
        approved=rollout.approval.at is not None,
        canary_passed=rollout.progress.canary_passed_at is not None,
        awaiting_since=rollout.second.awaiting_since or rollout.approval.awaiting_since,
        awaits_second=rollout.second.awaiting_since is not None,
        forced_at=rollout.progress.forced_at,
        ends_as=rollout.ends_as,
        zone=rollout.zone,
        host_time=host_time(rows, timedelta(seconds=rollout.first_guess)),
        writes_left=services.arm_budget.writes_left(pool.host_pool_id),
        cap=_cap(services, rollout, pool),
        refresh=pool.refresh,
        blocked_reason=refresh_context.blocked_reason_for(rows) if refresh_context else None,
        held_by_refresh=reading.refresh_holds.held,
        drain_again=frozenset(rollout.selection.drain_again),
        others=_others(reading.seen, views) if rollout.failed_hosts_only else (),
    )


def _cap(services: Services, rollout: Rollout, pool: Pool) -> Bound | None:
    """How many hosts the caps of the pool's account still allow to begin; None: any number."""
    allowed = may_begin(services, rollout, pool)
    if allowed is None or allowed.why_no_more_hosts is None:
        return None
    return Bound("cap", allowed.hosts, allowed.why_no_more_hosts)


def _may_probe_only(
    rollout: Rollout, pool: Pool, refresh_context: RefreshContext | None, rows: Sequence[RolloutHost]
) -> bool:
    """Whether one host must show first that re-imaging works in this pool."""
    return (
        rollout.policy.strategy is Strategy.AUTO
        and pool.reimage is ReimageSupport.UNKNOWN
        and not rollout.rolling_back
        and not (refresh_context and rollout.progress.host_seconds)
        and not any(row.state is HostState.DONE for row in rows)
    )


def _others(seen: dict[str, SessionHost], views: Sequence[HostView]) -> tuple[SessionHost, ...]:
    """The hosts of the pool that the rollout does not handle."""
    names = {view.name for view in views}
    return tuple(host for name, host in seen.items() if name not in names)


def _as_used(row: RolloutHost, seen: SessionHost | None, refresh_context: RefreshContext, now: datetime) -> RolloutHost:
    """The row with what is known of its host's use, from a rollout that has ended and from this pass."""
    return with_use_recorded(
        after_rollout(row, refresh_context.ended_rows.get(row.host)), seen, now, poll_eagerly=refresh_context.suspended
    )


def _with_sessions(services: Services, snapshot: Snapshot, rollout: Rollout, pool: Pool, now: datetime) -> Snapshot:
    """The snapshot with the pool's sessions; they are read only when users must be told something or signed out."""
    if not sessions_matter(snapshot, rollout.policy, now):
        return snapshot
    return replace(snapshot, sessions=tuple(services.host_pools.user_sessions(pool.host_pool_id)))


def _while_held_by_refresh(row: RolloutHost) -> RolloutHost:
    """While the refresh holds a host, its observed state is the refresh's doing, so its VM is read again afterwards."""
    return row.replace(location="") if row.state is HostState.PENDING else row


def _as_stored(row: RolloutHost, seen: SessionHost | None) -> RolloutHost:
    """Record how the host was found, to restore that later. Until we drain it, operators and autoscale may change it.

    While Azure does not let us mark and drain the host, it may still be switched off; who drained it is then unknown. A
    host that an earlier attempt drained and failed on keeps what was recorded then.
    """
    if seen is None or row.drained_by_earlier_failure:
        return row
    found, off = row.found, seen.status == "Shutdown"
    if row.state is HostState.PENDING:
        found = found.replace(operator_drained=not seen.accepting, was_off=off)
    elif row.state is HostState.DRAINING and row.drain.drained_at is None and off:
        found = found.replace(was_off=True)
    return row.replace(found=found)
