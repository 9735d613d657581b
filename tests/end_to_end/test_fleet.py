"""One job over many pools, over HTTP against the running app: the gate, a killed host, and the way back."""

from __future__ import annotations

from typing import Any

from tests.end_to_end.conftest import Freshcoat
from tests.end_to_end.image_requests import add_image, add_pool, ended, wait_until

IMAGE = "win11-many"
POOLS = {"many-lab": "test", "many-live": "production"}


def test_a_fleet_update_waits_for_approval_survives_a_kill_and_is_undone(freshcoat: Freshcoat) -> None:
    add_image(freshcoat, IMAGE)
    for pool, ring in POOLS.items():
        add_pool(freshcoat, pool, IMAGE, ring=ring, hosts=1)
    assert freshcoat.send("POST", f"/images/{IMAGE}/stage", {"version": "2.0.0"}).is_success
    assert freshcoat.send("POST", f"/images/{IMAGE}/activate", {}).status_code == 202
    asked = {"filter": {"image": IMAGE}, "version": "2.0.0", "schedule": {"mode": "now"}, "soak_minutes": 0}

    plan = freshcoat.send("POST", "/rollouts?what_if=true", asked)
    assert (plan.status_code, plan.json()["can_start"], len(plan.json()["rings"])) == (200, True, 2), plan.text
    answer = freshcoat.send("POST", "/rollouts", asked | {"gate": "approve", "rings": {"many-live": 7}})
    assert answer.status_code == 202, answer.text
    task = answer.json()["id"]
    wait_until(lambda: "Ring 7 waits for approval" in str(text(freshcoat, task)["waits_for"]), 60)
    assert [(pool["pool"], pool["state"]) for pool in text(freshcoat, task)["pools"]] == [
        ("many-lab", "succeeded"), ("many-live", None)
    ]  # fmt: skip

    freshcoat.kill_host()
    freshcoat.await_host(freshcoat.start_host())
    assert freshcoat.send("POST", f"/tasks/{task}/approve", {"ring": 7}).status_code == 202
    wait_until(lambda: text(freshcoat, task)["pools"][1]["state"] == "running", 60)
    assert freshcoat.send("POST", f"/tasks/{task}/cancel", {"how": "roll_back"}).status_code == 202
    done = ended(freshcoat, task, seconds=120)
    assert (done["state"], done["kind"]) == ("cancelled", "update_pools"), done
    for pool in POOLS:
        assert {host["version"] for host in freshcoat.azure(pool).values()} == {"1.0.0"}, done
        assert freshcoat.violations(pool) == []


def text(freshcoat: Freshcoat, task: str) -> Any:
    """The job as it is told now."""
    return freshcoat.get(f"/tasks/{task}")
