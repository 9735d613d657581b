"""Posts the guests' logoff events without retries, as the guests' scheduled task does; failures are only counted."""

import json
import urllib.error
import urllib.request
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from local.sim.core.simulator import Sim

WORKERS = 4
TIMEOUT_SECONDS = 5.0


class LogoffOutbox:
    """Posts queued logoff events on worker threads."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="logoff-event")
        self._outcomes: deque[bool] = deque()  # filled by worker threads, counted on the event loop

    def post_all(self) -> None:
        """Count the finished posts, and post all queued events."""
        while self._outcomes:
            self._sim.world.count("events_posted" if self._outcomes.popleft() else "events_failed")
        while self._sim.outbox:
            event = self._sim.outbox.popleft()
            future = self._pool.submit(_post, self._sim.options.events_url, json.dumps(event).encode())
            future.add_done_callback(self._note)

    def _note(self, future: Future[bool]) -> None:
        self._outcomes.append(not future.cancelled() and future.exception() is None and future.result())

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _post(url: str, body: bytes) -> bool:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - the operator's own URL
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError):
        return False
