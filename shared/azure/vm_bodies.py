"""Request bodies for VMs, extensions and run commands, as ARM JSON. Pure: no SDK, nothing is sent.

Bodies with a secret are built just before they are sent and never stored.
"""

from __future__ import annotations

import copy
from typing import Any
from uuid import uuid4

from shared.core import arm_ids, names
from shared.core.errors import InvalidRequest
from shared.models.azure import DeleteOption
from shared.models.pools import DomainJoin, EntraJoin

Json = dict[str, Any]

INTUNE_MDM_ID = "0000000a-0000-0000-c000-000000000000"
JOIN_OPTIONS = "3"
"""NETSETUP_JOIN_DOMAIN | NETSETUP_ACCT_CREATE."""
REGISTER_TIMEOUT = 900
"""Time limit of the script in seconds (azure-facts 1.6)."""
INSPECT_TIMEOUT = 120
"""Time limit of the script that reports the join, in seconds: it only reads."""

ADMIN_USER = "localadmin"
"""The local administrator of a VM that had none. Nobody signs in as this user."""
_READ_ONLY_TOP = ("id", "name", "type", "etag", "managedBy", "systemData", "resources")
_READ_ONLY = ("vmId", "provisioningState", "instanceView", "timeCreated")
_OS_PROFILE_NOT_SENT = ("adminPassword", "customData", "requireGuestProvisionSignal")


def recreation(vm: Json) -> Json:
    """The body to recreate the VM, from its GET body without the values that Azure added.

    The image reference is omitted, since `create` sets the version. NICs and data disks that outlive the VM are
    attached by id. A VM made from an attached disk has no osProfile, which a VM made from an image needs.
    """
    body = {key: value for key, value in copy.deepcopy(vm).items() if key not in _READ_ONLY_TOP}
    properties = {key: value for key, value in body.get("properties", {}).items() if key not in _READ_ONLY}
    storage = properties.get("storageProfile") or {}
    storage.pop("imageReference", None)
    storage["osDisk"] = _os_disk(storage.get("osDisk") or {})
    if "dataDisks" in storage:
        storage["dataDisks"] = [_data_disk(disk) for disk in storage["dataDisks"]]
    properties["storageProfile"] = storage
    properties["networkProfile"] = _network(properties.get("networkProfile") or {})
    properties["osProfile"] = _os_profile(properties.get("osProfile") or {}, _computer_name(vm))
    properties["securityProfile"] = _security_profile(properties.get("securityProfile") or {})
    if "identity" in body:
        body["identity"] = _identity(body["identity"])
    return body | {"properties": properties}


def create(body: Json, image_version_id: str, admin_password: str) -> Json:
    """A recreation body with the exact image version and a fresh password. Holds a secret."""
    whole = copy.deepcopy(body)
    properties = whole.setdefault("properties", {})
    properties.setdefault("storageProfile", {})["imageReference"] = {"id": image_version_id}
    properties.setdefault("osProfile", {})["adminPassword"] = admin_password
    return whole


def reimage(version: str, admin_password: str) -> Json:
    """Re-image to a version. No customData: Azure only accepts the original (azure-facts 1.2). Holds a secret."""
    return {"exactVersion": version, "osProfile": {"adminPassword": admin_password}}


def patch(
    tags: dict[str, str] | None,
    os_disk_delete_option: DeleteOption | None,
    nics: list[Json] | None,
    os_disk_create_option: str = "FromImage",
) -> Json:
    """A VM PATCH with the given values. `nics` are the VM's NIC references with their new deleteOption.

    `os_disk_create_option` must be the VM's own: Azure refuses any other (azure-facts 11.7).
    """
    body: Json = {}
    if tags is not None:
        body["tags"] = tags
    if os_disk_delete_option is not None:
        disk = {"createOption": os_disk_create_option, "deleteOption": str(os_disk_delete_option)}  # azure-facts 1.8 A0
        body.setdefault("properties", {})["storageProfile"] = {"osDisk": disk}
    if nics is not None:
        body.setdefault("properties", {})["networkProfile"] = {"networkInterfaces": nics}
    return body


