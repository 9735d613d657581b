"""Clients that wait for an instance."""

import threading
from collections.abc import Callable
from typing import override

from durabletask.testing.in_memory_backend import InMemoryOrchestrationBackend, OrchestrationInstance

_AT_ONCE = 0.001


class Waits(InMemoryOrchestrationBackend):
    """A backend that waits as long as its client does. The original ends a wait without a deadline after 30 seconds."""

    @override
    def _wait_for_state(
        self, instance_id: str, predicate: Callable[[OrchestrationInstance], bool], timeout: float | None
    ) -> OrchestrationInstance | None:
        limit = threading.TIMEOUT_MAX if timeout is None else max(timeout, _AT_ONCE)
        return super()._wait_for_state(instance_id, predicate, limit)
