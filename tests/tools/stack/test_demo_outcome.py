"""The demo's summary and checks: they follow from the state of the simulated Azure."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.demo.outcome import Activated, BurstHost, Captured, Outcome, Trial, Updated, problems
from local.demo.summary import Places, print_summary
from shared.core.states import RolloutState, TaskState, VersionState
from tests.fixtures.messages import told
from tests.tools.stack import demo_views
from tests.tools.stack.demo_views import NOW

DISKS = {"office-0001": "2.0.0", "office-b001": "2.0.0", "office-b002": "2.0.0"}


def burst(host: str, version: str, moment: str, result: str = "available") -> BurstHost:
    reason = "the pool is on this version"
    return BurstHost(host=host, asked_at=NOW, moment=moment, version=version, reason=reason, result=result)


def azure(disks: dict[str, str], **fields: Any) -> dict[str, Any]:
    """The state of a simulated Azure with these versions on the disks of office, and one host in lab."""
    hosts = [{"host": host, "pool": "hp-office", "version": version} for host, version in disks.items()]
    hosts.append({"host": "lab-0001", "pool": "hp-lab", "version": "2.0.0"})
    given = {"violations": [], "temporary": [], "turned_away": 0, "counters": {"signed_out_forced": 4}}
    return {"hosts": hosts, **given, **fields}


def outcome(**changes: Any) -> Outcome:
    """A successful demo, with some fields changed."""
    done = demo_views.task("ending", state=TaskState.SUCCEEDED)
    succeeded = demo_views.rollout(RolloutState.SUCCEEDED)
    passed = demo_views.version("2.0.0", VersionState.STAGED, latest=False, verdict="passed")
    active = demo_views.version("2.0.0", VersionState.ACTIVE, latest=True, verdict="passed")
    image = demo_views.image("2.0.0", backups=("1.0.0",))
    staged = demo_views.image("1.0.0", staged="2.0.0")
    well = {
        "captured": Captured(task=done, image=staged, power_before="running", power_after="running"),
        "before": burst("office-b001", "1.0.0", "while 2.0.0 is staged"),
        "trial": Trial(rollout=succeeded, hosts=[], version=passed),
        "activated": Activated(deadline=NOW, task=demo_views.task("ending"), image=image, rollout=succeeded.id),
        "updated": Updated(rollout=succeeded, hosts=[], task=done),
        "after": burst("office-b002", "2.0.0", "after the activation"),
        "image": image,
        "versions": [demo_views.version("1.0.0", VersionState.BACKUP, latest=False), active],
        "tasks": [done],
        "azure": azure(DISKS),
        "latest": ["2.0.0"],
        "expected": {"hp-office": 3, "hp-lab": 1},
        "seconds": {"Set as image": 23.4, "Test": 11.0},
    }
    return Outcome(**(well | changes))


def test_a_successful_demo_has_no_problems() -> None:
    assert problems(outcome()) == []


STAGED_GIVEN = burst("office-b001", "2.0.0", "while 2.0.0 is staged")
OLD_GIVEN = burst("office-b002", "1.0.0", "after the activation")
REFUSED = burst("office-b002", "2.0.0", "after the activation", "failed")
PAUSED = demo_views.rollout(RolloutState.PAUSED, note=told("too many failed"))
FAILED = demo_views.task("ending", state=TaskState.FAILED, note=told("it broke"))
UNTESTED = demo_views.version("2.0.0", VersionState.STAGED, latest=False)
OFF = {"power_before": "running", "power_after": "deallocated"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"before": STAGED_GIVEN},
            "office-b001, requested while 2.0.0 is staged, was created from 2.0.0",
        ),
        ({"after": OLD_GIVEN}, "office-b002, requested after the activation, was created from 1.0.0, not from 2.0.0"),
        ({"after": REFUSED}, r"not from 2.0.0 \(failed\)"),
        ({"azure": azure(DISKS | {"office-b001": "1.0.0"})}, "office-b001 is on 1.0.0, not on 2.0.0"),
        ({"azure": azure({"office-0001": "2.0.0"})}, "hp-office has 1 hosts, not 3"),
        ({"azure": azure(DISKS, violations=["sessions_present"])}, "recorded violations"),
        ({"azure": azure(DISKS, temporary=[{"id": "/disks/left"}])}, "/disks/left was not deleted"),
        ({"image": demo_views.image("2.0.0")}, "the backup is not 1.0.0"),
        ({"image": demo_views.image("1.0.0", staged="2.0.0")}, "the active version is 1.0.0"),
        ({"latest": ["1.0.0"]}, '"latest" in the gallery is not 2.0.0'),
        ({"trial": Trial(rollout=PAUSED, hosts=[], version=UNTESTED)}, "has not passed its test"),
        ({"updated": Updated(rollout=PAUSED, hosts=[], task=FAILED)}, "pool office is paused: too many failed"),
        ({"updated": Updated(rollout=PAUSED, hosts=[], task=FAILED)}, "the task set_as_image is failed: it broke"),
        (
            {"captured": Captured(task=FAILED, image=demo_views.image("2.0.0"), **OFF)},
            "(?s)2.0.0 was not staged.*the power state of the template VM was not restored.*it broke",
        ),
    ],
)
def test_every_difference_is_a_problem(changes: dict[str, Any], expected: str) -> None:
    assert re.search(expected, "\n".join(problems(outcome(**changes))))


def summary(of: Outcome, directory: Path) -> str:
    output = io.StringIO()
    places = Places(directory / "demo", directory / "tables", directory / "logs")
    print_summary(Console(file=output, width=100), of, places)
    return output.getvalue()


def test_the_summary_lists_the_result_and_the_folder_of_the_records(tmp_path: Path) -> None:
    text = summary(outcome(), tmp_path)
    for line in (
        "3 of 3 hosts of hp-office are on 2.0.0.",
        "All checks passed.",
        "hp-lab, version 2.0.0:\nlab-0001",
        "while 2.0.0 is staged: created from 1.0.0 (the pool is on this version)",
        "forced sign-outs:       4",
        "violations:             0\n",
        "not deleted in Azure:   0\n",
    ):
        assert line in text
    assert "Set as image                          23\n" in text
    assert "total                                 34\n" in text
    assert str(tmp_path / "demo") in text


def test_the_summary_lists_problems(tmp_path: Path) -> None:
    text = summary(outcome(azure=azure(DISKS | {"office-b001": "1.0.0"}, violations=["sessions_present"])), tmp_path)
    assert "2 of 3 hosts of hp-office are on 2.0.0." in text
    assert "hp-office, version 1.0.0:\noffice-b001" in text
    assert "Failed checks: 2\n  office-b001 is on 1.0.0" in text
    assert "violations:             1\n  sessions_present" in text
    assert "All checks passed." not in text


def test_the_moment_of_a_burst_host_names_its_zone(tmp_path: Path) -> None:
    at = NOW.astimezone()
    assert f"office-b001  requested at {at:%H:%M:%S %Z}, while 2.0.0 is staged" in summary(outcome(), tmp_path)


def test_the_records_have_a_file_for_each_scene(tmp_path: Path) -> None:
    saved = outcome()
    saved.save(tmp_path)
    found = {path.stem: json.loads(path.read_text()) for path in tmp_path.iterdir()}
    assert found["1-set-as-image"]["task"]["version"] == "2.0.0"
    assert found["2-burst-host"]["version"] == "1.0.0"
    assert found["3-test"]["version"]["verdict"]["result"] == "passed"
    assert found["4-activate"]["image"]["backups"] == ["1.0.0"]
    assert found["5-update"]["rollout"]["id"] == saved.updated.rollout.id
    assert found["6-burst-host"]["version"] == "2.0.0"
    assert found["image"]["latest"] == ["2.0.0"]
    assert found["azure"] == saved.azure
    assert len(found["tasks"]) == 1
