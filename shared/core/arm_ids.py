"""ARM ids: what they are made of, and the kinds that people give us. ARM ignores their case: keys are lower case."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.core.errors import AzureError, AzureForbidden, AzureNotFound


@dataclass(frozen=True)
class ArmId:
    """`/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}[/{type}/{name}…]`."""

    subscription: str
    group: str
    kind: str
    """Its type in lower case, `microsoft.compute/disks` for instance."""
    names: tuple[str, ...]
    """The resource's name, after those of the resources it lies in."""

    @property
    def name(self) -> str:
        return self.names[-1]


def parse(resource_id: str, depth: int = 1) -> ArmId:
    """The parts of an id whose resource lies `depth` names deep (a VM 1, an image definition 2).

    Raises AzureNotFound when the text is no such id: it names nothing that could be there.
    """
    parts = resource_id.strip("/").split("/")
    whole = len(parts) == 6 + 2 * depth and all(parts)
    keywords = [part.lower() for part in parts[0:5:2]]
    if not whole or keywords != ["subscriptions", "resourcegroups", "providers"]:
        raise AzureNotFound("read an ARM id", None, "InvalidResourceId", f"'{resource_id}' is not an id of this kind")
    kind = "/".join([parts[5], *parts[6::2]]).lower()
    return ArmId(parts[1], parts[3], kind, tuple(parts[7::2]))


def subscription_of(resource_id: str) -> str:
    """The subscription of a resource, however deep it lies. Raises AzureNotFound for what is no such id."""
    return parse("/".join(resource_id.strip("/").split("/")[:8])).subscription


def last(name_or_id: str) -> str:
    """What follows the last `/`. AVD names are `pool/host` in some answers and bare in others (azure-facts 3)."""
    return name_or_id.rstrip("/").rsplit("/", 1)[-1]


def definition_of(image_id: str) -> str:
    """The id of the image definition, given the definition's or one of its versions'."""
    return _before_version(image_id)[0]


def pinned_version(image_id: str) -> str | None:
    """The version an image id is pinned to; None for a definition's id or `…/versions/latest`."""
    version = _before_version(image_id)[1]
    return None if version.lower() in {"", "latest"} else version


def _before_version(image_id: str) -> tuple[str, str]:
    at = image_id.lower().rfind("/versions/")
    return (image_id, "") if at < 0 else (image_id[:at], image_id[at + len("/versions/") :])


_SCOPE = r"/subscriptions/[0-9a-fA-F-]{36}/resource[Gg]roups/[A-Za-z0-9_.()-]{1,90}/providers/"
HOST_POOL_PATTERN = f"^{_SCOPE}Microsoft\\.DesktopVirtualization/host[Pp]ools/[A-Za-z0-9_.-]{{1,64}}$"
DEFINITION_PATTERN = f"^{_SCOPE}Microsoft\\.Compute/galleries/[A-Za-z0-9_.]{{1,80}}/images/[A-Za-z0-9_.-]{{1,80}}$"
VM_PATTERN = f"^{_SCOPE}Microsoft\\.Compute/virtualMachines/[A-Za-z0-9_.-]{{1,64}}$"
SUBNET_PATTERN = f"^{_SCOPE}Microsoft\\.Network/virtualNetworks/[A-Za-z0-9_.-]{{1,80}}/subnets/[A-Za-z0-9_.-]{{1,80}}$"
"""As the OpenAPI document shows them; ARM ids are taken in any case."""

_START = "/subscriptions/{id}/resourceGroups/{group}/providers"
HOST_POOL_FORM = f"{_START}/Microsoft.DesktopVirtualization/hostPools/{{host pool}}"
DEFINITION_FORM = f"{_START}/Microsoft.Compute/galleries/{{gallery}}/images/{{definition}}"
VM_FORM = f"{_START}/Microsoft.Compute/virtualMachines/{{name}}"
SUBNET_FORM = f"{_START}/Microsoft.Network/virtualNetworks/{{network}}/subnets/{{subnet}}"


def host_pool_problem(given: str) -> str:
    """What is wrong with the ARM id of a host pool; empty when nothing is."""
    return _problem(HOST_POOL_PATTERN, given, "host pool", HOST_POOL_FORM)


def definition_problem(given: str) -> str:
    """What is wrong with the ARM id of a gallery image definition; empty when nothing is."""
    return _problem(DEFINITION_PATTERN, given, "definition", DEFINITION_FORM)


def vm_problem(given: str) -> str:
    """What is wrong with the ARM id of a virtual machine; empty when nothing is."""
    return _problem(VM_PATTERN, given, "virtual machine", VM_FORM)


def subnet_problem(given: str) -> str:
    """What is wrong with the ARM id of a subnet; empty when nothing is."""
    return _problem(SUBNET_PATTERN, given, "subnet", SUBNET_FORM)


def _problem(pattern: str, given: str, what: str, form: str) -> str:
    return "" if re.fullmatch(pattern, given, re.IGNORECASE) else f"write the {what}'s ARM id: {form}"


def version_id(definition_id: str, version: str) -> str:
    """ARM id of a version of a gallery image definition."""
    return f"{definition_id}/versions/{version}"


def describe_azure_error(what: str, error: AzureError) -> str:
    """Why Azure did not let us read something, and what to do, for a person."""
    if isinstance(error, AzureNotFound):
        return f"Azure knows no such {what}; check the id"
    if isinstance(error, AzureForbidden):
        return f"the app's identity may not read this {what}; give it a role there. Azure says: {error}"
    return f"the {what} could not be read. Azure says: {error}"
