"""Rights: which action each operation needs, who has been granted which, and which were used.

Without grants everybody may do everything. Source of the names: the actions that Azure publishes for each resource
provider; reads, writes and deletes are named by the type, a POST by its last segment.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from local.sim.core.wire import ArmError, Call, Json

VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
NAMED_OTHERWISE = {
    "Microsoft.DesktopVirtualization/hostPools/userSessions/read": (
        "Microsoft.DesktopVirtualization/hostPools/sessionHosts/userSessions/read"
    ),
    "Microsoft.DesktopVirtualization/hostPools/scalingPlans/read": "Microsoft.DesktopVirtualization/scalingPlans/read",
    "subscriptions/read": "Microsoft.Resources/subscriptions/read",
    "subscriptions/resourcegroups/read": "Microsoft.Resources/subscriptions/resourceGroups/read",
}
_SCHEME, _APP = "Simulated ", "freshcoat"
COMPUTE, NETWORK = "Microsoft.Compute", "Microsoft.Network"
JOIN_NIC, WRITE_NIC = f"{NETWORK}/networkInterfaces/join/action", f"{NETWORK}/networkInterfaces/write"
JOIN_SUBNET = f"{NETWORK}/virtualNetworks/subnets/join/action"
COPY = f"{COMPUTE}/disks/beginGetAccess/action"
"""Asked on the disk or snapshot that a new disk or snapshot is a copy of (https://github.com/kubernetes/kubernetes/issues/93020,
https://github.com/Azure/OpenShift/issues/186)."""
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
"""Asked on each user-assigned identity in the body of a VM
(https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq)."""
READ_OF = {
    "/versions/": f"{COMPUTE}/galleries/images/versions/read",
    "/galleries/": f"{COMPUTE}/galleries/images/read",
    "/images/": f"{COMPUTE}/images/read",
}
"""What a VM or version that is made of an image needs on it, by a part of the image's id; the first that fits
(https://learn.microsoft.com/troubleshoot/azure/virtual-machines/shared-images-troubleshoot)."""


def action_of(method: str, pattern: str) -> str:
    """The action of a route, such as `Microsoft.Compute/virtualMachines/reimage/action`."""
    types = "/".join(part for part in pattern.split("/") if part != "*")
    action = f"{types}/action" if method == "POST" else f"{types}/{VERBS[method]}"
    return NAMED_OTHERWISE.get(action, action)


@dataclass(frozen=True)
class Use:
    """An action that was asked for, and the resource group or subscription in which."""

    identity: str
    action: str
    place: str


@dataclass
class Grants:
    """Actions by identity and scope; `*` stands for any text. The app's own identity is the empty text."""

    granted: dict[str, dict[str, list[str]]] | None = None
    used: set[Use] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def grant(self, granted: dict[str, dict[str, list[str]]] | None) -> None:
        """Enforce these from now on, and count anew what is used and refused."""
        self.granted, self.used, self.refused = granted, set(), []

    def check(self, call: Call, action: str) -> None:
        """Raises 403 naming the first action that the caller lacks, and its scope."""
        identity = who(call)
        if identity is None:
            return
        for needed, scope in ((action, call.path), *linked(call)):
            self.used.add(Use(identity, needed, place_of(scope)))
            if self.granted is not None and not self._has(identity, needed, scope):
                code = "AuthorizationFailed" if needed == action else "LinkedAuthorizationFailed"
                message = (
                    f"The client '{identity or 'own'}' does not have authorization to perform action '{needed}' over "
                    f"scope '{scope}' or the scope is invalid."
                )
                self.refused.append(message)
                raise ArmError(403, code, message)

    def actions(self, identity: str, scope: str) -> list[str] | None:
        """What the identity may do at a scope. None: everything."""
        if self.granted is None:
            return None
        found = self.granted.get(identity, {})
        return [action for at, actions in found.items() if _within(at, scope) for action in actions]

    def _has(self, identity: str, action: str, scope: str) -> bool:
        patterns = self.actions(identity, scope) or ()
        return any(re.fullmatch(re.escape(p).replace(r"\*", ".*"), action, re.IGNORECASE) for p in patterns)


def who(call: Call) -> str | None:
    """The identity that a call names; the empty text for the app's own. None for anybody else, who is not checked."""
    given = call.headers.get("authorization", "")
    if given.startswith(_SCHEME):
        return given.removeprefix(_SCHEME)
    return "" if _APP in call.headers.get("user-agent", "") else None


def linked(call: Call) -> list[tuple[str, str]]:
    """Rights on other resources that the body of a call needs."""
    if call.method not in {"PUT", "PATCH"}:
        return []
    properties = call.body.get("properties") or {}
    return [*_network(call, properties), *_disks(call, properties), *_images(properties), *_identities(call)]


def _network(call: Call, properties: Json) -> Iterator[tuple[str, str]]:
    profile = properties.get("networkProfile") or {}
    for nic in profile.get("networkInterfaces") or ():
        if nic.get("id"):
            yield JOIN_NIC, str(nic["id"])
    made = profile.get("networkInterfaceConfigurations") or ()
    if made:
        yield WRITE_NIC, call.path.partition("/providers/")[0]
    for address in (one for nic in made for one in (nic.get("properties") or {}).get("ipConfigurations") or ()):
        if subnet := ((address.get("properties") or {}).get("subnet") or {}).get("id"):
            yield JOIN_SUBNET, str(subnet)


def _disks(call: Call, properties: Json) -> Iterator[tuple[str, str]]:
    """A VM that is created with a managed disk, or attaches one, writes that disk."""
    os_disk = (properties.get("storageProfile") or {}).get("osDisk") or {}
    disk = (os_disk.get("managedDisk") or {}).get("id")
    if disk or os_disk.get("createOption") == "FromImage":
        yield f"{COMPUTE}/disks/write", str(disk or call.path.partition("/providers/")[0])
    if source := (properties.get("creationData") or {}).get("sourceResourceId"):
        yield COPY, str(source)


def _images(properties: Json) -> Iterator[tuple[str, str]]:
    """The image that a VM or a version is made of, and the VM that a version is captured from."""
    storage = properties.get("storageProfile") or {}
    source = storage.get("source") or {}
    if vm := source.get("virtualMachineId"):
        yield f"{COMPUTE}/virtualMachines/write", str(vm)
    for image in ((storage.get("imageReference") or {}).get("id"), source.get("id")):
        action = next((action for part, action in READ_OF.items() if part in str(image or "").lower()), "")
        if action:
            yield action, str(image)


def _identities(call: Call) -> Iterator[tuple[str, str]]:
    for identity in (call.body.get("identity") or {}).get("userAssignedIdentities") or ():
        yield ASSIGN, str(identity)


def place_of(scope: str) -> str:
    """The resource group, otherwise the subscription."""
    parts = scope.lower().strip("/").split("/")
    named = dict(itertools.pairwise(parts))
    return named.get("resourcegroups") or named.get("subscriptions", "")


def _within(scope: str, resource_id: str) -> bool:
    return f"{resource_id.lower().rstrip('/')}/".startswith(f"{scope.lower().rstrip('/')}/")
