"""Fixtures every test can use."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import settings

from tests.fixtures.azurite import azurite, table_settings, tables

settings.register_profile("freshcoat", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("freshcoat")

__all__ = ["azurite", "table_settings", "tables"]

_PROMISES = "promises: "

LONGEST_FIRST = (
    "tests/chaos/",
    "tests/promises/",
    "tests/end_to_end/",
    "tests/browser/",
    "tests/tools/stack/",
    "tests/docs/test_commands_",
)
"""Files with few but long tests. They start first, so that none of them still runs alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first; among them, those that wait for processes before those that use the cores."""
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in LONGEST_FIRST])


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
