"""Devices in Entra ID: a host that was updated is updated again, and one whose device is not its own is left alone."""

from __future__ import annotations

from typing import Any

from local.sim.core import names
from tests.end_to_end.conftest import Freshcoat


def devices(freshcoat: Freshcoat, hosts: list[str]) -> list[dict[str, Any]]:
    """The devices in Entra ID with the names of these hosts."""
    return [device for device in freshcoat.sim("GET", "/state")["devices"] if device["name"] in hosts]


def test_a_host_joins_entra_id_under_its_name_again_and_a_foreign_device_stops_its_host(freshcoat: Freshcoat) -> None:
    first, second = hosts = sorted(freshcoat.add_pool("devices", 2))
    freshcoat.sim("POST", "/devices", {"name": first, "vm": names.vm_id(first)})
    freshcoat.sim("POST", "/devices", {"name": second, "vm": names.vm_id("somebody-else")})
    before = devices(freshcoat, hosts)

    policy = {"retries": 0, "max_failed": 5, "proof": "none"}
    ended = freshcoat.finish(freshcoat.publish("devices", {"mode": "now"}, policy=policy))
    rows = {row["host"].split(".")[0]: row for row in freshcoat.get(f"/rollouts/{ended['id']}/hosts")["items"]}
    assert (rows[first]["state"], rows[second]["state"]) == ("done", "failed")
    assert "belongs to another computer" in rows[second]["error"]
    assert {name: host["version"] for name, host in freshcoat.azure("devices").items()} == {
        first: "2.0.0",
        second: "1.0.0",
    }
    after = devices(freshcoat, hosts)
    assert sorted(device["name"] for device in after) == [first, second]
    assert before[1] in after, "somebody else's"
    assert freshcoat.violations("devices") == []

    before_it = freshcoat.sim("GET", "/calls")["by_operation"]
    answer = freshcoat.send("POST", "/pools/devices/roll-back", {"policy": policy})
    assert answer.status_code == 202, answer.text
    freshcoat.finish(answer.json()["id"])
    assert freshcoat.azure("devices")[first]["version"] == "1.0.0"
    calls = freshcoat.sim("GET", "/calls")["by_operation"]
    assert calls["delete_device"] > before_it["delete_device"]
    assert calls.get("swap_os_disk") == before_it.get("swap_os_disk")
