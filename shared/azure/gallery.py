"""The `Gallery` port over azure-mgmt-compute 39.0.0 (galleries API 2026-03-03)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from azure.mgmt.compute import models
from azure.mgmt.compute.operations import GalleryImageVersionsOperations

from shared.azure import image_bodies, operations, ownership, parse
from shared.azure.clients import ArmClients
from shared.azure.errors import azure_call
from shared.core import arm_ids
from shared.core.arm_ids import version_id
from shared.core.errors import AzureNotFound
from shared.models.azure import Operation, OperationKind
from shared.models.base import version_key
from shared.models.images import Definition, GalleryVersion, TargetRegion


class AzureGallery:
    """Image versions. Raises AzureBusy and AzureRefused besides what the port names."""

    def __init__(self, clients: ArmClients) -> None:
        self._clients = clients

    def definition(self, definition_id: str) -> Definition:
        """The image definition: one read. Raises AzureNotFound."""
        at = arm_ids.parse(definition_id, depth=2)
        gallery, name = at.names
        with azure_call(f"read the image definition {name}"):
            found = self._clients.compute(at.subscription, at.group).gallery_images.get(at.group, gallery, name)
        return parse.definition(found.as_dict())

    def start_version(
        self,
        definition: Definition,
        version: str,
        *,
        source_id: str,
        regions: Sequence[TargetRegion],
        task: str,
    ) -> Operation:
        """PUT the version unless this task has created it already. Raises AzureRefused when the number is taken."""
        at = arm_ids.parse(definition.id, depth=2)
        target = version_id(definition.id, version)
        if ownership.is_made(lambda: self._read(at, version), task, operations.words(OperationKind.VERSION, target)):
            return operations.finished(OperationKind.VERSION, target)
        gallery, name = at.names
        body = models.GalleryImageVersion(image_bodies.version(definition, source_id, regions, task))
        return operations.start(
            OperationKind.VERSION,
            target,
            lambda p: self._versions(at).begin_create_or_update(at.group, gallery, name, version, body, polling=p),
        )

    def start_exclude(self, definition_id: str, version: str, *, excluded: bool) -> Operation:
        """PATCH the flag, also in every region. Sends nothing when the flag has this value already."""
        at = arm_ids.parse(definition_id, depth=2)
        target = version_id(definition_id, version)
        gallery, name = at.names
        change = image_bodies.exclusion(self._read(at, version), excluded=excluded)
        if change is None:
            return operations.finished(OperationKind.EXCLUDE, target)
        body = models.GalleryImageVersionUpdate(change)
        return operations.start(
            OperationKind.EXCLUDE,
            target,
            lambda p: self._versions(at).begin_update(at.group, gallery, name, version, body, polling=p),
        )

    def start_removal(self, definition_id: str, version: str) -> Operation:
        """DELETE the version. If it is gone already, the operation is finished."""
        at = arm_ids.parse(definition_id, depth=2)
        gallery, name = at.names
        return operations.removed(
            OperationKind.REMOVE_VERSION,
            version_id(definition_id, version),
            lambda p: self._versions(at).begin_delete(at.group, gallery, name, version, polling=p),
        )

    def resume(self, operation: Operation) -> Operation:
        """Ask once: one read. Raises OperationFailed, or AzureNotFound when ARM has forgotten the operation."""
        return operations.resume(self._clients, operation)

    def version(self, definition_id: str, version: str) -> GalleryVersion | None:
        """One version. Ready: provisioned, and its `replicationStatus` is Completed. None when it does not exist."""
        try:
            body = self._read(arm_ids.parse(definition_id, depth=2), version, expand="ReplicationStatus")
        except AzureNotFound:
            return None
        return parse.gallery_version(body, replication_known=True)

    def versions(self, definition_id: str) -> list[GalleryVersion]:
        """All versions, lowest number first. Ready only means provisioned here: the list omits the replication."""
        at = arm_ids.parse(definition_id, depth=2)
        gallery, definition = at.names
        with azure_call(f"list the versions of {definition}"):
            answers = self._versions(at).list_by_gallery_image(at.group, gallery, definition)
            listed = [found.as_dict() for found in answers]
        read = [parse.gallery_version(body, replication_known=False) for body in listed]
        return sorted(read, key=lambda one: version_key(one.version))

    def _read(self, at: arm_ids.ArmId, version: str, expand: str | None = None) -> dict[str, Any]:
        gallery, name = at.names
        with azure_call(f"read the image version {name} {version}"):
            return dict(self._versions(at).get(at.group, gallery, name, version, expand=expand).as_dict())

    def _versions(self, at: arm_ids.ArmId) -> GalleryImageVersionsOperations:
        return self._clients.compute(at.subscription, at.group).gallery_image_versions
