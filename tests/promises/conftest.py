"""Runs of whole rollouts go through one thread: which call came first must not depend on luck."""

from __future__ import annotations

import pytest

from shared.rollouts.preflight import facts
from shared.rollouts.reconcile import execute
from tests.fixtures.sequential_executor import InOrder


@pytest.fixture(autouse=True)
def one_thing_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs in threads."""
    monkeypatch.setattr(execute, "ThreadPoolExecutor", InOrder)
    monkeypatch.setattr(facts, "ThreadPoolExecutor", InOrder)
