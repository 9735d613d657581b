"""`make demo`, as a machine without a terminal sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stack.running import running


@pytest.mark.timeout(330)
def test_the_demo_brings_every_host_to_the_new_version(tmp_path: Path) -> None:
    with running(tmp_path, "demo") as runner:
        code = runner.process.wait(320)
        said = runner.said()
        family = runner.family()
        runner.assert_nothing_is_left(family)
    assert code == 0, said
    assert "24 of 24 hosts are on 2.0.0; the rollout has succeeded." in said
    assert "violations:             0\n" in said
    assert "\x1b" not in said
    assert "sessions left" in said
    azure = json.loads((runner.directory / "demo" / "azure.json").read_text())
    assert {host["version"] for host in azure["hosts"]} == {"2.0.0"}
    assert azure["violations"] == []
    assert azure["counters"]["reimaged"] == 24
