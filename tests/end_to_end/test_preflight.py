"""What forbids a rollout in Azure refuses it over HTTP, before the first host is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.sim.core import names
from tests.end_to_end.conftest import Freshcoat

REIMAGE = "Microsoft.Compute/virtualMachines/reimage/action"
LOOKS = {"get_vm", "get_session_host", "get_disk"}


@contextmanager
def denied(freshcoat: Freshcoat, action: str) -> Iterator[None]:
    """The app's identity lacks a right for a while."""
    freshcoat.sim("POST", "/expect", {"denied": [action]})
    try:
        yield
    finally:
        freshcoat.sim("POST", "/expect", {"denied": []})


@contextmanager
def locked(freshcoat: Freshcoat, scope: str, level: str) -> Iterator[None]:
    """Somebody has set a lock for a while."""
    at = f"{freshcoat.options.sim_url}{scope}/providers/Microsoft.Authorization/locks/keep?api-version=2020-05-01"
    assert freshcoat.http.put(at, json={"properties": {"level": level}}).status_code == 201
    try:
        yield
    finally:
        freshcoat.http.delete(at)


def refusal(freshcoat: Freshcoat, pool: str) -> dict[str, str]:
    """What fails, and why, when version 2.0.0 is asked for now."""
    answer = freshcoat.send("POST", f"/pools/{pool}/update-image", {"version": "2.0.0", "schedule": {"mode": "now"}})
    assert answer.status_code == 422, answer.text
    body: dict[str, Any] = answer.json()
    return {one["check"]: one["detail"] for one in body["findings"] if one["result"] == "fail"}


def test_a_missing_right_and_a_lock_refuse_the_rollout_before_a_host_is_touched(freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("refused", 4)
    freshcoat.sim("POST", "/logon", {"host": hosts[0], "user": "ann@contoso.com"})
    before = freshcoat.azure("refused")

    with denied(freshcoat, REIMAGE):
        failed = refusal(freshcoat, "refused")
        assert set(failed) == {"rights"}
        assert f"lacks the right {REIMAGE} on resource group {names.GROUP}" in failed["rights"]
    with locked(freshcoat, names.OFFICE_POOL_ID.replace("hp-office", "hp-refused"), "CanNotDelete"):
        failed = refusal(freshcoat, "refused")
        assert set(failed) == {"locks"}
        assert "the lock keep (CanNotDelete) on host pool hp-refused" in failed["locks"]
    with locked(freshcoat, names.vm_id(hosts[2]), "ReadOnly"):
        assert f"on VM {hosts[2]} blocks every change" in refusal(freshcoat, "refused")["locks"]

    assert freshcoat.azure("refused") == before
    touched = freshcoat.sim("GET", "/calls")["by_host"]
    assert all(set(touched.get(host, {})) <= LOOKS for host in hosts)
    assert freshcoat.get("/rollouts?pool=refused")["items"] == []
    assert not freshcoat.get("/pools/refused")["running_rollout"]

    plan = freshcoat.send(
        "POST", "/pools/refused/update-image?what_if=true", {"version": "2.0.0", "schedule": {"mode": "now"}}
    )
    assert plan.json()["can_start"], plan.text
