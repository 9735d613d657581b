"""placeholder"""

from __future__ import annotations

import pytest

from shared.publishing import carry_out


@pytest.fixture(autouse=True)
def one_thing_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn must come out the same twice: the hands of a look work in order."""
    monkeypatch.setattr(carry_out, "CONCURRENCY", 1)
