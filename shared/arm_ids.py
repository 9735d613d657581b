"""The two kinds of ARM id that people give us."""

from __future__ import annotations

import re

from shared.errors import AzureError, AzureForbidden, AzureNotFound

_SCOPE = r"/subscriptions/[0-9a-fA-F-]{36}/resource[Gg]roups/[A-Za-z0-9_.()-]{1,90}/providers/"
HOST_POOL_PATTERN = f"^{_SCOPE}Microsoft\\.DesktopVirtualization/host[Pp]ools/[A-Za-z0-9_.-]{{1,64}}$"
DEFINITION_PATTERN = f"^{_SCOPE}Microsoft\\.Compute/galleries/[A-Za-z0-9_.]{{1,80}}/images/[A-Za-z0-9_.-]{{1,80}}$"
"""As the OpenAPI document shows them; ARM ids are taken in any case."""

_HOST_POOL = re.compile(HOST_POOL_PATTERN, re.IGNORECASE)
_DEFINITION = re.compile(DEFINITION_PATTERN, re.IGNORECASE)

HOST_POOL_FORM = (
    "/subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.DesktopVirtualization/hostPools/{host pool}"
)
DEFINITION_FORM = (
    "/subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.Compute/galleries/{gallery}/images/{definition}"
)


def host_pool_problem(given: str) -> str:
    """What is wrong with the ARM id of a host pool; empty when nothing is."""
    return "" if _HOST_POOL.fullmatch(given) else f"write the host pool's ARM id: {HOST_POOL_FORM}"


def definition_problem(given: str) -> str:
    """What is wrong with the ARM id of a gallery image definition; empty when nothing is."""
    return "" if _DEFINITION.fullmatch(given) else f"write the definition's ARM id: {DEFINITION_FORM}"


def version_id(definition_id: str, version: str) -> str:
    """ARM id of a version of a gallery image definition."""
    return f"{definition_id}/versions/{version}"


def refusal(what: str, error: AzureError) -> str:
    """Why Azure did not let us read something, and what to do, for a person."""
    if isinstance(error, AzureNotFound):
        return f"Azure knows no such {what}; check the id"
    if isinstance(error, AzureForbidden):
        return f"the app's identity may not read this {what}; give it a role there. Azure says: {error}"
    return f"the {what} could not be read. Azure says: {error}"
