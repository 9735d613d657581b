"""The right to give a VM its user-assigned identities again when it is replaced. Pure.

Azure asks who creates a VM for `ASSIGN` on each of them. Without it the VM would be deleted, and could not be created.
Source: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.core.arm_ids import describe_scope, resource_group_of
from shared.core.errors import AzureError, AzureForbidden
from shared.models.accounts import ScopeMap
from shared.models.azure import Permissions, VirtualMachine
from shared.models.findings import Finding
from shared.rollouts.preflight.results import failed, warned
from shared.rollouts.preflight.rights_table import has

ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
_ROLE = "Managed Identity Operator"
"""Azure's role for it. Its action is written `userAssignedIdentities/*/assign/action`."""
_AS_THE_ROLE_WRITES_IT = ASSIGN.replace("/assign/", "/id/assign/")

type Assignment = tuple[str, str]
"""The id of an identity, and a resource group of VMs that have it. Who works on the group assigns it."""


def assignments(vms: Sequence[VirtualMachine], scopes: ScopeMap) -> list[Assignment]:
    """Each identity of these VMs once for each of ours that works on them. `vms`: those that may be replaced."""
    found: dict[tuple[str, str], Assignment] = {}
    for vm in vms:
        group = resource_group_of(vm.id)
        for identity in vm.user_identities:
            found.setdefault((identity.lower(), scopes.identity(group)), (identity, group))
    return list(found.values())


def check(identity: str, read: Permissions | AzureError, who: str, alternative: str) -> Iterator[Finding]:
    """A finding when the right is missing. Who has no role there at all may not read rights: that counts the same."""
    where = f"the {describe_scope(identity)}, which hosts have"
    what_to_do = f"give {who} the role {_ROLE} there{alternative}"
    if isinstance(read, AzureError) and not isinstance(read, AzureForbidden):
        yield warned("rights", f"the rights of {who} on {where} could not be read: {read}", what_to_do)
    elif isinstance(read, AzureError) or not (has(read, ASSIGN) or has(read, _AS_THE_ROLE_WRITES_IT)):
        yield failed("rights", f"{who} lacks the right {ASSIGN} on {where}, needed to create replaced VMs", what_to_do)
