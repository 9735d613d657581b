"""Least privilege: the table of rights is what Freshcoat calls, no less and no more, and the roles are made from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.sim.core import names
from local.sim.testing import start_simulator
from shared.core.errors import AzureForbidden
from shared.core.settings import Settings
from shared.models.pools import DomainJoin
from shared.rollouts.preflight.rights_table import Where, actions_by_scope
from tests.contracts.azure.conftest import DEFAULTS, PASSWORD, POOL, USED, Azure, host, roles_granted, vm
from tools.roles import roles

ROOT = Path(__file__).parents[2]
JOIN = DomainJoin(kind="ad", domain="contoso.local", user="joiner", password_setting="JOIN_PASSWORD")
AVD, COMPUTE = "Microsoft.DesktopVirtualization/hostPools", "Microsoft.Compute"
STEPS: dict[str, Callable[[Azure], object]] = {
    f"{AVD}/read": lambda azure: azure.host_pools.host_pool(POOL),
    f"{AVD}/sessionHosts/read": lambda azure: azure.host_pools.session_hosts(POOL),
    f"{AVD}/sessionHosts/userSessions/read": lambda azure: azure.host_pools.user_sessions(POOL),
    f"{AVD}/sessionHosts/write": lambda azure: azure.host_pools.set_accepting(POOL, host(1), accepting=False),
    f"{AVD}/sessionHosts/userSessions/delete": lambda azure: azure.host_pools.sign_out(POOL, host(1), "1"),
    f"{AVD}/sessionHosts/userSessions/sendMessage/action": lambda azure: azure.host_pools.send_message(
        POOL, host(1), "1", "title", "body"
    ),
    f"{AVD}/sessionHosts/delete": lambda azure: azure.host_pools.remove_session_host(POOL, host(1)),
    f"{AVD}/retrieveRegistrationToken/action": lambda azure: azure.host_pools.check_registration(POOL),
    f"{AVD}/write": lambda azure: azure.host_pools.registration_token(POOL),
    f"{COMPUTE}/virtualMachines/read": lambda azure: azure.vms.find(vm(1)),
    f"{COMPUTE}/virtualMachines/write": lambda azure: azure.vms.update(vm(1), tags={}),
    f"{COMPUTE}/virtualMachines/start/action": lambda azure: azure.vms.start_power_on(vm(1)),
    f"{COMPUTE}/virtualMachines/deallocate/action": lambda azure: azure.vms.start_deallocate(vm(1)),
    f"{COMPUTE}/virtualMachines/reimage/action": lambda azure: azure.vms.start_reimage(
        vm(1), version="2.0.0", admin_password=PASSWORD
    ),
    f"{COMPUTE}/virtualMachines/delete": lambda azure: azure.vms.start_delete(vm(1)),
    f"{COMPUTE}/virtualMachines/extensions/write": lambda azure: azure.vms.start_join(
        vm(1), "westeurope", JOIN, PASSWORD, "1"
    ),
    f"{COMPUTE}/virtualMachines/runCommands/write": lambda azure: azure.vms.start_probe(
        vm(1), "westeurope", "exit 0", 5, "1"
    ),
    f"{COMPUTE}/disks/read": lambda azure: azure.vms.disk(names.disk_id("any")),
    f"{COMPUTE}/disks/delete": lambda azure: azure.vms.start_disk_removal(names.disk_id("any")),
    f"{COMPUTE}/galleries/images/read": lambda azure: azure.gallery.definition(names.DEFINITION_ID),
    f"{COMPUTE}/galleries/images/versions/read": lambda azure: azure.gallery.versions(names.DEFINITION_ID),
    f"{COMPUTE}/galleries/images/versions/write": lambda azure: azure.gallery.start_exclude(
        names.DEFINITION_ID, "3.0.0", excluded=False
    ),
    f"{COMPUTE}/galleries/images/versions/delete": lambda azure: azure.gallery.start_removal(
        names.DEFINITION_ID, "3.0.0"
    ),
    f"{COMPUTE}/locations/usages/read": lambda azure: azure.governance.cores(names.SUBSCRIPTION, names.REGION),
    "Microsoft.Authorization/permissions/read": lambda azure: azure.governance.permissions(POOL),
    "Microsoft.Authorization/locks/read": lambda azure: azure.governance.locks(POOL),
}
"""A step of a rollout or of an image that needs the right."""


@pytest.mark.parametrize("action", STEPS)
def test_without_one_right_the_step_that_needs_it_is_refused_and_the_right_is_named(action: str) -> None:
    with start_simulator(**DEFAULTS) as running:
        running.control("PUT", "grants", {"": roles_granted(without=action)})
        azure = Azure(running, Settings(arm_endpoint=running.base_url))
        with pytest.raises(AzureForbidden) as refused:
            STEPS[action](azure)
        azure.clients.close()
        assert f"perform action '{action}'" in str(refused.value)


def test_the_roles_hold_what_the_contracts_of_azure_use_and_nothing_else(tmp_path: Path) -> None:
    """They run with exactly these roles granted. Every call that the adapters make is in one of them."""
    used = tmp_path / "used"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/contracts/azure", "-q", "-n", "0", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=os.environ | {USED: str(used)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout[-3_000:]
    table = {action for actions in actions_by_scope().values() for action in actions}
    assert set(used.read_text().split()) == table


def test_the_permissions_page_shows_the_roles_that_are_printed() -> None:
    page = (ROOT / "docs" / "permissions.md").read_text()
    shown = page.partition("```json\n")[2].partition("```")[0]
    assert json.loads(shown) == [{"Name": role["Name"], "Actions": role["Actions"]} for role in roles("any")]
    assert {role["Description"] for role in roles("any")} == {f"Assign it on: {where}." for where in Where}