def swap(disk_id: str, create_option: str = "FromImage") -> Json:
    """A VM PATCH that swaps the OS disk (azure-facts 1.8 A2). `create_option` must be the VM's own."""
    disk = {"createOption": create_option, "name": arm_ids.last(disk_id), "managedDisk": {"id": disk_id}}
    return {"properties": {"storageProfile": {"osDisk": disk}}}


def nic_references(vm: Json, delete_option: DeleteOption) -> list[Json]:
    """The VM's NIC references (id and whether primary), each with this deleteOption."""
    interfaces = ((vm.get("properties") or {}).get("networkProfile") or {}).get("networkInterfaces") or []
    return [_nic(reference, delete_option) for reference in interfaces]


def extensions_to_restore(vm: Json) -> list[Json]:
    """The VM's extensions that can be put on its successor, by name and properties.

    Without those that join (each attempt sends its own), and those that may have protected settings, which ARM never
    returns.
    """
    return [
        {"name": one["name"], "properties": _settings_of(one)}
        for one in vm.get("resources") or []
        if one.get("name") and str((one.get("properties") or {}).get("type") or "") in names.RESTORED_EXTENSIONS
    ]


def _settings_of(extension: Json) -> Json:
    given = extension.get("properties") or {}
    return {key: value for key, value in given.items() if key not in {"provisioningState", "instanceView"}}


def extension(location: str, restored: Json) -> Json:
    """The PUT of an extension that was recorded by `extensions_to_restore`."""
    return {"location": location, "properties": restored["properties"]}


def join_extension(location: str, join: DomainJoin | EntraJoin, password: str | None, change_tag: str) -> Json:
    """The extension that joins the VM to Entra ID or a domain (azure-facts 1.6). A domain join holds a secret.

    Raises InvalidRequest when a domain join has no password.
    """
    if isinstance(join, EntraJoin):
        settings = {"mdmId": INTUNE_MDM_ID} if join.intune else None
        kind = ("Microsoft.Azure.ActiveDirectory", names.JOIN_EXTENSION_ENTRA, "1.0")
        return _extension(location, kind, change_tag, settings, None)
    if not password:
        problem = f"the app setting {join.password_setting} is missing or empty"
        raise InvalidRequest.one("join.password_setting", problem)
    settings = {"Name": join.domain, "User": join.user, "Restart": "true", "Options": JOIN_OPTIONS}
    if join.ou:
        settings["OUPath"] = join.ou
    kind = ("Microsoft.Compute", names.JOIN_EXTENSION_DOMAIN, "1.3")
    return _extension(location, kind, change_tag, settings, {"Password": password})


def register_command(location: str, script: str, parameters: dict[str, str], token: str) -> Json:
    """The managed run command that registers the host, with the token as a protected parameter. Holds a secret.

    Its ChangeTag is always new, because Azure may not run an unchanged command again.
    """
    plain = {**parameters, "ChangeTag": uuid4().hex}
    return {
        "location": location,
        "properties": {
            "source": {"script": script},
            "parameters": [{"name": name, "value": value} for name, value in plain.items()],
            "protectedParameters": [{"name": "RegistrationToken", "value": token}],
            "asyncExecution": False,
            "timeoutInSeconds": REGISTER_TIMEOUT,
            "treatFailureAsDeploymentFailure": True,
        },
    }


def probe_command(location: str, script: str, timeout_minutes: int, change_tag: str) -> Json:
    """The managed run command with the probe's script. Azure may not run an unchanged command again.

    The tag goes into a comment: scripts that declare their parameters would fail with an additional one.
    """
    return {
        "location": location,
        "properties": {
            "source": {"script": f"{script}\n# run {' '.join(change_tag.split())}\n"},
            "asyncExecution": False,
            "timeoutInSeconds": timeout_minutes * 60,
            "treatFailureAsDeploymentFailure": True,
        },
    }


