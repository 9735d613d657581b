"""What the rules need from the world, as protocols. `shared.azure`, `shared.tables` and the durable client fulfil them.

Every method blocks and may raise the errors named here; all Azure methods may raise AzureBusy,
AzureForbidden and AzureError. Nothing retries inside: waiting is the durable timer's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr

from shared.models.azure import (
    CoreQuota,
    Disk,
    HostPool,
    Lock,
    Machine,
    MachineBody,
    Operation,
    Permissions,
    ScalingPlan,
    SessionHost,
    Template,
    UserSession,
)
from shared.models.base import Record
from shared.models.images import Definition, GalleryVersion, TargetRegion
from shared.models.pools import Join
from shared.models.tasks import TaskKind


class DesktopPools(Protocol):
    """Azure Virtual Desktop: host pools, session hosts, user sessions. Ids are ARM ids of host pools."""

    def host_pool(self, host_pool_id: str) -> HostPool:
        """One host pool. Raises AzureNotFound."""

    def session_hosts(self, host_pool_id: str) -> list[SessionHost]:
        """All session hosts of the pool, page by page."""

    def session_host(self, host_pool_id: str, host: str) -> SessionHost | None:
        """One session host, or None when it is not registered."""

    def registered_elsewhere(self, host_pool_id: str, vm_id: str) -> str:
        """The name of another host pool of the subscription that has the VM as a session host; empty when none has.

        One list of host pools and one of hosts for each: for rare moments. Raises AzureForbidden.
        """

    def user_sessions(self, host_pool_id: str) -> list[UserSession]:
        """All sessions of the pool, page by page."""

    def host_sessions(self, host_pool_id: str, host: str) -> list[UserSession]:
        """The sessions of one host; empty when the host is not registered."""

    def set_accepting(self, host_pool_id: str, host: str, *, accepting: bool) -> None:
        """Drain (False) or undrain (True). Raises AzureNotFound."""

    def sign_out(self, host_pool_id: str, host: str, session_id: str) -> bool:
        """End a session. False: it was gone already."""

    def send_message(self, host_pool_id: str, host: str, session_id: str, title: str, body: str) -> None:
        """Show a message in a session. A session that is gone already is fine."""

    def remove_session_host(self, host_pool_id: str, host: str) -> None:
        """Take the host's registration out of the pool. One that is gone already is fine.

        Raises AzureConflict while the host has sessions: the broker has the last word.
        """

    def registration_token(self, host_pool_id: str) -> SecretStr:
        """A token with at least 30 minutes left; a new one (2 h) is made when there is none."""


class Machines(Protocol):
    """Virtual machines and their disks. Ids are ARM ids. `start_…` begins a long operation and never waits."""

    def machine(self, vm_id: str) -> Machine | None:
        """One VM with its power state, or None when it does not exist."""

    def machines(self, vm_ids: Iterable[str]) -> dict[str, Machine]:
        """Those of the VMs that exist, by lower-case id; one list per resource group, with power states."""

    def disk_version(self, disk_id: str) -> str | None:
        """ARM id of the gallery image version a disk was made from; None when it does not say, or is gone."""

    def disk(self, disk_id: str) -> Disk | None:
        """One disk, or None when it does not exist."""

    def update(
        self,
        vm_id: str,
        *,
        tags: dict[str, str] | None = None,
        os_disk_delete_option: str | None = None,
        nic_delete_option: str | None = None,
    ) -> None:
        """PATCH what is given, in one call; tags replace the whole set. Raises AzureNotFound."""

    def recreation_body(self, vm_id: str) -> MachineBody:
        """What is needed to create this VM again on its NICs, free of secrets. Raises AzureNotFound."""

    def start_reimage(self, vm_id: str, *, version: str, admin_password: SecretStr) -> Operation:
        """Re-image in place to a version of the definition the VM was made from."""

    def start_swap(self, vm_id: str, disk_id: str) -> Operation:
        """Put another OS disk under a deallocated VM; the one it had stays, detached.

        Raises AzureNotFound, AzureConflict.
        """

    def start_probe(self, vm_id: str, location: str, script: str, timeout_minutes: int, change_tag: str) -> Operation:
        """Run a PowerShell script as SYSTEM by a managed run command; it fails when the exit code is not 0.

        A new `change_tag` makes it run again. `OperationFailed` carries the end of what the script has said.
        """

    def start_disk_removal(self, disk_id: str) -> Operation:
        """Delete a disk that is on no VM. One that is gone already is a finished operation. Raises AzureConflict."""

    def start_delete(self, vm_id: str) -> Operation:
        """Delete the VM (force). One that is gone already is a finished operation."""

    def start_create(
        self, vm_id: str, body: MachineBody, *, image_version_id: str, admin_password: SecretStr
    ) -> Operation:
        """Create the VM from the exact version on its old NICs."""

    def start_power_on(self, vm_id: str) -> Operation:
        """Switch the VM on."""

    def start_deallocate(self, vm_id: str) -> Operation:
        """Switch the VM off and release it."""

    def start_join(
        self, vm_id: str, location: str, join: Join, password: SecretStr | None, change_tag: str
    ) -> Operation:
        """Join the domain or Entra ID by VM extension; a new `change_tag` makes the extension run again."""

    def start_register(self, vm_id: str, location: str, token: SecretStr, attempt: str = "") -> Operation:
        """Install the AVD agent and register the host by a managed run command.

        A registration that the disk has from before this `attempt`, as a kept one has, counts for nothing.
        """

    def resume(self, operation: Operation) -> Operation:
        """Ask once how a started operation is doing. Raises OperationFailed when it failed."""


class Surroundings(Protocol):
    """What lies around a pool and can stop a rollout half-way: rights, locks, quota, autoscale. Only read."""

    def permissions(self, scope_id: str) -> Permissions:
        """What the app's identity may do at this scope (ARM id of a resource or resource group)."""

    def locks(self, scope_id: str) -> list[Lock]:
        """Management locks at this scope, those set above it, and those set on something below it."""

    def scaling_plans(self, host_pool_id: str) -> list[ScalingPlan]:
        """The scaling plans assigned to a host pool."""

    def cores(self, subscription: str, region: str) -> CoreQuota:
        """Regional vCPUs of a subscription (its id)."""

    def writes_left(self, subscription: str) -> int | None:
        """Writes that ARM has said are left for this identity now, less those reserved since; None when it has said
        nothing lately."""

    def reserve_writes(self, subscription: str, writes: int) -> None:
        """Count writes that are about to be made as made: all rollouts of this identity share what is left."""


