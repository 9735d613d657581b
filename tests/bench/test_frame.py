"""The shared parts of all measurements: rows with targets, percentiles, the table, and the file of results."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench.__main__ import PARTS, keep, table
from bench.arm_calls import paced
from bench.machine import child_of, describe_machine, peak_memory, peak_of_all
from bench.rows import Part, missed, percentile
from local.stack.options import ROOT


def rows() -> Part:
    part = Part("engine")
    part.at_least("rate", 12.3456, "hosts/s", 15)
    part.at_most("memory", 171.18, "MB", 400)
    part.shown("calls", 18, "calls")
    return part


def test_a_row_has_its_target_and_whether_it_was_met() -> None:
    assert rows().rows == [
        {"name": "engine", "figure": "rate", "value": 12.3, "unit": "hosts/s", "reach": 15, "met": False},
        {"name": "engine", "figure": "memory", "value": 171.2, "unit": "MB", "reach": 400, "met": True},
        {"name": "engine", "figure": "calls", "value": 18, "unit": "calls", "reach": None, "met": None},
    ]
    assert [row["figure"] for row in missed(rows().rows)] == ["rate"]


@pytest.mark.parametrize(("reach", "met"), [(9.99, True), (10.0, True), (10.01, False)])
def test_a_target_is_compared_with_the_unrounded_value(reach: float, met: bool) -> None:
    part = Part("engine")
    part.at_least("rate", 10.0, "hosts/s", reach)
    part.at_most("other way round", reach, "s", 10.0)
    assert [row["met"] for row in part.rows] == [met, reach <= 10.0]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_a_percentile_of_no_values_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        percentile([], 0.5)


def test_saving_a_part_replaces_only_its_own_results(tmp_path: Path) -> None:
    kept = tmp_path / "results.json"
    cold = Part("cold")
    cold.at_most("import", 0.8, "s", 1)
    keep(rows().rows, "engine", kept)
    keep(cold.rows, "cold", kept)
    again = rows()
    again.rows.pop()
    keep(again.rows, "engine", kept)
    assert json.loads(kept.read_text()) == cold.rows + again.rows


def test_the_table_shows_missed_targets() -> None:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(table("engine", rows().rows, 61.4))
    text = console.export_text()
    assert "engine (1 missed; measured in 61 s)" in text
    assert [line.count("MISSED") for line in text.splitlines() if "rate" in line] == [1]


def test_every_part_can_be_loaded_and_saved_results_belong_to_parts() -> None:
    for name in PARTS:
        assert callable(importlib.import_module(f"bench.{name}").run)
    kept = json.loads((ROOT / "bench" / "results.json").read_text())
    assert {row["name"] for row in kept} <= set(PARTS)
    assert all(row.keys() == {"name", "figure", "value", "unit", "reach", "met"} for row in kept)


def test_an_unknown_part_is_refused_with_the_known_ones() -> None:
    command, env = [sys.executable, "-m", "bench"], {"BENCH": "warp", "PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert "unknown part warp; known parts: cold, package, planner" in done.stderr


def test_a_faster_clock_shortens_the_apps_poll_intervals() -> None:
    assert paced(10) == {
        "FRESHCOAT_OPERATION_POLL": "3",
        "FRESHCOAT_AZURE_PAUSE": "3",
        "FRESHCOAT_RECONCILE_GAP": "0.1",
    }


def test_a_measurement_describes_its_machine() -> None:
    text = describe_machine()
    assert "cores" in text
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in text
    assert "azure-mgmt-compute" in text


def test_the_memory_of_a_child_process_is_its_own() -> None:
    child = "x = b'x' * 10**8; print(1, flush=True); input()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        assert parent.stdout
        assert parent.stdin
        assert parent.stdout.readline() == "1\n"
        assert 100 < peak_memory(child_of(parent.pid)) < 200
        assert peak_memory(parent.pid) < 100
        assert 100 < peak_of_all(parent.pid) < 300
        parent.stdin.write("\n")
        parent.stdin.close()
