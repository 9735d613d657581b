"""Reading what is: the pool as the broker sees it, the rollout's rows, and rows for hosts seen the first time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.models.azure import Machine, SessionHost
from shared.models.policy import Strategy
from shared.models.pools import Pool, ReimageSupport
from shared.models.rollouts import Rollout, RolloutHost
from shared.arm_ids import subscription_of, version_id
from shared.names import ROLLOUT_TAG
from shared.planning.moments import due_step
from shared.planning.observe import observe
from shared.planning.pace import host_time
from shared.planning.reopen import reopened
from shared.planning.values import HostView, Snapshot
from shared.publishing.left_over import left_over, with_custody
from shared.services import Services
from shared.states import HostState


@dataclass(frozen=True)
class Gathered:
    """One look's reading: the snapshot to plan on, and the rows as they are stored now, by host."""

    snapshot: Snapshot
    stored: dict[str, RolloutHost]


def gather(services: Services, rollout: Rollout, pool: Pool, now: datetime) -> Gathered:
    """Read the pool, page by page and once, and bring the rows up to date with it (in memory)."""
    seen = {host.name.lower(): host for host in services.desktops.session_hosts(pool.host_pool_id)}
    stored = {row.host: row for row in services.hosts.all(rollout.id)}
    left = {} if stored else left_over(services, rollout, pool, seen)
    new = [host for name, host in seen.items() if _is_new(rollout, stored.get(name), host, now)]
    if rollout.retry_of:
        new = [host for host in new if host.name.lower() in stored or host.name.lower() in left]
    fresh = {row.host: row for row in _first_rows(services, rollout, new)}
    rows = [
        *(reopened(_renewed(row, fresh), rollout) for row in stored.values()),
        *(with_custody(row, left) for row in fresh.values() if row.host not in stored),
        *(row for row in left.values() if row.host not in fresh),
    ]
    settle = timedelta(seconds=rollout.policy.settle_seconds)
    views = tuple(
        HostView(_while_pending(observe(row, seen.get(row.host), settle, now), seen.get(row.host)), seen.get(row.host))
        for row in rows
    )
    snapshot = Snapshot(
        hosts=views,
        schedule=rollout.schedule,
        state=rollout.state,
        target=rollout.version,
        session_limit=services.desktops.host_pool(pool.host_pool_id).session_limit,
        replicas=rollout.replicas,
        may_probe_only=rollout.policy.strategy is Strategy.AUTO
        and pool.reimage is ReimageSupport.UNKNOWN
        and not rollout.going_back
        and not any(row.state is HostState.DONE for row in rows),
        failures_accepted=rollout.failures_accepted,
        kind=rollout.kind,
        going_back=rollout.going_back,
        approved=rollout.approved_at is not None,
        awaiting_since=rollout.awaiting_since,
        ends_as=rollout.ends_as,
        zone=rollout.zone,
        host_time=host_time(rows, timedelta(seconds=rollout.first_guess)),
        writes_left=services.surroundings.writes_left(subscription_of(pool.host_pool_id)),
    )
    return Gathered(_with_sessions(services, snapshot, rollout, pool, now), stored)


def _with_sessions(services: Services, snapshot: Snapshot, rollout: Rollout, pool: Pool, now: datetime) -> Snapshot:
    """The snapshot with the pool's sessions, read only when somebody is to be warned or signed out."""
    concerned = any(
        view.sessions and not view.row.state.ended and not view.row.state.in_work for view in snapshot.hosts
    )
    warning = due_step(rollout.policy, rollout.schedule.force_at, now) is not None
    if not concerned or not (warning or snapshot.forcing(now)):
        return snapshot
    return replace(snapshot, sessions=tuple(services.desktops.user_sessions(pool.host_pool_id)))


def _is_new(rollout: Rollout, row: RolloutHost | None, host: SessionHost, now: datetime) -> bool:
    """Whether what the row says about the VM must be read (again).

    So it must for a host that was not begun: when it stands on another VM by now, and when the rollout
    begins, since its request may be weeks old.
    """
    if row is None:
        return True
    if row.state is not HostState.PENDING:
        return False
    begins = rollout.started_at is None and now >= rollout.schedule.begin_at
    return begins or row.vm_id.lower() != host.vm_id.lower()


def _first_rows(services: Services, rollout: Rollout, hosts: list[SessionHost]) -> list[RolloutHost]:
    """Rows for hosts seen the first time: what they are on, and whether their VM exists at all."""
    if not hosts:
        return []
    machines = services.machines.machines([host.vm_id for host in hosts])
    return [_first_row(rollout, host, machines.get(host.vm_id.lower())) for host in hosts]


def _first_row(rollout: Rollout, host: SessionHost, machine: Machine | None) -> RolloutHost:
    row = RolloutHost(rollout=rollout.id, host=host.name.lower(), vm_id=host.vm_id, sessions=host.sessions)
    if machine is None:
        return row.model_copy(update={"vm_missing": True})
    version = version_of(machine, rollout.definition_id)
    return row.model_copy(
        update={
            "from_version": version,
            "from_version_id": version_id(machine.definition_id, machine.version)
            if machine.definition_id and machine.version
            else "",
            "version": version,
            "location": machine.location,
            "left_drained": ROLLOUT_TAG in machine.tags,
        }
    )


_OF_THE_VM = ("vm_id", "vm_missing", "from_version", "from_version_id", "version", "location", "left_drained")


def _renewed(row: RolloutHost, fresh: dict[str, RolloutHost]) -> RolloutHost:
    """The stored row with what was read about its VM just now, if it was read."""
    found = fresh.get(row.host)
    if found is None:
        return row
    changed = {name: getattr(found, name) for name in _OF_THE_VM if getattr(found, name) != getattr(row, name)}
    return row.model_copy(update=changed) if changed else row


def version_of(machine: Machine, definition_id: str) -> str | None:
    """The version of this image that a VM says it is on; None when it was made from something else."""
    same = machine.definition_id is not None and machine.definition_id.lower() == definition_id.lower()
    return machine.version if same else None


def _while_pending(row: RolloutHost, seen: SessionHost | None) -> RolloutHost:
    """Until we drain a host, it is its operator and autoscale who say how it is to be given back.

    One that we drained before, and that failed, says nothing of that: what was noted then counts.
    """
    if row.state is not HostState.PENDING or seen is None or row.left_drained:
        return row
    drained = not seen.accepting
    off = seen.status == "Shutdown"
    if (row.operator_drained, row.was_off) == (drained, off):
        return row
    return row.model_copy(update={"operator_drained": drained, "was_off": off})
