"""Reading what is: the pool as the broker sees it, the rollout's rows, and rows for hosts seen the first time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.arm_ids import subscription_of, version_id
from shared.models.azure import HEALTHY_STATUSES, Machine, SessionHost
from shared.models.policy import Strategy
from shared.models.pools import Pool, ReimageSupport
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.names import ROLLOUT_TAG
from shared.planning.freshness import after_rollout, begins_anew, not_given_back, noticed, use_so_far
from shared.planning.moments import due_step
from shared.planning.observe import observe
from shared.planning.pace import host_time
from shared.planning.reopen import reopened
from shared.planning.values import HostView, Snapshot
from shared.publishing import custody
from shared.publishing.beside import Beside, look_beside
from shared.publishing.left_over import CUSTODY, as_first_found, left_over, with_custody
from shared.publishing.standing import Standing
from shared.services import Services
from shared.states import HostState, RolloutState


@dataclass(frozen=True)
class Gathered:
    """One look's reading: the snapshot to plan on, and the rows as they are stored now, by host."""

    snapshot: Snapshot
    stored: dict[str, RolloutHost]
    beside: Beside = field(default_factory=Beside)
    alone: bool = False
    """The pool's refresh has let go of every host, for as long as the rollout holds the pool."""

    @property
    def may_be_glanced_at(self) -> bool:
        """Whether a single host can be decided about from this reading: the refresh of the pool has nothing to do with
        it, or the whole of it would have to be read."""
        return self.alone and self.snapshot.kind is not RolloutKind.REFRESH


def gather(
    services: Services, rollout: Rollout, pool: Pool, now: datetime, standing: Standing | None = None
) -> Gathered:
    """Read the pool, page by page and once, and bring the rows up to date with it (in memory).

    `standing` is given for a refresh, and for nothing else.
    """
    beside = look_beside(services, rollout, pool)
    seen = {host.name.lower(): host for host in services.desktops.session_hosts(pool.host_pool_id)}
    stored = _stored(services, rollout, now)
    left = {} if stored or standing else left_over(services, rollout, pool, seen)
    new = [host for name, host in seen.items() if _is_new(rollout, stored.get(name), host, now, beside)]
    if rollout.retry_of:
        new = [host for host in new if host.name.lower() in stored or host.name.lower() in left]
    fresh = {row.host: row for row in _first_rows(services, rollout, new)}
    hidden = beside.hidden(rollout, seen, stored)
    rows = [
        *(
            reopened(hidden.get(row.host) or _renewed(rollout, row, seen.get(row.host), fresh, now), rollout)
            for row in stored.values()
        ),
        *(with_custody(row, left) for row in fresh.values() if row.host not in stored),
        *(row for row in (hidden | left).values() if row.host not in fresh and row.host not in stored),
    ]
    settle = timedelta(seconds=rollout.policy.settle_seconds)

    def view_of(row: RolloutHost) -> HostView:
        host = seen.get(row.host)
        row = observe(row, host, settle, now)
        row = _while_elsewhere(row) if row.host in beside.in_hand else _as_found(row, host)
        return HostView(_as_used(row, host, standing, now) if standing else row, host)

    views = tuple(view_of(row) for row in rows)
    snapshot = Snapshot(
        hosts=views,
        schedule=rollout.schedule,
        state=rollout.state,
        target=rollout.version,
        session_limit=services.desktops.host_pool(pool.host_pool_id).session_limit,
        replicas=standing.replicas(rows) if standing else rollout.replicas,
        may_probe_only=rollout.policy.strategy is Strategy.AUTO
        and pool.reimage is ReimageSupport.UNKNOWN
        and not rollout.going_back
        and not (standing and rollout.host_seconds)
        and not any(row.state is HostState.DONE for row in rows),
        failures_accepted=rollout.failures_accepted,
        kind=rollout.kind,
        going_back=rollout.going_back,
        approved=rollout.approved_at is not None,
        awaiting_since=rollout.awaiting_since,
        forced_at=rollout.forced_at,
        ends_as=rollout.ends_as,
        zone=rollout.zone,
        host_time=host_time(rows, timedelta(seconds=rollout.first_guess)),
        writes_left=services.surroundings.writes_left(subscription_of(pool.host_pool_id)),
        refresh=pool.refresh,
        why_not=standing.held_up(rows) if standing else "",
        elsewhere=beside.in_hand,
        others=_others(seen, views) if rollout.retry_of else (),
    )
    # Only of one that was written as begun before: until then the refresh may begin a host after its rows were read.
    alone = rollout.alone or (rollout.started_at is not None and not beside.in_hand)
    return Gathered(_with_sessions(services, snapshot, rollout, pool, now), stored, beside, alone)


