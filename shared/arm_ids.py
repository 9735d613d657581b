"""The kinds of ARM id that people give us."""

from __future__ import annotations

import re

from shared.errors import AzureError, AzureForbidden, AzureNotFound

_SCOPE = r"/subscriptions/[0-9a-fA-F-]{36}/resource[Gg]roups/[A-Za-z0-9_.()-]{1,90}/providers/"
HOST_POOL_PATTERN = f"^{_SCOPE}Microsoft\\.DesktopVirtualization/host[Pp]ools/[A-Za-z0-9_.-]{{1,64}}$"
DEFINITION_PATTERN = f"^{_SCOPE}Microsoft\\.Compute/galleries/[A-Za-z0-9_.]{{1,80}}/images/[A-Za-z0-9_.-]{{1,80}}$"
MACHINE_PATTERN = f"^{_SCOPE}Microsoft\\.Compute/virtualMachines/[A-Za-z0-9_.-]{{1,64}}$"
SUBNET_PATTERN = f"^{_SCOPE}Microsoft\\.Network/virtualNetworks/[A-Za-z0-9_.-]{{1,80}}/subnets/[A-Za-z0-9_.-]{{1,80}}$"
"""As the OpenAPI document shows them; ARM ids are taken in any case."""

_START = "/subscriptions/{id}/resourceGroups/{group}/providers"
HOST_POOL_FORM = f"{_START}/Microsoft.DesktopVirtualization/hostPools/{{host pool}}"
DEFINITION_FORM = f"{_START}/Microsoft.Compute/galleries/{{gallery}}/images/{{definition}}"
MACHINE_FORM = f"{_START}/Microsoft.Compute/virtualMachines/{{name}}"
SUBNET_FORM = f"{_START}/Microsoft.Network/virtualNetworks/{{network}}/subnets/{{subnet}}"


def host_pool_problem(given: str) -> str:
    """What is wrong with the ARM id of a host pool; empty when nothing is."""
    return _problem(HOST_POOL_PATTERN, given, "host pool", HOST_POOL_FORM)


def definition_problem(given: str) -> str:
    """What is wrong with the ARM id of a gallery image definition; empty when nothing is."""
    return _problem(DEFINITION_PATTERN, given, "definition", DEFINITION_FORM)


def machine_problem(given: str) -> str:
    """What is wrong with the ARM id of a virtual machine; empty when nothing is."""
    return _problem(MACHINE_PATTERN, given, "virtual machine", MACHINE_FORM)


def subnet_problem(given: str) -> str:
    """What is wrong with the ARM id of a subnet; empty when nothing is."""
    return _problem(SUBNET_PATTERN, given, "subnet", SUBNET_FORM)


def _problem(pattern: str, given: str, what: str, form: str) -> str:
    return "" if re.fullmatch(pattern, given, re.IGNORECASE) else f"write the {what}'s ARM id: {form}"


def version_id(definition_id: str, version: str) -> str:
    """ARM id of a version of a gallery image definition."""
    return f"{definition_id}/versions/{version}"


def subscription_of(arm_id: str) -> str:
    """The subscription an ARM id lies in."""
    return arm_id.split("/")[2]


def refusal(what: str, error: AzureError) -> str:
    """Why Azure did not let us read something, and what to do, for a person."""
    if isinstance(error, AzureNotFound):
        return f"Azure knows no such {what}; check the id"
    if isinstance(error, AzureForbidden):
        return f"the app's identity may not read this {what}; give it a role there. Azure says: {error}"
    return f"the {what} could not be read. Azure says: {error}"
