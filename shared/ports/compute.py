"""Virtual machines, galleries, image building, and the rights, locks and limits on them, as the use cases need them.

Every method blocks and may raise AzureBusy and AzureRefused besides the errors it names.
Methods do not retry: the durable timer does the waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from pydantic import SecretStr

from shared.models.azure import (
    CoreQuota,
    DeleteOption,
    Disk,
    Lock,
    Operation,
    Permissions,
    ScalingPlan,
    Template,
    VirtualMachine,
    VirtualMachineBody,
)
from shared.models.directory import JoinFacts
from shared.models.images import Definition, GalleryVersion, TargetRegion
from shared.models.pools import DomainJoin, EntraJoin


class VirtualMachines(Protocol):
    """Virtual machines and their disks. Ids are ARM ids. `start_…` begins a long operation and never waits."""

    def find(self, vm_id: str) -> VirtualMachine | None:
        """One VM with its power state, or None when it does not exist."""

    def find_many(self, vm_ids: Iterable[str]) -> dict[str, VirtualMachine]:
        """The existing VMs by lower-case id, with power states. One list per resource group."""

    def subnets_of(self, vm_ids: Iterable[str]) -> dict[str, str]:
        """The subnet (ARM id) of each VM's first network card, by the VM's lower-case id; VMs without one are left out.

        One list per resource group. A card in another group than its VM is not found.
        """

    def find_marked(self, near: Iterable[str]) -> list[VirtualMachine]:
        """The VMs with the tag `FreshcoatOutOf` in the resource groups of the VMs `near`; without power states.

        One list per resource group.
        """

    def disk_version(self, disk_id: str) -> str | None:
        """ARM id of the gallery image version a disk was created from. None when unknown, or when the disk is gone."""

    def disk(self, disk_id: str) -> Disk | None:
        """One disk, or None when it does not exist."""

    def update(
        self,
        vm_id: str,
        *,
        tags: dict[str, str] | None = None,
        os_disk_delete_option: DeleteOption | None = None,
        os_disk_create_option: str = "FromImage",
        nic_delete_option: DeleteOption | None = None,
    ) -> None:
        """PATCH the given values in one call. Tags replace all tags; a delete option needs the VM's own create option.

        Raises AzureNotFound.
        """

    def recreation_body(self, vm_id: str) -> VirtualMachineBody:
        """The body to recreate this VM on its NICs, without secrets. Raises AzureNotFound."""

    def start_reimage(self, vm_id: str, *, version: str, admin_password: SecretStr) -> Operation:
        """Re-image in place to a version of the definition the VM was created from."""

    def start_swap(self, vm_id: str, disk_id: str, *, create_option: str = "FromImage") -> Operation:
        """Swap the OS disk of a deallocated VM with this create option. The former disk stays, detached.

        Raises AzureNotFound, AzureConflict.
        """

    def start_probe(self, vm_id: str, location: str, script: str, timeout_minutes: int, change_tag: str) -> Operation:
        """Run a PowerShell script as SYSTEM with a managed run command. It fails when the exit code is not 0.

        A new `change_tag` runs it again. `OperationFailed` contains the end of the script's output.
        """

    def start_disk_removal(self, disk_id: str) -> Operation:
        """Delete a detached disk. If it is gone already, the operation is finished. Raises AzureConflict."""

    def start_delete(self, vm_id: str) -> Operation:
        """Delete the VM with force. If it is gone already, the operation is finished."""

    def start_create(
        self, vm_id: str, body: VirtualMachineBody, *, image_version_id: str, admin_password: SecretStr
    ) -> Operation:
        """Recreate the VM from the exact version on its former NICs."""

    def start_power_on(self, vm_id: str) -> Operation:
        """Start the VM."""

    def start_deallocate(self, vm_id: str) -> Operation:
        """Deallocate the VM."""

    def start_join(
        self, vm_id: str, location: str, join: DomainJoin | EntraJoin, password: SecretStr | None, change_tag: str
    ) -> Operation:
        """Join the domain or Entra ID with a VM extension. A new `change_tag` runs the extension again."""

    def start_extension(self, vm_id: str, location: str, extension: dict[str, Any]) -> Operation:
        """Install an extension that `recreation_body` recorded."""

    def start_register(self, vm_id: str, location: str, token: SecretStr, attempt: str = "") -> Operation:
        """Install the AVD agent and register the host with a managed run command.

        A registration from before this `attempt`, as on a kept disk, is replaced.
        """

    def start_inspection(self, vm_id: str, location: str, change_tag: str) -> Operation:
        """Read in a running VM how it is joined, with a managed run command; `join_facts` has the result."""

    def join_facts(self, vm_id: str) -> JoinFacts:
        """The result of the last inspection. Raises AzureNotFound without one."""

    def resume(self, operation: Operation) -> Operation:
        """Poll a started operation once. Raises OperationFailed, UnreadableOperation."""


class Governance(Protocol):
    """What can stop a rollout half-way: rights, locks, quota, autoscale. Read-only."""

    def permissions(self, scope_id: str, by: str = "") -> Permissions:
        """What the app's identity may do at this scope (ARM id of a resource or resource group).

        `by`: the scope whose identity is meant, where that is not the same.
        """

    def locks(self, scope_id: str) -> list[Lock]:
        """Management locks at, above and below this scope."""

    def scaling_plans(self, host_pool_id: str) -> list[ScalingPlan]:
        """The scaling plans assigned to a host pool."""

    def cores(self, subscription: str, region: str) -> CoreQuota:
        """The regional vCPU quota of a subscription (by id)."""


class ArmBudget(Protocol):
    """The remaining ARM write quota per subscription, shared by all rollouts. Makes no calls to Azure."""

    def writes_left(self, host_pool_id: str) -> int | None:
        """Remaining writes by ARM's last answer, minus the writes reserved since. None without a recent answer."""

    def reserve_writes(self, host_pool_id: str, writes: int) -> None:
        """Subtract writes that are about to be sent, because all rollouts share the quota."""


