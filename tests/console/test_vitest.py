"""The console's own tests, run as one: `npm test` in `console/` shows them one by one."""

from __future__ import annotations

# ruff: noqa: S603, S607 (our own process, found by name)
import subprocess

import pytest

from local.stack.options import ROOT

CONSOLE = ROOT / "console"


@pytest.mark.timeout(300)
def test_the_tests_of_the_console_pass() -> None:
    assert (CONSOLE / "node_modules").exists(), "run make console first"
    done = subprocess.run(["npm", "test", "--silent"], cwd=CONSOLE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