class Workshop(Protocol):
    """Making an image version from a template VM: copies, preparation, capture, and their removal.

    Ids are ARM ids. What is made carries the tag `FreshcoatTask`. `start_…` begins a long operation and never waits;
    making what is there already under the same id is fine.
    """

    def template(self, vm_id: str) -> Template | None:
        """What has to be known of a VM to copy it, or None when it does not exist."""

    def owner(self, resource_id: str) -> str | None:
        """The task a resource was made for, by its tag; empty when it has none, None when it does not exist."""

    def start_snapshot(self, snapshot_id: str, template: Template, task: str) -> Operation:
        """Snapshot the template's OS disk."""

    def start_disk(self, disk_id: str, snapshot_id: str, template: Template, task: str) -> Operation:
        """Make a disk from a snapshot."""

    def start_clone(self, vm_id: str, disk_id: str, template: Template, subnet_id: str, task: str) -> Operation:
        """Make a VM like the template on a copy of its disk, with a NIC of its own; both go when the VM is deleted."""

    def start_prepare(self, vm_id: str, location: str, task: str) -> Operation:
        """Generalize Windows on the clone by a managed run command (`sysprep … /quit`). Fails when sysprep does."""

    def generalize(self, vm_id: str) -> None:
        """Mark a deallocated VM as generalized; it can never be started again. Repeating it is fine."""

    def start_image(self, image_id: str, vm_id: str, location: str, generation: str, task: str) -> Operation:
        """Make a managed image of a generalized VM."""

    def start_removal(self, resource_id: str) -> Operation:
        """Delete a snapshot, disk, VM or managed image. One that is gone already is a finished operation."""

    def resume(self, operation: Operation) -> Operation:
        """Ask once how a started operation is doing. Raises OperationFailed when it failed."""


