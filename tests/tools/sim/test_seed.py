"""The simulator's initial resources: options, and additions."""

import subprocess
import sys
from typing import Any

import pytest

from local.sim.__main__ import parser
from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import ControlRefusedError, Simulator
from tests.tools.sim.conftest import DEFAULTS, POOL, Client


def in_gallery(compute: Client, definition: str = names.DEFINITION) -> dict[str, bool]:
    """The versions of a definition, and whether they are excluded from latest."""
    found = compute.gallery_image_versions.list_by_gallery_image(GROUP, "gal", definition)
    return {version.name: version.publishing_profile.exclude_from_latest for version in found}


def test_by_default_the_gallery_has_three_versions_and_the_last_is_excluded(sim: Simulator, compute: Client) -> None:
    assert in_gallery(compute) == {"1.0.0": False, "2.0.0": False, "3.0.0": True}
    assert {host["version"] for host in sim.state()["hosts"]} == {"1.0.0"}


@pytest.mark.parametrize("versions", ["1.0.0", ["1.0.0"]])
def test_the_gallery_can_start_with_one_version(sim: Simulator, compute: Client, versions: Any) -> None:
    sim.reset(**{**DEFAULTS, "versions": versions})
    assert in_gallery(compute) == {"1.0.0": False}
    assert sim.control("GET", "options")["versions"] == ["1.0.0"]


def test_hosts_start_on_the_first_version_given(sim: Simulator, compute: Client) -> None:
    sim.reset(**{**DEFAULTS, "versions": "4.1.0,5.0.0", "excluded": "5.0.0"})
    assert in_gallery(compute) == {"4.1.0": False, "5.0.0": True}
    assert {host["version"] for host in sim.state()["hosts"]} == {"4.1.0"}


@pytest.mark.parametrize(
    ("options", "message"),
    [({"versions": "1.0"}, "'1.0' is not a version"), ({"versions": []}, "at least one"), ({"template": "on"}, "'on'")],
)
def test_invalid_options_are_refused(sim: Simulator, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ControlRefusedError, match=message):
        sim.reset(**options)
    assert sim.control("GET", "options")["versions"] == DEFAULTS["versions"]


def test_versions_and_template_are_flags() -> None:
    given = vars(parser().parse_args(["--versions", "1.0.0", "--template", "running"]))
    assert (given["versions"], given["excluded"], given["template"]) == (("1.0.0",), ("3.0.0",), "running")
    command = [sys.executable, "-m", "local.sim", "--versions", ""]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    assert refused.returncode == 2
    assert refused.stderr.strip() == "local.sim: versions: at least one is required; the hosts use the first"


@pytest.mark.parametrize("power", ["deallocated", "running"])
def test_the_template_is_off_or_runs(sim: Simulator, compute: Client, power: str) -> None:
    sim.reset(**{**DEFAULTS, "template": power})
    view = compute.virtual_machines.instance_view(GROUP, names.last(names.TEMPLATE_VM_ID))
    assert f"PowerState/{power}" in [status.code for status in view.statuses]


def test_a_small_pool_without_sessions_can_be_added(sim: Simulator) -> None:
    sim.reset(**{**DEFAULTS, "users": True, "busy": 1.0, "speed": 0.001})
    sim.control("POST", "pools", {"name": "hp-test", "hosts": 2, "version": "2.0.0"})
    assert any(host["sessions"] for host in sim.state(POOL)["hosts"])
    sim.advance(8 * 3600)
    hosts = sim.state("hp-test")["hosts"]
    assert [(host["host"], host["version"], host["sessions"]) for host in hosts] == [
        ("test-0001", "2.0.0", []),
        ("test-0002", "2.0.0", []),
    ]


def test_a_definition_can_be_added_and_hosts_created_from_it(sim: Simulator, compute: Client) -> None:
    body = {"name": "win11-lab", "versions": ["1.0.0", "2.0.0"], "excluded": ["2.0.0"]}
    assert sim.control("POST", "definitions", body)["id"] == names.definition_id("win11-lab")
    assert in_gallery(compute, "win11-lab") == {"1.0.0": False, "2.0.0": True}
    sim.control("POST", "pools", {"name": "hp-lab", "hosts": 1, "definition": "win11-lab"})
    reference = compute.virtual_machines.get(GROUP, "lab-0001").storage_profile.image_reference
    assert (reference.id, reference.exact_version) == (names.definition_id("win11-lab"), "1.0.0")
    with pytest.raises(ControlRefusedError, match="exists"):
        sim.control("POST", "definitions", body)
    with pytest.raises(ControlRefusedError, match=r"'3.0.0' is not in the gallery"):
        sim.control("POST", "pools", {"name": "hp-no", "definition": "win11-lab", "version": "3.0.0"})
