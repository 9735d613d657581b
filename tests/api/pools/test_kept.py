"""What an update keeps of a pool's hosts, for the greyed fields of a page."""

from __future__ import annotations

from typing import Any

from shared.core.errors import AzureForbidden
from tests.fixtures.app import App, office
from tests.fixtures.world.azure import vm_id_of


def kept(app: App) -> Any:
    reply = app.send("GET", "/api/pools/office/kept")
    assert reply.status == 200, reply.text
    return reply.json


def test_sizes_networks_and_regions_are_counted() -> None:
    app = office()
    subnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/vnet-b/subnets/desks"
    app.world.subnets[vm_id_of("h1.contoso.local").lower()] = subnet
    found = kept(app)
    assert found["hosts"] == sum(found["vm_sizes"].values()) == 3
    assert [(one["vnet"], one["subnet"], one["hosts"]) for one in found["networks"]] == [
        ("vnet", "hosts", 2),
        ("vnet-b", "desks", 1),
    ]
    assert found["networks"][1]["subnet_id"] == subnet
    assert found["regions"] and found["networks_problem"] is None


def test_a_missing_right_hides_the_networks_alone() -> None:
    app = office()
    app.world.fail("subnets", AzureForbidden("list the network cards", 403, "AuthorizationFailed", "no right"))
    found = kept(app)
    assert found["networks"] is None and found["networks_problem"]["code"] == "networks_unreadable"
    assert sum(found["vm_sizes"].values()) == 3
