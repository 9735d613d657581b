"""The `Gallery` port over azure-mgmt-compute 39.0.0 (galleries API 2026-03-03)."""

from __future__ import annotations

from azure.mgmt.compute.operations import GalleryImageVersionsOperations

from shared.azure import ids, reading
from shared.azure.clients import ArmClients
from shared.azure.errors import azure_call
from shared.errors import AzureNotFound
from shared.models.base import version_key
from shared.models.images import GalleryVersion


class AzureGallery:
    """Image versions. Raises AzureBusy, AzureForbidden and AzureError besides what the port names."""

    def __init__(self, clients: ArmClients) -> None:
        self._clients = clients

    def version(self, definition_id: str, version: str) -> GalleryVersion | None:
        """One version; ready when provisioned and its `replicationStatus` is Completed. None when there is none."""
        try:
            at = ids.parse(definition_id, depth=2)
            gallery, definition = at.names
            with azure_call(f"read the image version {definition} {version}"):
                found = self._versions(at).get(at.group, gallery, definition, version, expand="ReplicationStatus")
        except AzureNotFound:
            return None
        return reading.gallery_version(found.as_dict(), replication_known=True)

    def versions(self, definition_id: str) -> list[GalleryVersion]:
        """All versions, oldest first by number. Ready here means provisioned: the list leaves the replication out."""
        at = ids.parse(definition_id, depth=2)
        gallery, definition = at.names
        with azure_call(f"list the versions of {definition}"):
            answers = self._versions(at).list_by_gallery_image(at.group, gallery, definition)
            listed = [found.as_dict() for found in answers]
        read = [reading.gallery_version(body, replication_known=False) for body in listed]
        return sorted(read, key=lambda one: version_key(one.version))

    def _versions(self, at: ids.ArmId) -> GalleryImageVersionsOperations:
        return self._clients.compute(at.subscription).gallery_image_versions
