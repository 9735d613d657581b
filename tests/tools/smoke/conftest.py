"""What the tests of the smoke check share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.app import App, serving
from tests.tools.smoke.world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> World:
    monkeypatch.setenv("FRESHCOAT_KEY", "fck_test")
    monkeypatch.setenv("FRESHCOAT_CONFIG_DIR", str(tmp_path))
    return World()


@pytest.fixture
def app(world: World) -> Iterator[App]:
    with serving(world.answer) as app:
        yield app
