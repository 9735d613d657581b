"""The command line on the running stack. Most runs are in this process, which is quicker; tests/cli runs processes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from freshcoat_cli.main import app
from local.sim.core import names
from tests.cli.app import Ran, environment
from tests.cli.terminal import terminal
from tests.end_to_end.conftest import DOMAIN, Freshcoat
from tests.end_to_end.image_requests import add_image, add_pool


class Line:
    """`freshcoat` on the stack, with a configuration of its own."""

    def __init__(self, stack: Freshcoat, folder: Path) -> None:
        self.stack, self.folder = stack, folder

    def __call__(self, *arguments: str, **more: str) -> Ran:
        """The command, which must succeed."""
        ran = self.fails(*arguments, **more)
        assert ran.code == 0, (arguments, ran)
        return ran

    def fails(self, *arguments: str, **more: str) -> Ran:
        """The command, however it ends."""
        wanted = environment(self.folder, FRESHCOAT_URL=self.stack.options.app_url, **more)
        ours = {name: wanted.get(name) for name in {*os.environ, *wanted} if name.startswith(("FRESHCOAT_", "AZURE_"))}
        ran = CliRunner().invoke(app, arguments, env=ours)
        return Ran(ran.exit_code, ran.stdout, ran.stderr)

    def json(self, *arguments: str) -> Any:
        """What the command answers to a program."""
        ran = self(*arguments, "-o", "json")
        assert ran.err == "", ran
        return ran.json


@pytest.fixture
def line(freshcoat: Freshcoat, tmp_path: Path) -> Line:
    return Line(freshcoat, tmp_path)


LISTS = (
    "pools",
    "images",
    "rollouts",
    "tasks",
    "promotions",
    "audit",
    "audit refusals",
    "access keys",
    "access grants",
    "access limits",
    "access caps",
    "access probes",
    "access join-profiles",
)


def test_every_list_is_a_table_and_json(line: Line) -> None:
    line.stack.add_pool("cli-lists", 1)
    for name in LISTS:
        assert isinstance(line.json(*name.split()), list), name
        table = line(*name.split())
        assert table.out[:3].isupper() or table.err.startswith("No "), name
    assert "cli-lists" in line("pools").out
    assert line("hosts", "cli-lists", "-q").out.startswith("cli-lists-")
    assert {one["version"] for one in line.json("versions", "win11-office")} >= {"1.0.0", "2.0.0"}
    assert "win11-office" in line("images", "win11-office").out
    assert "entries" in line("audit", "verify", "--month", f"{datetime.now(UTC):%Y-%m}").out
    assert line("audit", "--csv", "--limit", "2").out.startswith("id,at,")


def test_a_pool_is_published_to_steered_and_rolled_back(line: Line) -> None:
    line.stack.add_pool("cli-publish", 2, DOMAIN)
    update = ("update-image", "cli-publish", "2.0.0")
    assert line.json("plan", "cli-publish", "2.0.0")["to_update"] == 2
    begun = line.json(*update, "--at", "tomorrow 22:00", "--reason", "November", "--yes")
    assert (begun["state"], begun["reason"]) == ("scheduled", "November")
    assert line.fails(*update, "--now", "--yes").code == 6
    assert "scheduled" in line("rollouts", "cli-publish").out
    moved = line.json("reschedule", "cli-publish", "--at", "tomorrow 23:00", "--yes")
    assert moved["schedule"]["begin_at"] > begun["schedule"]["begin_at"]
    assert line.json("pause", "cli-publish", "--reason", "Exams")["state"] == "paused"
    assert line.json("resume", "cli-publish")["state"] == "scheduled"
    assert "✔" in line("cancel", "cli-publish", "--leave", "--yes", "--wait").out
    assert line.fails("pause", "cli-publish").code == 5
    assert line.json(*update, "--now", "--yes", "--wait")["state"] == "succeeded"
    assert line("roll-back", "cli-publish", "--what-if", "-q").out.strip()
    assert line.stack.violations("cli-publish") == []


def test_a_command_that_is_repeated_with_its_key_begins_nothing_new(line: Line) -> None:
    line.stack.add_pool("cli-once", 1)
    later = line.json("plan", "cli-once", "2.0.0", "--at", "+5d")["schedule"]["force_at"]
    same = ("update-image", "cli-once", "2.0.0", "--at", later, "--yes", "--idempotency-key", "cli-once-1", "-q")
    first, second = line(*same), line(*same)
    assert second.out == first.out
    assert line.fails(*same[:-3], "-q").code == 6
    line("cancel", first.out.strip(), "--yes")


def test_a_version_is_staged_judged_promoted_activated_and_taken_back(line: Line) -> None:
    add_image(line.stack, "cli-image", template_vm_id=names.TEMPLATE_VM_ID)
    image = "cli-image"
    assert line.json("set-as-image", image, "--power-off", "--step", "minor", "--what-if")["version"]
    assert line.fails("activate", image, "--what-if", "-o", "json").code == 6  # nothing is staged
    assert line.json("stage", image, "2.0.0", "--notes", "by Packer")["state"] == "staged"
    assert line.json("verdict", image, "2.0.0", "passed", "--note", "fine")["verdict"]["result"] == "passed"
    due = line.json("promote", image, "--at", "tomorrow 06:00", "--yes")
    assert line.json("promotions", "--open", "--image", image)[0]["id"] == due["id"]
    assert line.json("reschedule", due["id"], "--at", "+3d", "--yes")["due_at"] > due["due_at"]
    assert line.json("cancel", due["id"], "--yes")["state"] == "cancelled"
    assert line.json("activate", image, "--yes", "--wait")["state"] == "succeeded"
    assert "2.0.0" in line("images", image).out
    assert line.json("roll-back-image", image, "--yes", "--wait")["version"] == "1.0.0"
    assert {"activate", "roll_back"} <= {one["kind"] for one in line.json("tasks", "--image", image)}


def test_many_pools_are_one_task(line: Line) -> None:
    add_image(line.stack, "cli-many")
    add_pool(line.stack, "cli-many-1", "cli-many", hosts=1)
    line("stage", "cli-many", "2.0.0")
    line("activate", "cli-many", "--yes", "--wait")
    update = ("update-pools", "2.0.0", "--image", "cli-many", "--on-logoff", "+3h")
    assert line.json(*update, "--what-if")["to_update"] == 1
    task = line.json(*update, "--yes")
    assert "cli-many-1" in line("tasks", task["id"]).out
    assert line.json("cancel", task["id"], "--leave", "--yes")["id"] == task["id"]


def test_access_is_given_used_and_taken(line: Line) -> None:
    key = line("access", "keys", "new", "cli-key", "--role", "reader", "--account", "*", "-q").out.strip()
    assert key.startswith("fck_")
    me = line("whoami", "-o", "json", FRESHCOAT_KEY=key).json
    assert (me["name"], me["may"]) == ("key cli-key", ["read"])
    told = line.fails("access", "grants", "-o", "json", FRESHCOAT_KEY=key)
    assert (told.code, json.loads(told.err)["need"]) == (4, "configure")
    line("access", "keys", "revoke", "cli-key", "--yes")
    line("access", "limits", "set", "default", "pilot", "--min-available", "30%", "--yes")
    assert "pilot" in {one["ring"] for one in line.json("access", "limits")}
    line("access", "limits", "remove", "default", "pilot", "--yes")
    probe = line.folder / "probe.ps1"
    probe.write_text("exit 0\n")
    line("access", "probes", "set", "default", "cli-probe", "--file", str(probe))
    line("access", "probes", "remove", "default", "cli-probe", "--yes")


def test_in_a_terminal_the_plan_is_shown_and_a_yes_is_asked_for(line: Line) -> None:
    line.stack.add_pool("cli-asks", 1)
    update = ("update-image", "cli-asks", "2.0.0", "--at", "tomorrow 22:00")
    url = line.stack.options.app_url
    with terminal(line.folder, *update, FRESHCOAT_URL=url) as shown:
        shown.expect("Publish 2.0.0 to 1 host? [y/N]:")
        shown.type("n\n")
        assert shown.end() == 3
    assert line.json("rollouts", "--pool", "cli-asks") == []
    with terminal(line.folder, *update, FRESHCOAT_URL=url) as shown:
        shown.expect("[y/N]:")
        shown.type("y\n")
        shown.expect("Follow it: freshcoat watch cli-asks")
        assert shown.end() == 0
    line("cancel", "cli-asks", "--yes")
