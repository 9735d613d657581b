"""Fixtures every test can use."""

import gc
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.fixtures.azurite import azurite, table_settings, tables

settings.register_profile("freshcoat", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("freshcoat")

__all__ = ["azurite", "table_settings", "tables"]

_PROMISES = "promises: "

SECONDS = {"tests/chaos/": 170, "tests/promises/": 90, "tests/console/": 50, "tests/scenarios/": 9, "tests/": 3}
"""About how long a file of a folder takes. The longest start first, so that none of them runs alone at the end."""

WAITING = ("tests/tools/stack/", "tests/docs/test_commands_", "tests/end_to_end/", "tests/browser/")
"""Files whose tests mostly wait for other processes, those of the longest tests first. They run side by side with those
that use the cores, until LEFT_ALONE of these are left, so that none of them still runs at the end."""

LEFT_ALONE = 0.2
_MANY = 1_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first, and those that wait all along with those that use the cores."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [file for folder in WAITING for file in files if file.startswith(folder)]
    others = sorted((file for file in files if not file.startswith(WAITING)), key=lambda file: -_seconds(file))
    items[:] = [item for file in _side_by_side(waiting, others) for item in files[file]]


def _seconds(file: str) -> int:
    return next((seconds for folder, seconds in SECONDS.items() if file.startswith(folder)), 1)


def _side_by_side(waiting: list[str], others: list[str]) -> Iterator[str]:
    """The files of both lists, each in its order; the waiting ones evenly over the time that the others take."""
    end, gone = (1 - LEFT_ALONE) * sum(map(_seconds, others)), 0.0
    left = deque(waiting)
    for file in others:
        while left and gone * len(waiting) >= (len(waiting) - len(left)) * end:
            yield left.popleft()
        yield file
        gone += _seconds(file)
    yield from left


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what was imported and collected out of each search for garbage: with all tests these are millions."""
    if len(session.items) > _MANY:
        gc.collect()
        gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the counts of the runs under `tests/promises`, added up over all worker processes."""
    counts: Counter[str] = Counter()
    began, ended = [], []
    for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", []):
        found = {n.removeprefix(_PROMISES): number for n, number in report.user_properties if n.startswith(_PROMISES)}
        if report.when == "call" and found:
            began.append(found.pop("began"))
            ended.append(found.pop("ended"))
            counts.update(found)
    if counts:
        text = ", ".join(f"{name} {number:g}" for name, number in sorted(counts.items()))
        runs, seconds = counts["runs"], max(ended) - min(began)
        terminalreporter.write_line(f"promises held in {runs} runs, side by side in {seconds:.0f} s: {text}")
