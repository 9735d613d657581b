"""One stack for all runs of a test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack.processes import bypass_proxies
from tests.chaos.stack import ChaosStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosStack]:
    """Two function hosts on the same tables. Each run has a pool of its own."""
    bypass_proxies()
    with ChaosStack(tmp_path_factory.mktemp("chaos")) as running:
        yield running
