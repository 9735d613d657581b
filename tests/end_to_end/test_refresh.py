"""A pool whose hosts are made fresh after use, on the real stack: host, engine, SDKs, tables, simulated Azure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.end_to_end.conftest import QUICK, Freshcoat
from tests.end_to_end.image_requests import wait_until

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def _same_version_is_meant(freshcoat: Freshcoat) -> Iterator[None]:
    """Re-imaging a healthy host to the version it is on is what a refresh does."""
    freshcoat.sim("POST", "/expect", {"allow_same_version": True})
    yield
    freshcoat.sim("POST", "/expect", {"allow_same_version": False})


def refresh(freshcoat: Freshcoat, pool: str, wish: str) -> dict[str, Any]:
    """Change the pool to this wish; the pool as it is answered."""
    asked = {"policy": QUICK | {"min_available": 0}, "refresh": wish}
    answer = freshcoat.send("PATCH", f"/pools/{pool}", asked)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


def disk_of(freshcoat: Freshcoat, pool: str, host: str) -> str:
    """The OS disk a host is on in Azure's own state."""
    return str(freshcoat.azure(pool)[host]["os_disk"])


def use(freshcoat: Freshcoat, pool: str, host: str, *, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Somebody works on a host until a look has seen that, and leaves."""
    freshcoat.sim("POST", "/logon", {"host": host, "user": "ann@contoso.com"})
    wait_until(lambda: freshcoat.get(f"/pools/{pool}")["freshness"]["used"] == 1, seconds=60)
    meanwhile()
    freshcoat.sim("POST", "/logoff", {"host": host, "user": "ann@contoso.com"})


def test_each_use_leads_to_a_fresh_disk_even_after_a_kill_and_a_rollout_counts_as_a_refresh(
    freshcoat: Freshcoat,
) -> None:
    first, second = freshcoat.add_pool("fresh", 2)
    standing = refresh(freshcoat, "fresh", "after_logoff")["freshness"]["rollout"]
    disks = [disk_of(freshcoat, "fresh", first)]

    def fresh_again() -> None:
        wait_until(lambda: freshcoat.get("/pools/fresh")["freshness"]["fresh"] == 2, seconds=60)
        host = freshcoat.azure("fresh")[first]
        assert (host["version"], host["accepting"], host["status"]) == ("1.0.0", True, "Available")
        assert not {"ScalingPlanExclusion", "FreshcoatRollout", "FreshcoatFailed"} & set(host["tags"])
        disks.append(disk_of(freshcoat, "fresh", first))

    use(freshcoat, "fresh", first)
    fresh_again()

    def kill() -> None:
        freshcoat.kill_host()
        freshcoat.await_host(freshcoat.start_host())

    use(freshcoat, "fresh", first, meanwhile=kill)
    fresh_again()
    assert len(set(disks)) == 3
    calls = freshcoat.sim("GET", "/calls")["by_host"]
    assert calls[first]["reimage"] == 2
    assert "reimage" not in calls[second]

    use(freshcoat, "fresh", first)
    view = freshcoat.finish(freshcoat.publish("fresh", {"mode": "now"}))
    assert view["state"] == "succeeded"
    wait_until(lambda: freshcoat.get("/pools/fresh")["freshness"]["fresh"] == 2, seconds=60)
    time.sleep(2)
    calls = freshcoat.sim("GET", "/calls")["by_host"]
    assert (calls[first]["reimage"], calls[second]["reimage"]) in {(3, 1), (4, 1)}

    refresh(freshcoat, "fresh", "off")
    assert freshcoat.finish(standing)["state"] == "cancelled"
    assert freshcoat.violations("fresh") == []
