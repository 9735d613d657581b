"""ARM ids: their parts, and the kinds that people give us. ARM ignores their case: keys are lower case.

No other file takes an id apart (tests/unit/test_structure.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.core.errors import AzureError, AzureForbidden, AzureNotFound


@dataclass(frozen=True)
class ArmId:
    """`/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}[/{type}/{name}…]`."""

    subscription: str
    group: str
    kind: str
    """The resource type in lower case, for instance `microsoft.compute/disks`."""
    names: tuple[str, ...]
    """The names of the parent resources and, last, of the resource."""

    @property
    def name(self) -> str:
        return self.names[-1]


def parse(resource_id: str, depth: int = 1) -> ArmId:
    """The parts of an id with `depth` names (a VM has 1, an image definition 2).

    Raises AzureNotFound when the text is no such id, since no resource can have it.
    """
    parts = _parts(resource_id)
    whole = len(parts) == 6 + 2 * depth and all(parts)
    keywords = [part.lower() for part in parts[0:5:2]]
    if not whole or keywords != ["subscriptions", "resourcegroups", "providers"]:
        raise AzureNotFound(
            "read an ARM id", None, "InvalidResourceId", f"'{resource_id}' is not an ARM id of this kind"
        )
    kind = "/".join([parts[5], *parts[6::2]]).lower()
    return ArmId(parts[1], parts[3], kind, tuple(parts[7::2]))


def comparable(resource_id: str) -> str:
    """The id as it is compared: its parts in ASCII lower case."""
    return "/" + "/".join(part for part in _parts(resource_id) if part).lower()


def same(one: str, other: str) -> bool:
    """Whether two ids name the same resource."""
    return comparable(one) == comparable(other)


def last(name_or_id: str) -> str:
    """The part after the last `/`. AVD names are `pool/host` in some answers and `host` in others (azure-facts 3)."""
    return name_or_id.rstrip("/").rsplit("/", 1)[-1]


def subscription_of(resource_id: str) -> str:
    """The subscription of a resource of any depth. Raises AzureNotFound for other texts."""
    return parse("/".join(_parts(resource_id)[:8])).subscription


def subscription_of_scope(scope_id: str) -> str:
    """The subscription of a resource or a resource group. Raises AzureNotFound for other texts."""
    parts = _parts(scope_id)
    if len(parts) < 4 or parts[0].lower() != "subscriptions" or not all(parts):
        text = f"'{scope_id}' is not the id of a resource or a resource group"
        raise AzureNotFound("read an ARM id", None, "InvalidResourceId", text)
    return parts[1]


def subscription_above(scope_id: str) -> str:
    """ARM id of the subscription of a resource or a resource group. Raises AzureNotFound for other texts."""
    return group_id(subscription_of_scope(scope_id))


def place_of_scope(scope_id: str) -> tuple[str, str]:
    """Subscription and resource group of a resource or a resource group. Raises AzureNotFound for other texts."""
    return subscription_of_scope(scope_id), _parts(scope_id)[3]


def subscription_in_url(url: str) -> str:
    """The subscription in an ARM URL, in lower case. Empty without one."""
    parts = url.partition("?")[0].lower().split("/")
    at = parts.index("subscriptions") + 1 if "subscriptions" in parts else len(parts)
    return parts[at] if at < len(parts) else ""


def resource_group_of(resource_id: str) -> str:
    """ARM id of the resource group of a resource."""
    return "/" + "/".join(_parts(resource_id)[:4])


def resource_groups_of(resource_ids: Iterable[str]) -> tuple[str, ...]:
    """The resource groups of these resources, each once: ARM compares ids without case."""
    return tuple({group.lower(): group for group in map(resource_group_of, resource_ids)}.values())


def holds_at(scope: str, resource_id: str) -> bool:
    """Whether a setting on a scope applies to a resource, or to a part of it."""
    one, other = f"{scope.strip('/').lower()}/", f"{resource_id.strip('/').lower()}/"
    return scope == "" or one.startswith(other) or other.startswith(one)


def contains(scope: str, resource_id: str) -> bool:
    """Whether a resource lies in a subscription or resource group, or is it. False for a text that is no plain id: the
    id of a VM comes from its agent, and nothing in it may lead elsewhere."""
    parts = [part for part in _parts(resource_id) if part]
    if not all(re.fullmatch(r"[A-Za-z0-9_.()-]+", part, re.ASCII) and part not in {".", ".."} for part in parts):
        return False
    return f"{comparable(resource_id)}/".startswith(f"{comparable(scope)}/")


def group_id(subscription: str, group: str = "") -> str:
    """ARM id of a resource group; of the subscription without one."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}" if group else f"/subscriptions/{subscription}"


def scope_problem(given: str) -> str:
    """The problem with a given scope of an account, in words. Empty when it is a subscription or resource group."""
    formed = re.fullmatch(SCOPE_PATTERN, given, re.IGNORECASE | re.ASCII) and given.rsplit("/", 1)[-1] not in {
        ".",
        "..",
    }
    return "" if formed else "write a subscription or a resource group: /subscriptions/{id}[/resourceGroups/{group}]"


def describe_scope(scope: str) -> str:
    """A scope in words: `resource group rg-desktops`."""
    parts = _parts(scope)
    if len(parts) < 4:
        return f"subscription {parts[-1]}"
    if len(parts) == 4:
        return f"resource group {parts[3]}"
    return f"{_KINDS.get(parts[-2].lower(), parts[-2])} {parts[-1]}"


