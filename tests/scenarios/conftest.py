"""Scenarios go through one thread: a process that dies at a call then dies at the same one each time, and soon.

What several threads do at once is tried in `tests/api`, and by the whole app in `tests/end_to_end` and `tests/chaos`.
"""

from __future__ import annotations

import pytest

from shared.fleet import preview as fleet_preview
from shared.fleet import request as fleet_request
from shared.images.activation import checks, preview, updates
from shared.records import session_hosts
from shared.rollouts.hosts import lost_pool
from shared.rollouts.preflight import facts
from shared.rollouts.reconcile import execute
from shared.views import images, pool_lists
from tests.fixtures.sequential_executor import InOrder

WITH_THREADS = (
    fleet_preview, fleet_request, checks, preview, updates, session_hosts, lost_pool, facts, execute, images, pool_lists
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_thing_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the product runs in threads."""
    for module in WITH_THREADS:
        monkeypatch.setattr(module, "ThreadPoolExecutor", InOrder)