def inspect_command(location: str, script: str, change_tag: str) -> Json:
    """The managed run command that reports how the VM is joined. A new tag runs it again."""
    return {
        "location": location,
        "properties": {
            "source": {"script": script},
            "parameters": [{"name": "ChangeTag", "value": change_tag}],
            "asyncExecution": False,
            "timeoutInSeconds": INSPECT_TIMEOUT,
            "treatFailureAsDeploymentFailure": True,
        },
    }


def _extension(
    location: str, kind: tuple[str, str, str], change_tag: str, settings: Json | None, secret: Json | None
) -> Json:
    """`settings` is left out when it is None: AADLoginForWindows refuses an empty object (azure-facts 11)."""
    publisher, name, version = kind
    properties: Json = {
        "publisher": publisher,
        "type": name,
        "typeHandlerVersion": version,
        "autoUpgradeMinorVersion": True,
        "forceUpdateTag": change_tag,
    }
    if settings is not None:
        properties["settings"] = settings
    if secret is not None:
        properties["protectedSettings"] = secret
    return {"location": location, "properties": properties}


def _os_disk(disk: Json) -> Json:
    kept = {key: value for key, value in disk.items() if key not in {"name", "vhd", "image"}}
    managed = {key: value for key, value in (kept.get("managedDisk") or {}).items() if key != "id"}
    kept["createOption"] = "FromImage"
    kept.pop("managedDisk", None)
    return kept | ({"managedDisk": managed} if managed else {})


def _data_disk(disk: Json) -> Json:
    """A data disk that outlives its VM (Detach, Azure's default) is attached again; others are created anew."""
    if str(disk.get("deleteOption") or DeleteOption.DETACH) == DeleteOption.DETACH:
        kept = {key: disk[key] for key in ("lun", "caching", "writeAcceleratorEnabled", "deleteOption") if key in disk}
        return kept | {"createOption": "Attach", "managedDisk": {"id": (disk.get("managedDisk") or {}).get("id")}}
    anew = _os_disk(disk)
    return anew | {"createOption": "Empty" if disk.get("createOption") == "Attach" else disk.get("createOption")}


def _network(profile: Json) -> Json:
    nics = [_nic(reference, DeleteOption.DETACH) for reference in profile.get("networkInterfaces") or []]
    return profile | {"networkInterfaces": nics}


def _nic(reference: Json, delete_option: DeleteOption) -> Json:
    given = reference.get("properties") or {}
    primary = {"primary": given["primary"]} if given.get("primary") is not None else {}
    return {"id": reference["id"], "properties": primary | {"deleteOption": str(delete_option)}}


def _computer_name(vm: Json) -> str:
    """The VM's computer name, by its instance view if it has no osProfile; else by its name."""
    view = (vm.get("properties") or {}).get("instanceView") or {}
    return str(view.get("computerName") or vm.get("name") or "")


def _security_profile(profile: Json) -> Json:
    """Azure would make a VM without a security type a Trusted Launch VM if its image allows it (azure-facts 11.9)."""
    return profile if profile.get("securityType") else profile | {"securityType": "Standard"}


def _os_profile(profile: Json, computer_name: str) -> Json:
    needed: Json = {"computerName": computer_name, "adminUsername": ADMIN_USER}
    profile = needed | profile
    kept = {key: value for key, value in profile.items() if key not in _OS_PROFILE_NOT_SENT}
    if "windowsConfiguration" in kept:
        windows = kept["windowsConfiguration"]
        kept["windowsConfiguration"] = {k: v for k, v in windows.items() if k != "enableVMAgentPlatformUpdates"}
    return kept


def _identity(identity: Json) -> Json:
    kept: Json = {"type": identity.get("type")}
    if identity.get("userAssignedIdentities"):
        kept["userAssignedIdentities"] = {key: {} for key in identity["userAssignedIdentities"]}
    return kept