def _stored(services: Services, rollout: Rollout, now: datetime) -> dict[str, RolloutHost]:
    """The rollout's rows. Those of a refresh are read anew: it alone removes some."""
    if rollout.kind is RolloutKind.REFRESH:
        return {row.host: row for row in services.hosts.all(rollout.id)}
    return services.known_rows.read(services.hosts, rollout.id, now)


def _others(seen: dict[str, SessionHost], views: Sequence[HostView]) -> tuple[SessionHost, ...]:
    """The hosts of the pool that are not the rollout's."""
    names = {view.name for view in views}
    return tuple(host for name, host in seen.items() if name not in names)


def _as_used(row: RolloutHost, seen: SessionHost | None, standing: Standing, now: datetime) -> RolloutHost:
    """The row with what is known of its host's use: a rollout that has ended, and this look."""
    return noticed(after_rollout(row, standing.counting.get(row.host)), seen, now, closely=standing.suspended)


def _with_sessions(services: Services, snapshot: Snapshot, rollout: Rollout, pool: Pool, now: datetime) -> Snapshot:
    """The snapshot with the pool's sessions, read only when somebody is to be warned or signed out."""
    concerned = any(
        view.sessions and not view.row.state.ended and not view.row.state.in_work for view in snapshot.hosts
    )
    warning = due_step(rollout.policy, rollout.schedule.force_at, now) is not None
    if not concerned or not (warning or snapshot.forcing(now)):
        return snapshot
    return replace(snapshot, sessions=tuple(services.desktops.user_sessions(pool.host_pool_id)))


def _is_new(rollout: Rollout, row: RolloutHost | None, host: SessionHost, now: datetime, beside: Beside) -> bool:
    """Whether what the row says about the VM must be read (again).

    So it must for a host that was not begun: when it stands on another VM by now, and when the rollout
    begins, since its request may be weeks old; and when a refresh has had it meanwhile.
    """
    if row is None:
        return True
    if _found_anew(rollout, row, host, now):
        return True
    if row.state is not HostState.PENDING or row.host in beside.in_hand:
        return False
    begins = rollout.started_at is None and now >= rollout.schedule.begin_at
    was_elsewhere = not row.location and not row.vm_missing
    return begins or was_elsewhere or row.vm_id.lower() != host.vm_id.lower()


def _found_anew(rollout: Rollout, row: RolloutHost, host: SessionHost, now: datetime) -> bool:
    """Of a refresh: whether a host begins anew, or has a VM at last. Once it is cancelled, what has ended has ended."""
    if rollout.kind is not RolloutKind.REFRESH or rollout.state is RolloutState.CANCELLING:
        return False
    return begins_anew(row, host, now) or (row.vm_missing and host.status in HEALTHY_STATUSES)


def _first_rows(services: Services, rollout: Rollout, hosts: list[SessionHost]) -> list[RolloutHost]:
    """Rows for hosts seen the first time: what they are on, and whether their VM exists at all."""
    if not hosts:
        return []
    machines = services.machines.machines([host.vm_id for host in hosts])
    found = [(host, machines.get(host.vm_id.lower())) for host in hosts]
    rows = [(_first_row(rollout, host, machine), machine) for host, machine in found]
    return [
        as_first_found(services, row, machine) if machine and _is_left(rollout, row) else row for row, machine in rows
    ]