class ImageBuilder(Protocol):
    """Creates an image version from a template VM: clone, prepare, capture, clean up.

    Ids are ARM ids. Created resources have the tag `FreshcoatTask`. `start_…` begins a long operation and never waits;
    it may be repeated with the same id.
    """

    def template(self, vm_id: str) -> Template | None:
        """The properties needed to clone a VM, or None when it does not exist."""

    def owner(self, resource_id: str) -> str | None:
        """The task that created a resource, by its tag. Empty without the tag; None when it does not exist."""

    def start_snapshot(self, snapshot_id: str, template: Template, task: str) -> Operation:
        """Create a snapshot of the template VM's OS disk."""

    def start_disk(self, disk_id: str, snapshot_id: str, template: Template, task: str) -> Operation:
        """Create a disk from a snapshot."""

    def start_clone(self, vm_id: str, disk_id: str, template: Template, subnet_id: str, task: str) -> Operation:
        """Create a clone of the template VM with the disk and its own NIC; both are deleted with the clone."""

    def start_prepare(self, vm_id: str, location: str, task: str) -> Operation:
        """Generalize Windows on the clone with a managed run command (`sysprep … /quit`)."""

    def generalize(self, vm_id: str) -> None:
        """Mark a deallocated VM as generalized; it can never start again. May be repeated."""

    def start_image(self, image_id: str, vm_id: str, location: str, generation: str, task: str) -> Operation:
        """Create a managed image of a generalized VM."""

    def start_removal(self, resource_id: str) -> Operation:
        """Delete a snapshot, disk, VM or managed image. If it is gone already, the operation is finished."""

    def resume(self, operation: Operation) -> Operation:
        """Poll a started operation once. Raises OperationFailed, UnreadableOperation."""


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
        """Create a version from a managed image or a generalized VM, excluded from "latest"."""

    def start_exclude(self, definition_id: str, version: str, *, excluded: bool) -> Operation:
        """Exclude a version from "latest", or include it. Raises AzureNotFound."""

    def start_removal(self, definition_id: str, version: str) -> Operation:
        """Delete a version from the gallery. If it is gone already, the operation is finished."""

    def resume(self, operation: Operation) -> Operation:
        """Poll a started operation once. Raises OperationFailed, UnreadableOperation."""

    def version(self, definition_id: str, version: str) -> GalleryVersion | None:
        """One image version with its replication, or None when it does not exist."""

    def versions(self, definition_id: str) -> list[GalleryVersion]:
        """All versions of the definition, oldest first. Raises AzureNotFound without the definition."""
