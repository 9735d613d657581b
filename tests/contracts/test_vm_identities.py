"""User-assigned identities: a VM says which it has, and gets them again from whoever may assign them.

A simulated Azure of its own: the others count which rights are used.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.sim.core import names
from local.sim.testing import start_simulator
from shared.core.errors import AzureForbidden
from shared.core.settings import Settings
from shared.models.azure import VirtualMachineBody
from shared.rollouts.preflight.identities import ASSIGN
from tests.contracts.azure.conftest import DEFAULTS, PASSWORD, POOL, Azure, host, roles_granted, vm

AGENT = f"{names.GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-desktops"


@pytest.fixture
def azure() -> Iterator[Azure]:
    """The first VM has the identity. The app has its roles, and none on the identity."""
    with start_simulator(**DEFAULTS) as running:
        identity = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {AGENT: {"principalId": "p"}}}
        running.sim.world.vms[vm(1).lower()].extra["identity"] = identity
        running.control("PUT", "grants", {"": roles_granted()})
        ports = Azure(running, Settings(arm_endpoint=running.base_url))
        yield ports
        ports.clients.close()


def deleted(azure: Azure) -> VirtualMachineBody:
    """The first VM is deleted; how to create it again."""
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(1))
    body = azure.vms.recreation_body(vm(1))
    azure.vms.start_delete(vm(1))
    return body


def create(azure: Azure, body: VirtualMachineBody) -> None:
    azure.vms.start_create(vm(1), body, image_version_id=names.version_id("2.0.0"), admin_password=PASSWORD)


def test_without_the_right_on_the_identity_the_vm_is_not_created(azure: Azure) -> None:
    body = deleted(azure)
    with pytest.raises(AzureForbidden, match=ASSIGN):
        create(azure, body)
    assert azure.vms.find(vm(1)) is None


def test_with_the_right_the_vm_has_its_identities_again(azure: Azure) -> None:
    azure.sim.control("PUT", "grants", {"": roles_granted() | {AGENT: [ASSIGN]}})
    create(azure, deleted(azure))
    found = azure.vms.find(vm(1))
    assert found is not None and found.user_identities == (AGENT,)
    assert azure.vms.find_many([vm(1)])[vm(1).lower()].user_identities == (AGENT,)