def _is_left(rollout: Rollout, row: RolloutHost) -> bool:
    return row.left_drained and rollout.kind is not RolloutKind.REFRESH


def _first_row(rollout: Rollout, host: SessionHost, machine: Machine | None) -> RolloutHost:
    row = RolloutHost(rollout=rollout.id, host=host.name.lower(), vm_id=host.vm_id, sessions=host.sessions)
    if machine is None:
        return row.model_copy(update={"vm_missing": True})
    version = version_of(machine, rollout.definition_id)
    mark = machine.tags.get(ROLLOUT_TAG, "")
    left = bool(mark)
    if rollout.kind is RolloutKind.REFRESH:
        # What a rollout has left drained is not for the users and not for us, this one too when it has forgotten the
        # host since; one that serves again is as any other.
        left, failed_in = False, "" if host.accepting else mark
        row = row.model_copy(update={"failed_in": failed_in})
        if mark == rollout.id and host.accepting:
            row = custody.remember(row, machine)  # so that it is given back, without our mark
    return row.model_copy(
        update={
            "from_version": version,
            "from_version_id": version_id(machine.definition_id, machine.version)
            if machine.definition_id and machine.version
            else "",
            "version": version,
            "location": machine.location,
            "left_drained": left,
        }
    )


_OF_THE_VM = ("vm_id", "vm_missing", "from_version", "from_version_id", "version", "location", "left_drained")


def _renewed(
    rollout: Rollout, row: RolloutHost, host: SessionHost | None, fresh: dict[str, RolloutHost], now: datetime
) -> RolloutHost:
    """The stored row with what was read about its VM just now, if it was read; a refresh may begin it anew."""
    found = fresh.get(row.host)
    if found is None:
        return row
    if rollout.kind is RolloutKind.REFRESH and begins_anew(row, host, now):
        to_give_back = ("prior_tags", "prior_delete_option") if not_given_back(row) else ()
        kept = {name: getattr(row, name) for name in ("etag", "engine_run", *to_give_back)}
        return found.model_copy(update=kept | use_so_far(row, found.vm_id))
    # Whoever failed on it while it was known here had noted how it was found, unless this rollout had before.
    names = (*_OF_THE_VM, *CUSTODY) if found.left_drained and not row.prior_tags else _OF_THE_VM
    changed = {name: getattr(found, name) for name in names if getattr(found, name) != getattr(row, name)}
    return row.model_copy(update=changed) if changed else row


def version_of(machine: Machine, definition_id: str) -> str | None:
    """The version of this image that a VM says it is on; None when it was made from something else."""
    same = machine.definition_id is not None and machine.definition_id.lower() == definition_id.lower()
    return machine.version if same else None


def _while_elsewhere(row: RolloutHost) -> RolloutHost:
    """While the refresh has a host, what is seen of it is the refresh's doing: its VM is read again afterwards."""
    return row.model_copy(update={"location": ""}) if row.state is HostState.PENDING and row.location else row


def _as_found(row: RolloutHost, seen: SessionHost | None) -> RolloutHost:
    """Until we drain a host, it is its operator and autoscale who say how it is to be given back.

    While Azure does not let us mark and drain it, it may still be switched off; who drained it cannot be told any more.
    One that we drained before, and that failed, says nothing of that: what was noted then counts.
    """
    if seen is None or row.left_drained:
        return row
    found = {"operator_drained": row.operator_drained, "was_off": row.was_off}
    off = seen.status == "Shutdown"
    if row.state is HostState.PENDING:
        found = {"operator_drained": not seen.accepting, "was_off": off}
    elif row.state is HostState.DRAINING and row.drained_at is None and off:
        found["was_off"] = True
    changed = any(getattr(row, name) is not value for name, value in found.items())
    return row.model_copy(update=found) if changed else row
