"""What ARM says is left of its limits, remembered from the answers to everything the app asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from shared.core.arm_ids import subscription_in_url

FRESH = 30.0
"""Seconds an answer counts. 200 writes are filled up by 10 a second (azure-facts 5): an older one says nothing."""

_WRITES = "x-ms-ratelimit-remaining-subscription-writes"


class WritesLeft(SansIOHTTPPolicy[Any, Any]):
    """A step of the pipelines that notes the writes left per subscription. Safe to share between threads.

    ARM sends the header with answers to writes only, and may leave it out. `clock` gives seconds from any start.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = Lock()
        self._said: dict[str, tuple[float, int]] = {}

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Note what this answer says, a refusal too: one with 429 says that none are left."""
        left = str(response.http_response.headers.get(_WRITES) or "")
        subscription = subscription_in_url(str(request.http_request.url))
        if not subscription or not left.isdecimal():
            return
        with self._lock:
            self._said[subscription] = (self._clock(), int(left))

    def reserve(self, subscription: str, writes: int) -> None:
        """Count writes that are about to be asked for as done: who else asks how many are left is not given the same
        ones. The next answer of ARM says how many are left in truth."""
        with self._lock:
            said = self._said.get(subscription.lower())
            if said is not None:
                self._said[subscription.lower()] = (said[0], max(0, said[1] - writes))

    def left(self, subscription: str) -> int | None:
        """Writes left as of the last answer that said so; None when that was more than 30 s ago, or never."""
        with self._lock:
            at, left = self._said.get(subscription.lower(), (0.0, None))
            return left if left is not None and self._clock() - at <= FRESH else None


class AzureArmBudget:
    """The `ArmBudget` port, over what the clients have heard."""

    def __init__(self, writes: WritesLeft) -> None:
        self._heard = writes

    def writes_left(self, subscription: str) -> int | None:
        """As ARM's last answer to this worker said; another worker's calls are seen in the next answer."""
        return self._heard.left(subscription)

    def reserve_writes(self, subscription: str, writes: int) -> None:
        """In this worker's memory, until ARM's next answer."""
        self._heard.reserve(subscription, writes)
