"""The first host that is probed and approved, and the ways back, on the whole stack."""

from __future__ import annotations

from typing import Any

import pytest

from local.sim.core import names
from shared.core.names import PROBE_COMMAND
from tests.end_to_end.conftest import DOMAIN, Freshcoat, in_seconds

PROBE, SCRIPT = "printers", "if (-not (Get-Printer)) { exit 1 }"


@pytest.fixture(autouse=True)
def probe(freshcoat: Freshcoat) -> None:
    """The account of the pools has a probe."""
    answer = freshcoat.send("PUT", f"/access/probes/default/{PROBE}", {"script": SCRIPT})
    assert answer.status_code in {200, 201}, answer.text


def counts(freshcoat: Freshcoat, operation: str, hosts: list[str]) -> int:
    """How often the simulated Azure was asked for this, for these hosts."""
    calls = freshcoat.sim("GET", "/calls")["by_host"]
    return sum(calls.get(host, {}).get(operation, 0) for host in hosts)


def versions(freshcoat: Freshcoat, pool: str) -> set[str]:
    """The versions the pool's hosts are really on."""
    return {host["version"] for host in freshcoat.azure(pool).values()}


def test_a_failed_probe_ends_the_rollout_at_the_canary_host_and_rolls_it_back(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("probe", 4, DOMAIN, probe=PROBE, on_failure="roll_back", strategy="reimage")
    freshcoat.sim("POST", "/faults", {"kind": "probe_fails", "match": "probe-0", "count": 1})
    rollout = freshcoat.publish("probe", {"mode": "on_logoff", "deadline": in_seconds(3600)})
    view = freshcoat.finish(rollout)
    assert view["state"] == "rolled_back", view
    assert versions(freshcoat, "probe") == {"1.0.0"}
    assert counts(freshcoat, "reimage", hosts) == 1
    assert counts(freshcoat, "swap_os_disk", hosts) == 1
    assert freshcoat.violations("probe") == []
    assert all(host["accepting"] and host["status"] == "Available" for host in freshcoat.azure("probe").values())


def test_the_script_that_the_account_keeps_runs_on_the_canary_host_alone(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("scripted", 3, DOMAIN, probe=PROBE, canary_hold="approve", strategy="reimage")
    rollout = freshcoat.publish("scripted", {"mode": "on_logoff", "deadline": in_seconds(3600)})
    freshcoat.send("PUT", f"/access/probes/default/{PROBE}", {"script": "exit 1"})
    view = freshcoat.follow(rollout, lambda view: view["state"] == "awaiting_approval")
    (first,) = [name for name, host in freshcoat.azure("scripted").items() if host["version"] == "2.0.0"]
    assert (view["policy"]["probe"], view["probe"]["script"]) == (PROBE, SCRIPT)
    found = {name: scripts_of(freshcoat, name) for name in hosts}
    assert [text.startswith(SCRIPT) for text in found.pop(first)] == [True]
    assert set(map(tuple, found.values())) == {()}


def scripts_of(freshcoat: Freshcoat, host: str) -> list[str]:
    """The probe's script on the VM of a host, as the simulated Azure has it; empty before it has run there."""
    url = f"{freshcoat.options.sim_url}{names.vm_id(host)}/runCommands/{PROBE_COMMAND}"
    answer = freshcoat.http.get(url, params={"api-version": "2024-07-01"})
    return [answer.json()["properties"]["source"]["script"]] if answer.status_code == 200 else []


def test_a_pool_is_approved_updated_and_rolled_back_with_one_call_each(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("ways", 4, DOMAIN, probe=PROBE, canary_hold="approve", strategy="reimage")
    rollout = freshcoat.publish("ways", {"mode": "on_logoff", "deadline": in_seconds(3600)})
    freshcoat.follow(rollout, lambda view: view["state"] == "awaiting_approval")
    (first,) = [host for host in freshcoat.azure("ways").values() if host["version"] == "2.0.0"]
    assert not first["accepting"]
    answer = freshcoat.send("POST", f"/rollouts/{rollout}/approve")
    assert answer.status_code == 202, answer.text
    assert freshcoat.finish(rollout)["state"] == "succeeded"
    assert versions(freshcoat, "ways") == {"2.0.0"}
    back = freshcoat.send("POST", "/pools/ways/roll-back", {"reason": "printers are gone"})
    assert back.status_code == 202, back.text
    view: dict[str, Any] = freshcoat.finish(back.json()["id"])
    assert (view["state"], view["kind"]) == ("succeeded", "roll_back")
    assert versions(freshcoat, "ways") == {"1.0.0"}
    assert counts(freshcoat, "swap_os_disk", hosts) == len(hosts)
    assert freshcoat.violations("ways") == []
    assert freshcoat.get("/pools/ways")["version"] == "1.0.0"


@pytest.mark.parametrize("how", ["leave", "roll_back"])
def test_the_report_of_a_cancelled_rollout_names_the_version_of_each_host(freshcoat: Freshcoat, how: str) -> None:
    pool = f"cancel-{how.replace('_', '')}"
    freshcoat.add_pool(pool, 5, canary_hosts=0, max_in_flight=1, strategy="reimage")
    rollout = freshcoat.publish(pool, {"mode": "on_logoff", "deadline": in_seconds(3600)})
    freshcoat.follow(rollout, lambda view: view["counts"].get("done", 0) >= 1)
    answer = freshcoat.send("POST", f"/rollouts/{rollout}/cancel", {"how": how})
    assert answer.status_code == 202, answer.text
    view = freshcoat.finish(rollout)
    assert view["state"] == ("cancelled" if how == "leave" else "rolled_back")
    text = {
        host["host"].split(".")[0]: host["version"] for host in freshcoat.get(f"/rollouts/{rollout}/hosts")["items"]
    }
    assert text == {name: host["version"] for name, host in freshcoat.azure(pool).items()}
    assert set(text.values()) == ({"1.0.0", "2.0.0"} if how == "leave" else {"1.0.0"})
    assert freshcoat.violations(pool) == []
