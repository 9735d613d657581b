"""What new hosts are made from: the simulated Azure's autoscaler asks the app, while images come and go.

Each test has an image definition of its own, with 1.0.0 in use and 2.0.0 in the gallery, left out of "latest".
"""

from __future__ import annotations

from typing import Any

from tests.end_to_end.conftest import Freshcoat, in_seconds
from tests.end_to_end.image_requests import activate, add_image, add_pool, end_of, rollout_of, stage, wait_until


class Scaled:
    """A pool with an autoscaler that adds a host only when it is told to."""

    def __init__(self, freshcoat: Freshcoat, name: str, image: str, *, hosts: int = 2, **registration: Any) -> None:
        self.freshcoat, self.name = freshcoat, name
        add_pool(freshcoat, name, image, hosts=hosts, **registration)
        url = f"{freshcoat.options.app_url}/api/pools/{name}/image"
        rule = {"pool": f"hp-{name}", "image_url": url, "free_share": 0}
        freshcoat.sim("PUT", "/autoscaler", rule)

    def add_host(self) -> dict[str, Any]:
        """One more host, in service: what the autoscaler says of it."""
        (host,) = self.freshcoat.sim("POST", "/burst", {"pool": f"hp-{self.name}"})["hosts"]

        def added() -> dict[str, Any]:
            attempts = self.freshcoat.sim("GET", "/state?summary=true")["bursts"]
            return next(attempt for attempt in attempts if attempt["host"] == host)

        wait_until(lambda: added()["result"] not in {"asking", "creating", "registering"})
        assert added()["result"] == "available", added()
        return added()

    def version_of_a_new_host(self) -> str:
        """Add one; the version it was made from."""
        return str(self.add_host()["version"])

    def versions(self) -> dict[str, str]:
        """What is really on each host's disk."""
        return {host: found["version"] for host, found in self.freshcoat.azure(self.name).items()}


def test_a_staged_version_is_given_to_new_hosts_once_it_is_activated(freshcoat: Freshcoat) -> None:
    add_image(freshcoat, "win11-moves")
    pool = Scaled(freshcoat, "moves", "win11-moves")
    assert pool.version_of_a_new_host() == "1.0.0"

    stage(freshcoat, "win11-moves")
    assert pool.version_of_a_new_host() == "1.0.0"

    task = activate(freshcoat, "win11-moves", update_pools="none")
    added = pool.add_host()
    assert added["version"] == "2.0.0", added
    assert end_of(freshcoat, task) == "succeeded"
    assert pool.versions() == {
        "moves-0001": "1.0.0",
        "moves-0002": "1.0.0",
        "moves-b001": "1.0.0",
        "moves-b002": "1.0.0",
        "moves-b003": "2.0.0",
    }
    assert freshcoat.violations("moves") == []


def test_a_test_pool_on_a_staged_version_gets_new_hosts_of_the_old_one(freshcoat: Freshcoat) -> None:
    add_image(freshcoat, "win11-tested")
    pool = Scaled(freshcoat, "tested", "win11-tested", hosts=1, ring="test")
    stage(freshcoat, "win11-tested")
    assert freshcoat.finish(freshcoat.publish("tested", {"mode": "now"}))["state"] == "succeeded"
    assert pool.versions() == {"tested-0001": "2.0.0"}
    assert pool.version_of_a_new_host() == "1.0.0"
    activate(freshcoat, "win11-tested", update_pools="none")
    assert pool.version_of_a_new_host() == "2.0.0"
    assert freshcoat.violations("tested") == []


def test_new_hosts_of_an_updated_pool_get_the_target_once_its_canary_passed(freshcoat: Freshcoat) -> None:
    add_image(freshcoat, "win11-proves")
    stage(freshcoat, "win11-proves")
    pool, other = (Scaled(freshcoat, name, "win11-proves") for name in ("proves", "aside"))
    first, second = sorted(pool.versions())
    freshcoat.sim("POST", "/logon", {"host": second, "user": "ann@contoso.com"})
    freshcoat.sim("POST", "/faults", {"match": f"post *{first}/reimage", "kind": "lro_hang", "count": 1})

    schedule = {"mode": "on_logoff", "deadline": in_seconds(3600)}
    task = activate(freshcoat, "win11-proves", update_pools=["proves"], schedule=schedule)
    assert freshcoat.get("/pools/proves/image")["version"] == "1.0.0"
    assert freshcoat.get("/pools/aside/image")["version"] == "2.0.0"
    rollout = rollout_of(freshcoat, task, "proves")
    freshcoat.follow(rollout, lambda view: view["counts"].get("reimaging") == 1)
    assert (pool.version_of_a_new_host(), other.version_of_a_new_host()) == ("1.0.0", "2.0.0")

    freshcoat.sim("DELETE", "/faults")
    wait_until(lambda: freshcoat.get("/pools/proves/image")["version"] == "2.0.0")
    assert pool.versions()[first] == "2.0.0"
    added = pool.add_host()
    assert added["version"] == "2.0.0"
    assert added["reason"] == "the canary hosts of its rollout passed their checks"
    assert pool.versions()[second] == "1.0.0"

    freshcoat.sim("POST", "/logoff", {"host": second, "user": "ann@contoso.com"})
    assert freshcoat.finish(rollout)["state"] == "succeeded"
    assert end_of(freshcoat, task) == "succeeded"
    assert pool.versions() == dict.fromkeys((first, second, "proves-b001", "proves-b002"), "2.0.0")
    assert other.versions() == {"aside-0001": "1.0.0", "aside-0002": "1.0.0", "aside-b001": "2.0.0"}
    assert freshcoat.violations("proves") + freshcoat.violations("aside") == []
