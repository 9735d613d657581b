"""Parses ARM JSON about VMs, session hosts, disks, image definitions and versions into our models. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from shared.core import names
from shared.core.arm_ids import definition_of, host_and_session, last, pinned_version
from shared.models.azure import (
    DeleteOption,
    Disk,
    PowerState,
    ProvisioningState,
    SessionHost,
    Template,
    UserSession,
    VirtualMachine,
    swapped_version,
)
from shared.models.base import region_key
from shared.models.images import Definition, GalleryVersion

Json = dict[str, Any]


def virtual_machine(vm: Json, statuses: list[Json] | None = None) -> VirtualMachine:
    """A VM from its GET or list body. `statuses` are used when the body holds no instance view."""
    properties = vm.get("properties") or {}
    storage = properties.get("storageProfile") or {}
    disk = storage.get("osDisk") or {}
    image = storage.get("imageReference") or {}
    image_id = str(image.get("id") or "")
    from_gallery = "/galleries/" in image_id.lower()
    disk_id, tags = (disk.get("managedDisk") or {}).get("id"), dict(vm.get("tags") or {})
    version = swapped_version(tags, disk_id) or image.get("exactVersion") or pinned_version(image_id)
    return VirtualMachine(
        id=vm["id"],
        name=vm["name"],
        location=region_key(vm.get("location") or ""),
        unique_id=properties.get("vmId") or "",
        provisioning=provisioning(vm),
        power=power(statuses if statuses is not None else statuses_of(vm)),
        tags=tags,
        definition_id=definition_of(image_id) if from_gallery else None,
        version=version if from_gallery else None,
        os_disk_id=disk_id,
        os_disk_delete_option=_delete_option(disk),
        ephemeral=bool((disk.get("diffDiskSettings") or {}).get("option")),
        system_identity="systemassigned" in str((vm.get("identity") or {}).get("type") or "").lower(),
        user_identities=tuple(sorted((vm.get("identity") or {}).get("userAssignedIdentities") or ())),
        os_disk_create_option=disk.get("createOption") or "FromImage",
        os_disk_gb=disk.get("diskSizeGB"),
        os_disk_type=(disk.get("managedDisk") or {}).get("storageAccountType") or "",
        security_type=security_type(properties),
        extensions=tuple(sorted(last(one.get("id") or "") for one in vm.get("resources") or [])),
        vm_size=(properties.get("hardwareProfile") or {}).get("vmSize") or "",
    )


def security_type(properties: Json) -> str:
    """The security type of a VM or a disk. Empty for Standard, which newer API versions name (azure-facts 11.9)."""
    found = str((properties.get("securityProfile") or {}).get("securityType") or "")
    return "" if found == "Standard" else found


def session_host(found: Json) -> SessionHost:
    """A session host. AVD varies the case of a name, and we use names as keys: the name is in lower case."""
    properties = found.get("properties") or {}
    return SessionHost(
        name=last(found.get("name") or found.get("id") or "").lower(),
        vm_id=properties.get("resourceId") or "",
        accepting=bool(properties.get("allowNewSession")),
        sessions=int(properties.get("sessions") or 0),
        status=properties.get("status") or "Unavailable",
    )


def time_of(text: object) -> datetime | None:
    """A moment as Azure writes it; None for what is none."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def user_session(found: Json) -> UserSession:
    """A session of a host."""
    properties = found.get("properties") or {}
    host, session = host_and_session(str(found.get("id") or ""))
    user = properties.get("userPrincipalName") or properties.get("activeDirectoryUserName") or ""
    since = time_of(properties.get("createTime"))
    return UserSession(
        id=session, host=host.lower(), user=user, state=properties.get("sessionState") or "", since=since
    )


def template(vm: Json, nic: Json) -> Template:
    """A template VM from its body with instance view and that of its primary NIC (empty without one)."""
    properties = vm.get("properties") or {}
    disk = (properties.get("storageProfile") or {}).get("osDisk") or {}
    return Template(
        id=vm["id"],
        name=vm["name"],
        location=region_key(vm.get("location") or ""),
        power=power(statuses_of(vm)),
        vm_size=(properties.get("hardwareProfile") or {}).get("vmSize") or "",
        os_disk_id=(disk.get("managedDisk") or {}).get("id"),
        windows=disk.get("osType") == "Windows",
        ephemeral=bool((disk.get("diffDiskSettings") or {}).get("option")),
        subnet_id=_subnet(nic),
        zones=tuple(vm.get("zones") or ()),
        license_type=properties.get("licenseType") or "",
        image=str((vm.get("tags") or {}).get(names.TEMPLATE_TAG) or ""),
        security=dict(properties.get("securityProfile") or {}),
    )


def primary_nic(vm: Json) -> str | None:
    """ARM id of the VM's primary NIC: the one marked as primary, or else the first. None without NICs."""
    cards = ((vm.get("properties") or {}).get("networkProfile") or {}).get("networkInterfaces") or []
    marked = [card for card in cards if (card.get("properties") or {}).get("primary")]
    return next((str(card["id"]) for card in [*marked, *cards]), None)


def owner(body: Json) -> str:
    """The task that created a resource, by its tag. Empty without the tag."""
    return str((body.get("tags") or {}).get(names.TASK_TAG) or "")


def provisioning(body: Json) -> ProvisioningState:
    """ARM's provisioningState. `UNKNOWN` when it is missing."""
    return ProvisioningState((body.get("properties") or {}).get("provisioningState") or "")


def statuses_of(vm: Json) -> list[Json]:
    """The statuses of a VM's instance view. Empty when the body contains none."""
    view = (vm.get("properties") or {}).get("instanceView") or {}
    return list(view.get("statuses") or [])


