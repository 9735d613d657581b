"""`make demo` without a terminal: all scenes, checked against the state of the simulated Azure."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tools.stack.running import running

OFFICE = [*(f"office-{number:04d}" for number in range(1, 25)), "office-b001", "office-b002"]
LAB = ["lab-0001", "lab-0002"]


@pytest.mark.timeout(330)
def test_the_demo_brings_a_new_image_from_its_template_to_every_host(tmp_path: Path) -> None:
    with running(tmp_path, "demo") as runner:
        code = runner.process.wait(320)
        printed = runner.printed()
        runner.assert_nothing_is_left(runner.process_tree())
    assert code == 0, printed
    assert_output(printed)
    kept = {path.stem: json.loads(path.read_text()) for path in (runner.directory / "demo").iterdir()}
    assert_azure_state(kept["azure"])
    assert_staged_first(kept)
    assert_burst_hosts_right(kept)
    assert_all_tasks_listed(kept["tasks"])


def assert_output(printed: str) -> None:
    """The output has no escape codes, names every scene and step, and reports success."""
    assert "\x1b" not in printed
    for number, title in enumerate(("Set as image", "A burst host", "Test", "Activate", "Update", "A burst host"), 1):
        assert f"\n{number} of 6  {title}" in printed
    for step in (
        "$ freshcoat set-as-image win11-office --power-off",
        "powering off the template VM",
        "preparing the clone (sysprep)",
        "creating the version",
        "cleaning up",
        "$ freshcoat update-image lab 2.0.0 --now",
        "$ freshcoat verdict win11-office 2.0.0 passed",
        "$ freshcoat activate win11-office --update-pools office --on-logoff +1m",
        "$ freshcoat watch office",
        "✔ office  win11-office 1.0.0 → 2.0.0: succeeded, 25 of 25 hosts.",
        "$ freshcoat tasks",
    ):
        assert step in printed
    assert "\n26 of 26 hosts of hp-office are on 2.0.0.\n2 of 2 hosts of hp-lab are on 2.0.0.\n" in printed
    assert "\nAll checks passed.\n" in printed
    assert "violations:             0\n" in printed
    assert "not deleted in Azure:   0\n" in printed


def assert_azure_state(azure: dict[str, Any]) -> None:
    """Every host is on the new version and in service. There are no violations and no leftover resources."""
    on = {host["host"]: host["version"] for host in azure["hosts"] if host["pool"] != "hp-personal"}
    assert on == dict.fromkeys([*OFFICE, *LAB], "2.0.0")
    assert all(host["accepting"] and host["status"] == "Available" for host in azure["hosts"] if host["host"] in on)
    assert azure["violations"] == []
    assert azure["temporary"] == []
    assert azure["counters"]["reimaged"] == 25 + 2  # office with its first burst host, and lab
    assert azure["counters"]["created"] == 3  # the build VM, and two burst hosts


def assert_staged_first(kept: dict[str, Any]) -> None:
    """The new version was staged and tested before it was activated; the old one is the backup."""
    captured = kept["1-set-as-image"]
    assert (captured["power_before"], captured["power_after"]) == ("running", "running")
    assert (captured["image"]["current"], captured["image"]["staged"]) == ("1.0.0", "2.0.0")
    tested = kept["3-test"]["version"]
    assert (tested["state"], tested["verdict"]["result"]) == ("staged", "passed")
    assert (kept["image"]["current"], kept["image"]["backups"]) == ("2.0.0", ["1.0.0"])
    assert kept["image"]["latest"] == ["2.0.0"]


def assert_burst_hosts_right(kept: dict[str, Any]) -> None:
    """Each burst host has the version that was active at its request, according to its disk and to the app."""
    first, second = kept["2-burst-host"], kept["6-burst-host"]
    assert [(burst["host"], burst["version"]) for burst in (first, second)] == [
        ("office-b001", "1.0.0"),
        ("office-b002", "2.0.0"),
    ]
    asked = {burst["host"]: burst for burst in kept["azure"]["bursts"]}
    assert {host: (burst["version"], burst["result"]) for host, burst in asked.items()} == {
        "office-b001": ("1.0.0", "available"),
        "office-b002": ("2.0.0", "available"),
    }
    activated = moment(kept["4-activate"]["task"]["created_at"])
    assert moment(kept["1-set-as-image"]["task"]["ended_at"]) < moment(first["asked_at"]) < activated
    assert moment(kept["5-update"]["task"]["ended_at"]) < moment(second["asked_at"])


def assert_all_tasks_listed(tasks: list[dict[str, Any]]) -> None:
    """The list of tasks is complete, and every task succeeded."""
    assert Counter(task["kind"] for task in tasks) == {"set_as_image": 1, "verdict": 1, "activate": 1, "rollout": 2}
    assert {task["state"] for task in tasks} == {"succeeded"}
    assert {task["pool"] for task in tasks if task["kind"] == "rollout"} == {"lab", "office"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
