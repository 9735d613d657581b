"""Work that many ask for at once is done once, and nobody waits long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.core.errors import AzureBusy
from shared.core.single_flight import SingleFlight
from tests.tools.local_host.running import eventually


def test_who_asks_meanwhile_gets_the_same_result() -> None:
    flight, go, done = SingleFlight(), threading.Event(), []

    def work() -> int:
        go.wait(5)
        done.append(1)
        return 7

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(flight.run, "key", work) for _ in range(8)]
        eventually(lambda: flight.has("key"))
        time.sleep(0.1)
        go.set()
        assert [answer.result(5) for answer in asked] == [7] * 8
    assert len(done) == 1
    assert not flight.has("key")


def test_nobody_waits_long_for_work_that_hangs() -> None:
    flight, go = SingleFlight(longest_wait=0.05), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(flight.run, "key", lambda: go.wait(5))
        eventually(lambda: flight.has("key"))
        assert flight.run("other", lambda: 1) == 1
        with pytest.raises(AzureBusy) as busy:
            flight.run("key", lambda: True)
        assert busy.value.retry_after
        go.set()
        hanging.result(5)


def test_an_error_is_everybodys_and_not_kept() -> None:
    flight = SingleFlight()

    def fails() -> int:
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        flight.run("key", fails)
    assert flight.run("key", lambda: 3) == 3
