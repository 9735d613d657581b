"""The command line follows a rollout and a task, in a terminal and for a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.app import LONGEST, environment, run
from tests.cli.terminal import terminal
from tests.end_to_end.conftest import Freshcoat
from tests.end_to_end.image_requests import add_image, stage


def test_an_update_is_followed_from_the_question_to_the_end(tmp_path: Path, freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("watched", hosts=2)
    url = ("--url", freshcoat.options.app_url)
    update = ("update-image", "watched", "2.0.0", "--on-logoff", "+2h", "--wait", *url)
    with terminal(tmp_path, *update) as screen:
        screen.expect("[y/N]")
        screen.type("y\n")
        screen.expect("Ctrl-C leaves it running")
        with terminal(tmp_path, "watch", "watched", *url, size=(50, 200)) as other:
            other.expect("Ctrl-C leaves it running")
            other.interrupt()
            assert other.end() == 130
            assert "goes on: freshcoat watch watched" in other.text
        program = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "freshcoat_cli", "watch", "watched", "-o", "jsonl", *url],
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = [json.loads(line) for line in program.communicate(timeout=LONGEST)[0].splitlines()]
        assert screen.end() == 0
    assert program.returncode == 0
    assert "succeeded, 2 of 2 hosts" in screen.text
    assert lines[-1]["complete"] is True
    assert lines[-1]["state"] == "succeeded"
    assert lines[-1]["versions"] == {"2.0.0": 2}
    kinds = {event["kind"] for line in lines for event in line.get("events", [])}
    assert "host_done" in kinds


def test_an_activation_is_followed_as_a_task(tmp_path: Path, freshcoat: Freshcoat) -> None:
    add_image(freshcoat, "win11-watched")
    stage(freshcoat, "win11-watched")
    ran = run(tmp_path, "activate", "win11-watched", "--yes", "--wait", "--url", freshcoat.options.app_url)
    assert ran.code == 0, ran
    assert ran.out.splitlines()[-1].startswith("✔ Activate: win11-watched 1.0.0 → 2.0.0: succeeded.")