def _delete_option(disk: Json) -> DeleteOption | None:
    given = str(disk.get("deleteOption") or "")
    return DeleteOption(given) if given in DeleteOption else None


_POWER = "PowerState/"


def power(statuses: list[Json]) -> PowerState:
    """The `PowerState/…` status of a VM. `UNKNOWN` without one."""
    codes = (str(status.get("code") or "") for status in statuses)
    return PowerState(next((code.removeprefix(_POWER).lower() for code in codes if code.startswith(_POWER)), ""))


def disk(body: Json) -> Disk:
    """A managed disk. For a disk shared by several VMs, `attached_to` is the first of them."""
    holders = [body.get("managedBy"), *(body.get("managedByExtended") or [])]
    return Disk(
        id=body["id"],
        name=body["name"],
        attached_to=next((str(holder) for holder in holders if holder), None),
        version_id=disk_source(body),
        size_gb=(body.get("properties") or {}).get("diskSizeGB"),
        storage_type=(body.get("sku") or {}).get("name") or "",
        security_type=security_type(body.get("properties") or {}),
    )


def disk_source(disk: Json) -> str | None:
    """ARM id of the gallery image version that a disk was created from. None when the body names none."""
    creation = (disk.get("properties") or {}).get("creationData") or {}
    for reference in ("galleryImageReference", "imageReference"):
        source = str((creation.get(reference) or {}).get("id") or "")
        if "/galleries/" in source.lower():
            return source
    return None


def definition(body: Json) -> Definition:
    """One image definition. Without a generation it is V1, as in Azure."""
    properties = body.get("properties") or {}
    features = {feature.get("name"): feature.get("value") for feature in properties.get("features") or []}
    generation: Literal["V1", "V2"] = "V2" if properties.get("hyperVGeneration") == "V2" else "V1"
    return Definition(
        id=body["id"],
        location=region_key(body.get("location") or ""),
        generalized=properties.get("osState") == "Generalized",
        windows=properties.get("osType") == "Windows",
        generation=generation,
        security_type=str(features.get("SecurityType") or ""),
        disallowed_disk_types=tuple((properties.get("disallowed") or {}).get("diskTypes") or ()),
    )


def gallery_version(body: Json, *, replication_known: bool) -> GalleryVersion:
    """One image version. Lists omit the replication: then `provisioningState` alone decides whether it is ready.

    That is reliable, because Azure ends the provisioning after the replication; a GET checks both (azure-facts 2.7).
    """
    properties = body.get("properties") or {}
    publishing = properties.get("publishingProfile") or {}
    made = provisioning(body)
    copied = str((properties.get("replicationStatus") or {}).get("aggregatedState") or "Unknown")
    excluded = bool(publishing.get("excludeFromLatest"))
    in_regions = [bool(one.get("excludeFromLatest", excluded)) for one in publishing.get("targetRegions") or []]
    missing = [] if made == ProvisioningState.SUCCEEDED else [f"provisioning is {made}"]
    if replication_known and copied != "Completed":
        missing.append(_replication(properties, copied))
    return GalleryVersion(
        id=body["id"],
        version=last(body["name"]),
        ready=not missing,
        exclude_from_latest=all(in_regions) if in_regions else excluded,
        regions_differ=any(flag is not excluded for flag in in_regions),
        replicas=_replicas(publishing),
        detail="; ".join(missing),
        failed=made == ProvisioningState.FAILED or copied == "Failed",
        percent=_percent(properties) if missing and replication_known else 0 if missing else 100,
        task=owner(body),
        os_disk_gb=((properties.get("storageProfile") or {}).get("osDiskImage") or {}).get("sizeInGB"),
    )


def _subnet(nic: Json) -> str:
    """The subnet of the NIC's primary IP configuration, or else of the first. Empty without one."""
    addresses = [one.get("properties") or {} for one in (nic.get("properties") or {}).get("ipConfigurations") or []]
    chosen = next((one for one in addresses if one.get("primary")), addresses[0] if addresses else {})
    return str((chosen.get("subnet") or {}).get("id") or "")


def _replication(properties: Json, whole: str) -> str:
    parts = [part for part in _regions(properties) if part.get("state") != "Completed"]
    said = [f"{region_key(part.get('region', ''))} {part.get('state')} ({part.get('progress', 0)} %)" for part in parts]
    return f"replication is {whole}" + (f": {', '.join(said)}" if said else "")


def _percent(properties: Json) -> int:
    """The mean over the regions, at most 99: 100 means complete."""
    shares = [int(part.get("progress") or 0) for part in _regions(properties)]
    return min(99, sum(shares) // len(shares)) if shares else 0


def _regions(properties: Json) -> list[Json]:
    return list((properties.get("replicationStatus") or {}).get("summary") or [])


def _replicas(publishing: Json) -> dict[str, int]:
    usual = publishing.get("replicaCount") or 1
    targets = publishing.get("targetRegions") or []
    return {region_key(target["name"]): int(target.get("regionalReplicaCount") or usual) for target in targets}


def network_card(found: Json) -> tuple[str, str, bool]:
    """Of a network card: its VM's id in lower case, the subnet of its primary address, whether it is the VM's first."""
    properties = found.get("properties") or {}
    owner = str((properties.get("virtualMachine") or {}).get("id") or "").lower()
    addresses = [one.get("properties") or {} for one in properties.get("ipConfigurations") or []]
    addresses.sort(key=lambda one: not one.get("primary"))
    subnet = str((addresses[0].get("subnet") or {}).get("id") or "") if addresses else ""
    return owner, subnet, bool(properties.get("primary"))
