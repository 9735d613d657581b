"""Rows for hosts whose VM is read: those that are seen the first time, and those that stand on another one by now."""

from __future__ import annotations

from datetime import datetime

from shared.core.arm_ids import version_id
from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import HEALTHY_STATUSES, SessionHost, VirtualMachine, version_of
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind, Use
from shared.planning.freshness import not_returned, starts_again, use_so_far
from shared.rollouts.hosts import vm_marks
from shared.rollouts.hosts.earlier_failures import restore_original
from shared.rollouts.refresh.exclusion import RefreshHolds
from shared.services import Services


def must_read_vm(
    rollout: Rollout, row: RolloutHost | None, host: SessionHost, now: datetime, refresh_holds: RefreshHolds
) -> bool:
    """Whether what the row says about the VM must be read (again).

    So it must for a host that was not begun: when it stands on another VM by now, and when the rollout
    begins, since its request may be weeks old; and when a refresh has had it meanwhile.
    """
    if row is None:
        return True
    if _starts_again(rollout, row, host, now):
        return True
    if row.state is not HostState.PENDING or row.host in refresh_holds.held:
        return False
    begins = rollout.started_at is None and now >= rollout.schedule.begin_at
    was_elsewhere = not row.location and not row.vm_missing
    return begins or was_elsewhere or row.vm_id.lower() != host.vm_id.lower()


def _starts_again(rollout: Rollout, row: RolloutHost, host: SessionHost, now: datetime) -> bool:
    """Of a refresh: whether a host begins anew, or has a VM at last. Once it is cancelled, what has ended has ended."""
    if rollout.kind is not RolloutKind.REFRESH or rollout.state is RolloutState.CANCELLING:
        return False
    return starts_again(row, host, now) or (row.vm_missing and host.status in HEALTHY_STATUSES)


def new_host_rows(services: Services, rollout: Rollout, hosts: list[SessionHost]) -> list[RolloutHost]:
    """Rows for hosts seen the first time: what they are on, and whether their VM exists at all."""
    if not hosts:
        return []
    machines = services.vms.find_many([host.vm_id for host in hosts])
    found = [(host, machines.get(host.vm_id.lower())) for host in hosts]
    rows = [(_new_host_row(rollout, host, machine), machine) for host, machine in found]
    return [
        restore_original(services, row, machine) if machine and _failed_earlier(rollout, row) else row
        for row, machine in rows
    ]


def _failed_earlier(rollout: Rollout, row: RolloutHost) -> bool:
    return row.drained_by_earlier_failure and rollout.kind is not RolloutKind.REFRESH


def _new_host_row(rollout: Rollout, host: SessionHost, machine: VirtualMachine | None) -> RolloutHost:
    row = RolloutHost(rollout=rollout.id, host=host.name.lower(), vm_id=host.vm_id, sessions=host.sessions)
    if machine is None:
        return row.replace(vm_missing=True)
    version = version_of(machine, rollout.definition_id)
    mark = machine.tags.get(ROLLOUT_TAG, "")
    left = bool(mark)
    if rollout.kind is RolloutKind.REFRESH:
        # What a rollout has left drained is not for the users and not for us, this one too when it has forgotten the
        # host since; one that serves again is as any other.
        left, failed_in = False, "" if host.accepting else mark
        row = row.replace(use=Use(failed_in=failed_in))
        if mark == rollout.id and host.accepting:
            row = vm_marks.record_original(row, machine)  # so that it is given back, without our mark
    known = machine.definition_id and machine.version
    made_from = version_id(machine.definition_id or "", machine.version or "") if known else ""
    return row.replace(
        found=row.found.replace(from_version=version, from_version_id=made_from),
        version=version,
        location=machine.location,
        drained_by_earlier_failure=left,
    )


def with_vm_read_again(
    rollout: Rollout, row: RolloutHost, host: SessionHost | None, fresh: dict[str, RolloutHost], now: datetime
) -> RolloutHost:
    """The stored row with what was read about its VM just now, if it was read; a refresh may begin it anew."""
    new = fresh.get(row.host)
    if new is None:
        return row
    if rollout.kind is RolloutKind.REFRESH and starts_again(row, host, now):
        return _begun_anew(row, new)
    # Whoever failed on it while it was known here had noted how it was found, unless this rollout had before.
    noted_by_others = new.drained_by_earlier_failure and not row.found.prior_tags
    made_from = {"from_version": new.found.from_version, "from_version_id": new.found.from_version_id}
    return row.replace(
        vm_id=new.vm_id,
        vm_missing=new.vm_missing,
        version=new.version,
        location=new.location,
        drained_by_earlier_failure=new.drained_by_earlier_failure,
        found=new.found if noted_by_others else row.found.replace(**made_from),
    )


def _begun_anew(row: RolloutHost, new: RolloutHost) -> RolloutHost:
    """The first row of a refresh's host that begins anew, in the place of its stored one."""
    found, use = new.found, use_so_far(row, new.vm_id)
    if not_returned(row):
        marks = {"prior_tags": row.found.prior_tags, "prior_delete_option": row.found.prior_delete_option}
        found = found.replace(**marks)
    use = use.replace(failed_in=new.use.failed_in)
    return new.written_over(row).replace(engine_run=row.engine_run, found=found, use=use)
