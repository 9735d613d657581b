"""ARM's answers about VMs and gallery versions, read into our models. Pure: works on ARM JSON."""

from __future__ import annotations

from typing import Any

from shared.azure.ids import definition_of, last, pinned_version
from shared.models.azure import Machine
from shared.models.images import GalleryVersion

Json = dict[str, Any]


def machine(vm: Json, statuses: list[Json] | None = None) -> Machine:
    """A VM from its GET or list body. `statuses` are used when the body holds no instance view."""
    properties = vm.get("properties") or {}
    storage = properties.get("storageProfile") or {}
    disk = storage.get("osDisk") or {}
    image = storage.get("imageReference") or {}
    image_id = str(image.get("id") or "")
    from_gallery = "/galleries/" in image_id.lower()
    return Machine(
        id=vm["id"],
        name=vm["name"],
        location=region(vm.get("location") or ""),
        unique_id=properties.get("vmId") or "",
        provisioning=properties.get("provisioningState") or "",
        power=power(statuses if statuses is not None else statuses_of(vm)),
        tags=dict(vm.get("tags") or {}),
        definition_id=definition_of(image_id) if from_gallery else None,
        version=(image.get("exactVersion") or pinned_version(image_id)) if from_gallery else None,
        os_disk_id=(disk.get("managedDisk") or {}).get("id"),
        os_disk_delete_option=disk.get("deleteOption"),
        ephemeral=bool((disk.get("diffDiskSettings") or {}).get("option")),
    )


def statuses_of(vm: Json) -> list[Json]:
    """The statuses of a VM's instance view; empty when the body holds none."""
    view = (vm.get("properties") or {}).get("instanceView") or {}
    return list(view.get("statuses") or [])


def power(statuses: list[Json]) -> str:
    """The suffix of the `PowerState/…` status, in lower case; `unknown` without one."""
    codes = (str(status.get("code") or "") for status in statuses)
    return next((code.split("/", 1)[1].lower() for code in codes if code.startswith("PowerState/")), "unknown")


def disk_source(disk: Json) -> str | None:
    """ARM id of the gallery image version a disk was made from; None when it does not say."""
    creation = (disk.get("properties") or {}).get("creationData") or {}
    for reference in ("galleryImageReference", "imageReference"):
        source = str((creation.get(reference) or {}).get("id") or "")
        if "/galleries/" in source.lower():
            return source
    return None


def gallery_version(body: Json, *, replication_known: bool) -> GalleryVersion:
    """One image version. Lists leave the replication out: then `provisioningState` alone decides whether it is ready.

    Azure ends the provisioning when the copies are made, so that is no guess; a GET looks at both (azure-facts 2.7).
    """
    properties = body.get("properties") or {}
    publishing = properties.get("publishingProfile") or {}
    missing = [*_provisioning(properties), *(_replication(properties) if replication_known else [])]
    return GalleryVersion(
        id=body["id"],
        version=last(body["name"]),
        ready=not missing,
        exclude_from_latest=bool(publishing.get("excludeFromLatest")),
        replicas=_replicas(publishing),
        detail="; ".join(missing),
    )


def region(name: str) -> str:
    """A region's name as ARM normalises it: `West Europe` is `westeurope`."""
    return name.replace(" ", "").lower()


def _provisioning(properties: Json) -> list[str]:
    state = str(properties.get("provisioningState") or "Unknown")
    return [] if state == "Succeeded" else [f"provisioning is {state}"]


def _replication(properties: Json) -> list[str]:
    status = properties.get("replicationStatus") or {}
    whole = str(status.get("aggregatedState") or "Unknown")
    if whole == "Completed":
        return []
    parts = [part for part in status.get("summary") or [] if part.get("state") != "Completed"]
    said = [f"{region(part.get('region', ''))} {part.get('state')} ({part.get('progress', 0)} %)" for part in parts]
    return [f"replication is {whole}" + (f": {', '.join(said)}" if said else "")]


def _replicas(publishing: Json) -> dict[str, int]:
    usual = publishing.get("replicaCount") or 1
    targets = publishing.get("targetRegions") or []
    return {region(target["name"]): int(target.get("regionalReplicaCount") or usual) for target in targets}