class Gallery(Protocol):
    """Azure compute galleries."""

    def definition(self, definition_id: str) -> Definition:
        """The image definition. Raises AzureNotFound."""

    def start_version(
        self,
        definition: Definition,
        version: str,
        *,
        source_id: str,
        regions: Sequence[TargetRegion],
        task: str,
    ) -> Operation:
        """Create a version from a managed image or a generalized VM, left out of "latest"."""

    def start_exclude(self, definition_id: str, version: str, *, excluded: bool) -> Operation:
        """Leave a version out of "latest", or let it in. Raises AzureNotFound."""

    def start_removal(self, definition_id: str, version: str) -> Operation:
        """Delete a version from the gallery. One that is gone already is a finished operation."""

    def resume(self, operation: Operation) -> Operation:
        """Ask once how a started operation is doing. Raises OperationFailed when it failed."""

    def version(self, definition_id: str, version: str) -> GalleryVersion | None:
        """One image version with its replication, or None when there is no such version."""

    def versions(self, definition_id: str) -> list[GalleryVersion]:
        """All versions of the definition, oldest first. Raises AzureNotFound without the definition."""


@dataclass(frozen=True)
class Page[R]:
    """Some rows, and the token of the next page; None at the end."""

    rows: list[R]
    continuation: str | None


class Rows[R: Record](Protocol):
    """One table of one kind of record. Keys are derived from the record by the table itself."""

    def find(self, partition: str, row: str) -> R | None:
        """The record under these keys, with its etag, or None."""

    def add(self, record: R) -> R:
        """Write a new record; the answer carries its etag. Raises AlreadyExists."""

    def replace(self, record: R) -> R:
        """Write over the version named by `record.etag`. Raises StaleRow when it has changed or is gone."""

    def write_many(self, records: Sequence[R]) -> list[R]:
        """Add (no etag) or replace (etag) many records of one partition, 100 to a transaction.

        Raises StaleRow or AlreadyExists; transactions before the failing one stay written.
        """

    def remove(self, record: R) -> None:
        """Delete the version named by `record.etag`. Raises StaleRow; a row that is gone is fine."""

    def all(self, partition: str) -> list[R]:
        """Every record of a partition, in key order."""

    def since(self, partition: str, mark: str) -> tuple[list[R], str]:
        """The records of a partition that were written since the reading which gave this mark, perhaps others too, and
        the mark for the next reading. An empty mark: every record. What was removed meanwhile is not told.
        """

    def every(self) -> list[R]:
        """Every record of the table, whatever its partition."""

    def page(self, partition: str, *, limit: int, continuation: str | None = None, **equal: Any) -> Page[R]:
        """Up to `limit` records of a partition in key order, those whose properties equal the given values."""


class Engine(Protocol):
    """The durable engine, as far as rollouts and tasks need it."""

    def start_rollout(self, rollout_id: str, run: int) -> None:
        """Start driving a rollout; starting what runs already is fine."""

    def start_host(self, rollout_id: str, host: str, run: int) -> None:
        """Start driving one host; starting what runs already is fine."""

    def rollout_alive(self, rollout_id: str, run: int) -> bool:
        """Whether an instance drives this rollout."""

    def host_alive(self, rollout_id: str, host: str, run: int) -> bool:
        """Whether an instance drives this host."""

    def nudge(self, rollout_id: str, run: int, why: str, *, left: Sequence[str] = (), calm: bool = False) -> None:
        """Make the rollout look now: at the hosts that somebody has `left`, if any are named. `calm`: it has time until
        looking pays. A rollout nobody drives is fine: the resume timer finds it."""

    def start_task(self, task_id: str, kind: TaskKind, run: int) -> None:
        """Start driving a task on an image; starting what runs already is fine."""

    def task_alive(self, task_id: str, run: int) -> bool:
        """Whether an instance drives this task."""
