"""Rows of hosts whose VM is read: hosts seen for the first time, and hosts that run on another VM by now."""

from __future__ import annotations

from datetime import datetime

from shared.core.arm_ids import version_id
from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import HEALTHY_STATUSES, SessionHost, VirtualMachine, version_of
from shared.models.host_parts import Use
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.freshness import only_return_failed, starts_over, use_before_start_over
from shared.rollouts.hosts import vm_marks
from shared.rollouts.hosts.earlier_failures import restore_original
from shared.rollouts.refresh.exclusion import RefreshHolds
from shared.services import Services


def must_read_vm(
    rollout: Rollout, row: RolloutHost | None, host: SessionHost, now: datetime, refresh_holds: RefreshHolds
) -> bool:
    """Whether the VM must be read (again).

    It must for a host that is not started yet: when it runs on another VM by now, when the rollout begins (its request
    may be weeks old), and when a refresh has handled the host meanwhile.
    """
    if row is None:
        return True
    if _starts_again(rollout, row, host, now):
        return True
    if row.state is not HostState.PENDING or row.host in refresh_holds.held:
        return False
    if row.excluded_by_tag and rollout.kind is RolloutKind.REFRESH:
        return True  # a refresh does not end, so it sees when the tag is removed
    begins = rollout.started_at is None and now >= rollout.schedule.begin_at
    held_by_refresh = not row.location and not row.vm_missing
    return begins or held_by_refresh or row.vm_id.lower() != host.vm_id.lower()


def _starts_again(rollout: Rollout, row: RolloutHost, host: SessionHost, now: datetime) -> bool:
    """Whether a refresh starts this host again, or its VM exists at last. A cancelled refresh starts nothing again."""
    if rollout.kind is not RolloutKind.REFRESH or rollout.state is RolloutState.CANCELLING:
        return False
    return starts_over(row, host, now) or (row.vm_missing and host.status in HEALTHY_STATUSES)


def new_host_rows(services: Services, rollout: Rollout, hosts: list[SessionHost]) -> list[RolloutHost]:
    """Rows for hosts seen for the first time: their version, and whether their VM exists."""
    if not hosts:
        return []
    vms = services.vms.find_many([host.vm_id for host in hosts])
    found = [(host, vms.get(host.vm_id.lower())) for host in hosts]
    rows = [(_new_host_row(rollout, host, vm), vm) for host, vm in found]
    return [restore_original(services, row, vm) if vm and _failed_earlier(rollout, row) else row for row, vm in rows]


def _failed_earlier(rollout: Rollout, row: RolloutHost) -> bool:
    return row.drained_by_earlier_failure and rollout.kind is not RolloutKind.REFRESH


def _new_host_row(rollout: Rollout, host: SessionHost, vm: VirtualMachine | None) -> RolloutHost:
    row = RolloutHost(rollout=rollout.id, host=host.name.lower(), vm_id=host.vm_id, sessions=host.sessions)
    if vm is None:
        return row.replace(vm_missing=True)
    version = version_of(vm, rollout.definition_id)
    mark = vm.tags.get(ROLLOUT_TAG, "")
    failed_earlier = bool(mark)
    if rollout.kind is RolloutKind.REFRESH:
        # A host that a rollout left drained must serve no users and not be refreshed, also if this refresh left it so
        # and has removed its row since. A host that accepts sessions again is like any other.
        failed_earlier, failed_in = False, "" if host.accepting else mark
        row = row.replace(use=Use(failed_in=failed_in))
        if mark == rollout.id and host.accepting:
            row = vm_marks.record_original(row, vm)  # so that it returns to service, without our tag
    known = vm.definition_id and vm.version
    made_from = version_id(vm.definition_id or "", vm.version or "") if known else ""
    return row.replace(
        found=row.found.replace(from_version=version, from_version_id=made_from),
        version=version,
        location=vm.location,
        excluded_by_tag=vm.excluded,
        drained_by_earlier_failure=failed_earlier,
    )


def with_vm_read_again(
    rollout: Rollout, row: RolloutHost, host: SessionHost | None, fresh: dict[str, RolloutHost], now: datetime
) -> RolloutHost:
    """The stored row, updated from its VM if that was read in this pass; a refresh may start it again."""
    new = fresh.get(row.host)
    if new is None:
        return row
    if rollout.kind is RolloutKind.REFRESH and starts_over(row, host, now):
        return _started_again(row, new)
    # A rollout that failed on the host meanwhile recorded its original state, unless this rollout did so before.
    recorded_by_other = new.drained_by_earlier_failure and not row.found.prior_tags
    made_from = {"from_version": new.found.from_version, "from_version_id": new.found.from_version_id}
    return row.replace(
        vm_id=new.vm_id,
        vm_missing=new.vm_missing,
        version=new.version,
        location=new.location,
        excluded_by_tag=new.excluded_by_tag,
        drained_by_earlier_failure=new.drained_by_earlier_failure,
        found=new.found if recorded_by_other else row.found.replace(**made_from),
    )


def _started_again(row: RolloutHost, new: RolloutHost) -> RolloutHost:
    """A first row for a host that a refresh starts again; it replaces the stored row."""
    found, use = new.found, use_before_start_over(row, new.vm_id)
    if only_return_failed(row):
        marks = {"prior_tags": row.found.prior_tags, "prior_delete_option": row.found.prior_delete_option}
        found = found.replace(**marks)
    use = use.replace(failed_in=new.use.failed_in)
    return new.written_over(row).replace(engine_run=row.engine_run, found=found, use=use)
