"""Rows for hosts whose VM is read: those that are seen the first time, and those that stand on another one by now."""

from __future__ import annotations

from datetime import datetime

from shared.core.arm_ids import version_id
from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import HEALTHY_STATUSES, SessionHost, VirtualMachine, version_of
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.freshness import not_returned, starts_again, use_so_far
from shared.rollouts.hosts import vm_marks
from shared.rollouts.hosts.earlier_failures import ORIGINAL_FIELDS, restore_original
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
    if row.state is not HostState.PENDING or row.host in refresh_holds.in_hand:
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
        restore_original(services, row, machine) if machine and _is_left_drained(rollout, row) else row
        for row, machine in rows
    ]


def _is_left_drained(rollout: Rollout, row: RolloutHost) -> bool:
    return row.left_drained and rollout.kind is not RolloutKind.REFRESH


def _new_host_row(rollout: Rollout, host: SessionHost, machine: VirtualMachine | None) -> RolloutHost:
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
            row = vm_marks.record_original(row, machine)  # so that it is given back, without our mark
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


def with_vm_read_again(
    rollout: Rollout, row: RolloutHost, host: SessionHost | None, fresh: dict[str, RolloutHost], now: datetime
) -> RolloutHost:
    """The stored row with what was read about its VM just now, if it was read; a refresh may begin it anew."""
    found = fresh.get(row.host)
    if found is None:
        return row
    if rollout.kind is RolloutKind.REFRESH and starts_again(row, host, now):
        to_give_back = ("prior_tags", "prior_delete_option") if not_returned(row) else ()
        kept = {name: getattr(row, name) for name in ("etag", "schema_version", "engine_run", *to_give_back)}
        return found.model_copy(update=kept | use_so_far(row, found.vm_id))
    # Whoever failed on it while it was known here had noted how it was found, unless this rollout had before.
    names = (*_OF_THE_VM, *ORIGINAL_FIELDS) if found.left_drained and not row.prior_tags else _OF_THE_VM
    changed = {name: getattr(found, name) for name in names if getattr(found, name) != getattr(row, name)}
    return row.model_copy(update=changed) if changed else row
