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

LONGEST_FIRST = ("tests/end_to_end/", "tests/stack/", "tests/promises/")
"""Files with few tests that each take long: begun last, one of them would still run when all else is through."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that mostly wait for processes, so that the others fill the cores meanwhile."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST_FIRST))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what the runs under `tests/promises` went through, in however many processes they ran."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", []):
        found = {name: number for name, number in report.user_properties if name.startswith(_PROMISES)}
        if report.when == "call":
            counts.update({name.removeprefix(_PROMISES): number for name, number in found.items()})
    if counts:
        told = ", ".join(f"{name} {number:g}" for name, number in sorted(counts.items()))
        terminalreporter.write_line(f"promises held in {counts.pop('runs', 0):g} runs: {told}")
