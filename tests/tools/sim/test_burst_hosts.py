"""Hosts that the autoscaler adds: their version, their durations, and violations."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from local.sim.autoscaler import FLAG_DELAY_SECONDS
from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import DEFAULTS, POOL, Client, Operator
from tests.tools.sim.listening_app import SLOW, App, burst, bursts, listening_app, results, settled, switch_on

UNHURRIED = {**SLOW, "duration_scale": 1.0}
Violations = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def app() -> Iterator[App]:
    with listening_app() as found:
        yield found


def test_a_requested_host_is_created_from_the_apps_version(sim: Simulator, app: App) -> None:
    app.gives("2.0.0")
    switch_on(sim, app)
    assert burst(sim) == ["office-b001"]
    assert settled(sim) == ["available"]
    assert app.asked == ["/api/pools/office/image"]
    (attempt,) = bursts(sim)
    assert attempt.pop("asked_at") > "2025"
    assert attempt == {
        "host": "office-b001",
        "pool": POOL,
        "trigger": "request",
        "version": "2.0.0",
        "reason": "it is in use",
        "result": "available",
    }
    host = sim.host("office-b001")
    assert (host["pool"], host["version"], host["status"]) == (POOL, "2.0.0", "Available")
    assert (host["power"], host["joined"], host["accepting"], host["tags"]) == ("running", True, True, {})


def test_a_burst_host_is_an_ordinary_host_to_people_and_operators(
    sim: Simulator, app: App, operator: Operator, compute: Client, desktops: Client
) -> None:
    switch_on(sim, app)
    for host in ("office-0001", "office-0002", "office-0003", "office-0004"):
        sim.log_on(host, f"ann@{host}")
    (name,) = burst(sim)
    settled(sim)
    placed = sim.control("POST", "arrive", {"count": 1})["placed"]
    assert [host["host"] for host in placed] == [f"{name}.contoso.local"]
    sim.log_off(name, placed[0]["user"])

    vm, other = (compute.virtual_machines.get(GROUP, host) for host in (name, "office-0001"))
    assert vm.storage_profile.image_reference.id == names.version_id("1.0.0")
    assert vm.hardware_profile.vm_size == other.hardware_profile.vm_size
    assert desktops.session_hosts.get(GROUP, POOL, f"{name}.contoso.local").resource_id == vm.id
    operator.renew(name)
    assert (sim.host(name)["version"], sim.host(name)["status"]) == ("2.0.0", "Available")
    assert sim.state()["violations"] == []


def test_creation_and_registration_take_virtual_time(sim: Simulator, app: App) -> None:
    sim.reset(**UNHURRIED)
    switch_on(sim, app)
    burst(sim)
    assert settled(sim) == ["creating"]
    assert (sim.host("office-b001")["provisioning"], sim.host("office-b001")["registered"]) == ("Creating", False)
    sim.advance(179)
    assert results(sim) == ["creating"]
    sim.advance(301)
    assert results(sim) == ["registering"] or sim.host("office-b001")["registered"]
    sim.advance(300)
    assert results(sim) == ["available"]
    assert sim.host("office-b001")["status"] == "Available"


@pytest.mark.parametrize(
    "version_id", [names.version_id("9.9.9"), names.DEFINITION_ID, names.vm_id("office-0001"), "2.0.0"]
)
def test_a_host_is_created_only_from_a_gallery_version(sim: Simulator, app: App, version_id: str) -> None:
    app.body = {"version_id": version_id}
    switch_on(sim, app)
    burst(sim)
    assert settled(sim) == ["unknown_version"]
    assert len(sim.state(POOL)["hosts"]) == 4


def test_a_failed_creation_leaves_no_resources(sim: Simulator, app: App) -> None:
    before = everything(sim)
    sim.faults({"kind": "allocation_failed", "match": "office-b001"})
    switch_on(sim, app)
    burst(sim)
    assert settled(sim) == ["failed"]
    assert everything(sim) == before


def everything(sim: Simulator) -> list[set[str]]:
    world = sim.sim.world
    kept: list[Iterable[str]] = [world.vms, world.disks, world.home, *world.resources.values()]
    return [set(found) for found in kept if found]


def flag(compute: Client, version: str, excluded: bool, definition: str = names.DEFINITION) -> None:
    change = {"properties": {"publishingProfile": {"excludeFromLatest": excluded}}}
    compute.gallery_image_versions.begin_update(GROUP, "gal", definition, version, change).result()


def test_a_host_of_a_version_that_is_only_staged_is_a_violation(
    sim: Simulator, app: App, violations: Violations
) -> None:
    app.gives("3.0.0")
    switch_on(sim, app)
    burst(sim)
    settled(sim)
    sim.advance(FLAG_DELAY_SECONDS * 60)
    assert violations() == [("staged_version_given", "office-b001")]


def test_flags_that_are_updated_shortly_after_an_activation_are_no_violation(
    sim: Simulator, app: App, compute: Client, violations: Violations
) -> None:
    app.gives("3.0.0")
    switch_on(sim, app)
    burst(sim)
    assert settled(sim) == ["available"]
    flag(compute, "3.0.0", excluded=False)
    flag(compute, "2.0.0", excluded=True)
    sim.advance(3600)
    assert violations() == []


def test_a_backup_does_not_count_as_staged_even_when_it_is_the_newest(
    sim: Simulator, app: App, compute: Client, violations: Violations
) -> None:
    flag(compute, "3.0.0", excluded=False)
    switch_on(sim, app)
    for version in ("3.0.0", "2.0.0"):  # rolled back to 1.0.0; pools may still be on one of these
        flag(compute, version, excluded=True)
        app.gives(version)
        burst(sim)
        settled(sim)
    sim.advance(3600)
    assert violations() == []


def test_a_backup_of_another_definition_does_not_count_as_staged(
    sim: Simulator, app: App, compute: Client, violations: Violations
) -> None:
    sim.control(
        "POST", "definitions", {"name": "win11-lab", "versions": ["1.0.0", "2.0.0", "3.0.0"], "excluded": ["3.0.0"]}
    )
    flag(compute, "2.0.0", excluded=True, definition="win11-lab")
    switch_on(sim, app)
    for version in ("2.0.0", "3.0.0"):
        app.body = {"version_id": names.version_id(version, names.definition_id("win11-lab"))}
        burst(sim)
        settled(sim)
    sim.advance(3600)
    assert violations() == [("staged_version_given", "office-b002")]


def test_an_old_version_that_was_never_latest_is_not_staged(sim: Simulator, app: App, violations: Violations) -> None:
    sim.reset(**{**DEFAULTS, "versions": "1.0.0,2.0.0", "excluded": "1.0.0"})
    switch_on(sim, app)
    burst(sim)
    settled(sim)
    sim.advance(3600)
    assert violations() == []
