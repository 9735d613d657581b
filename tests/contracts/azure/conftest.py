"""One simulated Azure for the folder, made anew before each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from local.sim.core import names
from local.sim.testing import Simulator, start_simulator
from shared.azure.clients import ArmClients
from shared.azure.gallery import AzureGallery
from shared.azure.governance import AzureGovernance
from shared.azure.host_pools import AzureHostPools
from shared.azure.image_builder import AzureImageBuilder
from shared.azure.throttle import AzureArmBudget
from shared.azure.virtual_machines import AzureVirtualMachines
from shared.core.settings import Settings
from shared.models.azure import Operation
from shared.rollouts.preflight.rights_table import Where, actions_by_scope

POOL = names.OFFICE_POOL_ID
PASSWORD = SecretStr("Made-up-Passw0rd!")
SLOW = {"duration_scale": 1.0, "speed": 1.0}
"""Operations take minutes of virtual time: `azure.sim.advance` ends them."""
LONG = 3_600.0


def vm(number: int) -> str:
    """ARM id of a host's VM, as the simulator names it."""
    return names.vm_id(f"office-{number:04d}")


def host(number: int) -> str:
    """Name of a session host."""
    return f"office-{number:04d}.{names.DOMAIN}"


@dataclass
class Azure:
    """The five ports, and the simulator behind them. `later` moves the ports' clock, not the simulator's."""

    sim: Simulator
    settings: Settings
    later: timedelta = timedelta(0)
    clients: ArmClients = field(init=False)

    def __post_init__(self) -> None:
        self.clients = ArmClients(self.settings)
        self.vms = AzureVirtualMachines(self.clients, self.settings)
        self.host_pools = AzureHostPools(self.clients, lambda: datetime.now(UTC) + self.later)
        self.gallery = AzureGallery(self.clients)
        self.image_builder = AzureImageBuilder(self.clients)
        self.governance = AzureGovernance(self.clients)
        self.arm_budget = AzureArmBudget(self.clients.writes)

    def world(self, **options: Any) -> None:
        """Start over with another world."""
        self.sim.reset(**{**DEFAULTS, **options})

    def calls(self) -> dict[str, int]:
        """How often each operation was asked for."""
        return dict(self.sim.control("GET", "calls")["by_operation"])

    def finish(self, operation: Operation) -> Operation:
        """Let the time pass that the operation takes, and ask once."""
        self.sim.advance(LONG)
        return self.vms.resume(operation)


DEFAULTS: dict[str, Any] = {
    "hosts": 5,
    "duration_scale": 0.0,
    "users": False,
    "busy": 0.0,
    "page_size": 200,
    "speed": 60.0,
    "powered_off": 0,
    "pinned": False,
    "ephemeral": False,
    "vmss": False,
    "throttle": "off",
}


OPERATOR = "operator"
"""Who sets up what the tests are about."""
USED = "FRESHCOAT_TEST_USED_ACTIONS"
"""A file for the actions that these tests used."""


def roles_granted(without: str = "") -> dict[str, list[str]]:
    """The custom roles, each assigned to the resource group, gallery or network around what it is for."""
    scopes = {
        Where.HOST_POOL: names.GROUP_ID,
        Where.MACHINES: names.GROUP_ID,
        Where.IMAGE: names.GALLERY_ID,
        Where.BUILDING: names.GROUP_ID,
        Where.SUBNET: f"{names.NETWORK}/virtualNetworks",
        Where.SUBSCRIPTION: names.SUB_ID,
    }
    granted: dict[str, list[str]] = {}
    for where, actions in actions_by_scope().items():
        granted.setdefault(scopes[where], []).extend(action for action in actions if action != without)
    return granted


@pytest.fixture(scope="package")
def simulator() -> Iterator[Simulator]:
    with start_simulator(**DEFAULTS) as running:
        running.control("PUT", "grants", {"": roles_granted(), OPERATOR: {names.SUB_ID: ["*"]}})
        yield running
        if path := os.environ.get(USED):
            Path(path).write_text(
                "\n".join(sorted({use.action for use in running.sim.grants.used if not use.identity}))
            )


@pytest.fixture
def azure(simulator: Simulator) -> Iterator[Azure]:
    ports = Azure(simulator, Settings(arm_endpoint=simulator.base_url))
    ports.world()
    yield ports
    ports.clients.close()
