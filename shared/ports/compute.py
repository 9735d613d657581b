"""Virtual machines, galleries, image building and what governs them, as the use cases need them.

Every method blocks and may raise AzureBusy and AzureRefused besides the errors it names.
Nothing retries inside: the durable timer does the waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from pydantic import SecretStr

from shared.models.azure import (
    CoreQuota,
    Disk,
    Lock,
    Operation,
    Permissions,
    ScalingPlan,
    Template,
    VirtualMachine,
    VirtualMachineBody,
)
from shared.models.images import Definition, GalleryVersion, TargetRegion
from shared.models.pools import Join


class VirtualMachines(Protocol):
    """Virtual machines and their disks. Ids are ARM ids. `start_…` begins a long operation and never waits."""

    def find(self, vm_id: str) -> VirtualMachine | None:
        """One VM with its power state, or None when it does not exist."""

    def find_many(self, vm_ids: Iterable[str]) -> dict[str, VirtualMachine]:
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

    def recreation_body(self, vm_id: str) -> VirtualMachineBody:
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
        self, vm_id: str, body: VirtualMachineBody, *, image_version_id: str, admin_password: SecretStr
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


class Governance(Protocol):
    """What can stop a rollout half-way: rights, locks, quota, autoscale. Only read."""

    def permissions(self, scope_id: str) -> Permissions:
        """What the app's identity may do at this scope (ARM id of a resource or resource group)."""

    def locks(self, scope_id: str) -> list[Lock]:
        """Management locks at this scope, those set above it, and those set on something below it."""

    def scaling_plans(self, host_pool_id: str) -> list[ScalingPlan]:
        """The scaling plans assigned to a host pool."""

    def cores(self, subscription: str, region: str) -> CoreQuota:
        """Regional vCPUs of a subscription (its id)."""


class ArmBudget(Protocol):
    """What ARM's rate limits leave this identity, per subscription. Shared by all rollouts; asks Azure nothing."""

    def writes_left(self, subscription: str) -> int | None:
        """Writes that ARM has said are left for this identity now, less those reserved since; None when it has said
        nothing lately."""

    def reserve_writes(self, subscription: str, writes: int) -> None:
        """Count writes that are about to be made as made: all rollouts of this identity share what is left."""


class ImageBuilder(Protocol):
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