_KINDS = {
    "hostpools": "host pool",
    "virtualmachines": "VM",
    "disks": "disk",
    "images": "image definition",
    "sessionhosts": "session host",
    "userassignedidentities": "user-assigned identity",
}


def definition_of(image_id: str) -> str:
    """The id of the image definition, from its own id or that of one of its versions."""
    return definition_and_version(image_id)[0]


def pinned_version(image_id: str) -> str | None:
    """The version in an image id. None for a definition's id and for `…/versions/latest`."""
    version = definition_and_version(image_id)[1]
    return None if version.lower() in {"", "latest"} else version


def definition_and_version(image_id: str) -> tuple[str, str]:
    """The id of the image definition, and the version (empty for a definition's id)."""
    at = image_id.lower().rfind("/versions/")
    return (image_id, "") if at < 0 else (image_id[:at], image_id[at + len("/versions/") :])


def host_and_session(session_id: str) -> tuple[str, str]:
    """Host and session number of `…/sessionHosts/{host}/userSessions/{number}`."""
    host, _, session = session_id.split("/")[-3:]
    return host, session


def scope_and_name(id_on_scope: str, kind: str) -> tuple[str, str]:
    """Scope and name of a lock or another extension resource: `{scope}/providers/{kind}/{name}`."""
    scope, _, name = id_on_scope.partition(f"/providers/{kind}/")
    return scope, name


def _parts(resource_id: str) -> list[str]:
    return resource_id.strip("/").split("/")


_SCOPE = r"/subscriptions/[0-9a-fA-F-]{36}/resource[Gg]roups/[A-Za-z0-9_.()-]{1,90}/providers/"
SCOPE_PATTERN = r"^/subscriptions/[0-9a-fA-F-]{36}(/resource[Gg]roups/[A-Za-z0-9_.()-]{1,90})?$"
HOST_POOL_PATTERN = f"^{_SCOPE}Microsoft\\.DesktopVirtualization/host[Pp]ools/[A-Za-z0-9_.-]{{1,64}}$"
DEFINITION_PATTERN = f"^{_SCOPE}Microsoft\\.Compute/galleries/[A-Za-z0-9_.]{{1,80}}/images/[A-Za-z0-9_.-]{{1,80}}$"
VM_PATTERN = f"^{_SCOPE}Microsoft\\.Compute/virtualMachines/[A-Za-z0-9_.-]{{1,64}}$"
SUBNET_PATTERN = f"^{_SCOPE}Microsoft\\.Network/virtualNetworks/[A-Za-z0-9_.-]{{1,80}}/subnets/[A-Za-z0-9_.-]{{1,80}}$"
"""As in the OpenAPI document. ARM ids are accepted in any case."""

_START = "/subscriptions/{id}/resourceGroups/{group}/providers"
HOST_POOL_FORM = f"{_START}/Microsoft.DesktopVirtualization/hostPools/{{host pool}}"
DEFINITION_FORM = f"{_START}/Microsoft.Compute/galleries/{{gallery}}/images/{{definition}}"
VM_FORM = f"{_START}/Microsoft.Compute/virtualMachines/{{name}}"
SUBNET_FORM = f"{_START}/Microsoft.Network/virtualNetworks/{{network}}/subnets/{{subnet}}"


def host_pool_problem(given: str) -> str:
    """The problem with a given ARM id of a host pool, in words. Empty when it is valid."""
    return _problem(HOST_POOL_PATTERN, given, "host pool", HOST_POOL_FORM)


def definition_problem(given: str) -> str:
    """The problem with a given ARM id of a gallery image definition, in words. Empty when it is valid."""
    return _problem(DEFINITION_PATTERN, given, "definition", DEFINITION_FORM)


def vm_problem(given: str) -> str:
    """The problem with a given ARM id of a virtual machine, in words. Empty when it is valid."""
    return _problem(VM_PATTERN, given, "virtual machine", VM_FORM)


def subnet_problem(given: str) -> str:
    """The problem with a given ARM id of a subnet, in words. Empty when it is valid."""
    return _problem(SUBNET_PATTERN, given, "subnet", SUBNET_FORM)


def _problem(pattern: str, given: str, what: str, form: str) -> str:
    formed = re.fullmatch(pattern, given, re.IGNORECASE | re.ASCII)  # without ASCII, the long s is taken for an s
    return "" if formed and not {".", ".."} & {*_parts(given)} else f"write the {what}'s ARM id: {form}"


def version_id(definition_id: str, version: str) -> str:
    """ARM id of a version of a gallery image definition."""
    return f"{definition_id}/versions/{version}"


def describe_azure_error(what: str, error: AzureError) -> str:
    """Why Azure did not let us read a resource, and what to do."""
    if isinstance(error, AzureNotFound):
        return f"Azure knows no such {what}; check the id"
    if isinstance(error, AzureForbidden):
        return f"the app's identity may not read this {what}; give it a role there. Azure says: {error}"
    return f"the {what} could not be read. Azure says: {error}"


def describe_no_token(error: AzureError) -> str:
    """Why rebuilt hosts could not register again, for a host pool that refuses its registration token."""
    if isinstance(error, AzureForbidden):
        return f"the app's identity may not read the host pool's registration token. Azure says: {error}"
    problem = "the host pool gives out no registration token, so it may have a session host configuration"
    return f"{problem}. Azure says: {error}"
