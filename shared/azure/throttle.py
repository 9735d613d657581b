"""ARM's remaining write quota, remembered from the headers of all answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from shared.core.arm_ids import subscription_in_url, subscription_of

FRESH = 30.0
"""How long (seconds) a value counts. The quota of 200 writes refills by 10 a second (azure-facts 5)."""

_WRITES = "x-ms-ratelimit-remaining-subscription-writes"


class WritesLeft(SansIOHTTPPolicy[Any, Any]):
    """A pipeline policy that records the remaining writes per subscription. Safe to share between threads.

    ARM sends the header only with answers to writes, and may omit it. `clock` returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = Lock()
        self._said: dict[str, tuple[float, int]] = {}

    def anew(self) -> WritesLeft:
        """A record for another identity: its limits are its own."""
        return WritesLeft(self._clock)

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Record the value of this answer, also of an error: a 429 says that no writes are left."""
        left = str(response.http_response.headers.get(_WRITES) or "")
        subscription = subscription_in_url(str(request.http_request.url))
        if not subscription or not left.isdecimal():
            return
        with self._lock:
            self._said[subscription] = (self._clock(), int(left))

    def reserve(self, subscription: str, writes: int) -> None:
        """Subtract writes that are about to be sent, so that no other caller plans with them. ARM's next answer
        corrects the number."""
        with self._lock:
            said = self._said.get(subscription.lower())
            if said is not None:
                self._said[subscription.lower()] = (said[0], max(0, said[1] - writes))

    def left(self, subscription: str) -> int | None:
        """Remaining writes as of the last answer. None when that was more than 30 s ago, or never."""
        with self._lock:
            at, left = self._said.get(subscription.lower(), (0.0, None))
            return left if left is not None and self._clock() - at <= FRESH else None


class AzureArmBudget:
    """The `ArmBudget` port over the values that the clients recorded: `writes` finds those for a resource."""

    def __init__(self, writes: Callable[[str], WritesLeft]) -> None:
        self._writes = writes

    def writes_left(self, host_pool_id: str) -> int | None:
        """As of ARM's last answer to this worker. Calls of other workers show in the next answer."""
        return self._writes(host_pool_id).left(subscription_of(host_pool_id))

    def reserve_writes(self, host_pool_id: str, writes: int) -> None:
        """Kept in this worker's memory until ARM's next answer."""
        self._writes(host_pool_id).reserve(subscription_of(host_pool_id), writes)
