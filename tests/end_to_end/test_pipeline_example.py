"""The script that the example pipelines run, as they run it: step by step, and again."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.sim.core import names
from tests.end_to_end.conftest import Freshcoat
from tests.end_to_end.image_requests import add_image, add_pool, wait_until

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples/pipelines/publish.sh"


@dataclass(frozen=True)
class Step:
    """How a step ended: its exit code, what it handed over to the next job, and what it said."""

    code: int
    handed: dict[str, str]
    said: str


Pipeline = Callable[..., Step]


@pytest.fixture
def pipeline(freshcoat: Freshcoat, tmp_path: Path) -> Pipeline:
    """Runs a step as a job of GitHub does: with variables only, and a file for what it hands over."""
    command = tmp_path / "bin/freshcoat"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m freshcoat_cli "$@"\n')
    command.chmod(0o755)

    def run(step: str, **variables: str) -> Step:
        output = tmp_path / "output"
        output.write_text("")
        done = subprocess.run(  # noqa: S603 - our own script
            ["/bin/bash", str(SCRIPT), step],
            env={
                **{name: text for name, text in os.environ.items() if not name.startswith(("FRESHCOAT_", "GITHUB_"))},
                "PATH": f"{command.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT / "cli"),
                "FRESHCOAT_CONFIG_DIR": str(tmp_path / "config"),
                "FRESHCOAT_URL": freshcoat.options.app_url,
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(output),
                "NOTES": "November patches",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
            stdin=subprocess.DEVNULL,
        )
        handed = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return Step(done.returncode, handed, done.stdout + done.stderr)

    return run


def test_the_steps_in_order_and_again(freshcoat: Freshcoat, pipeline: Pipeline) -> None:
    """One version is taken from the gallery and withdrawn, the next one is made, scheduled, and activated at once."""
    add_image(freshcoat, "pipe", template_vm_id=names.TEMPLATE_VM_ID)
    add_pool(freshcoat, "pipe-test", "pipe", hosts=1, ring="test")
    first = {"RUN": "github-1", "IMAGE": "pipe", "TEST_POOL": "pipe-test", "TEST_SECONDS": "120", "VERSION": "2.0.0"}

    assert done(pipeline("build", **first)).handed == {"version": "2.0.0"}
    tested = [done(pipeline("test", **first)) for _ in range(2)]
    assert tested[0].handed == tested[1].handed, "run again, it finds what it began"
    assert versions_on(freshcoat) == {"2.0.0"}
    done(pipeline("withdraw", **first))
    assert versions_on(freshcoat) == {"1.0.0"}
    assert freshcoat.get("/images/pipe")["staged"] is None

    second = {"RUN": "github-2", "IMAGE": "pipe", "BUILD_SECONDS": "120", "UPDATE_POOLS": "none"}
    built = [done(pipeline("build", **second)) for _ in range(2)]
    assert built[0].handed == built[1].handed, "run again, it makes no other version"
    version = built[0].handed["version"]
    day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a")
    at = {"RELEASE_AT": f"{day.lower()} 06:00", "TIME_ZONE": "Europe/Amsterdam"}
    done(pipeline("release", **second, **at, VERSION=version))
    (promotion,) = freshcoat.get("/promotions?image=pipe")["items"]
    assert (promotion["version"], promotion["state"]) == (version, "scheduled")
    assert datetime.fromisoformat(promotion["due_local"]).strftime("%a %H:%M") == f"{day} 06:00"
    assert freshcoat.send("DELETE", f"/promotions/{promotion['id']}").status_code == 200
    done(pipeline("release", **second | {"RUN": "github-3"}, VERSION=version))
    wait_until(lambda: freshcoat.get("/images/pipe")["current"] == version, 60)
    assert freshcoat.get("/images/pipe")["current_verdict"]["result"] == "passed"

    kinds = sorted(one["kind"] for one in freshcoat.get("/tasks?image=pipe")["items"])
    assert (kinds.count("rollout"), kinds.count("set_as_image"), kinds.count("activate")) == (2, 1, 1), kinds


def done(step: Step) -> Step:
    assert step.code == 0, step.said
    return step


def versions_on(freshcoat: Freshcoat) -> set[str]:
    return {host["version"] for host in freshcoat.azure("pipe-test").values()}
