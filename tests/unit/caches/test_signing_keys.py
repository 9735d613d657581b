"""The keys that Entra ID signs with: read behind the requests, kept, and never waited for once known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.caches.signing_keys import READ_AGAIN, UNKNOWN_AGAIN, SigningKeys
from shared.core.errors import AzureBusy
from tests.fixtures.tokens import published


class Entra:
    """What Entra ID publishes now, and how often it was read."""

    def __init__(self, *names: str) -> None:
        self.names, self.reads, self.down = names, 0, False

    def read(self) -> list[dict[str, Any]]:
        """The key set."""
        self.reads += 1
        if self.down:
            raise AzureBusy("read", None, "Down", "no connection")
        return published(*self.names)


class Behind:
    """Work that is to run behind a request, and runs when the test says so."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def run(self) -> None:
        """Run it."""
        while self.work:
            self.work.pop()()


def cache(entra: Entra) -> tuple[SigningKeys, Behind, list[float]]:
    clock, behind = [1_000.0], Behind()
    return SigningKeys(entra.read, lambda: clock[0], behind), behind, clock


def test_the_first_request_reads_the_keys_and_the_others_do_not() -> None:
    entra = Entra("k1")
    keys, behind, _ = cache(entra)
    assert keys.find("k1") is not None
    assert keys.find("k1") is not None
    assert (entra.reads, behind.work) == (1, [])


def test_keys_read_before_the_first_request_are_there() -> None:
    entra = Entra("k1")
    keys, behind, _ = cache(entra)
    keys.warm_up()
    behind.run()
    assert keys.find("k1") is not None
    assert entra.reads == 1


def test_an_unknown_key_is_refused_at_once_and_read_behind() -> None:
    entra = Entra("k1")
    keys, behind, clock = cache(entra)
    keys.find("k1")
    clock[0] += UNKNOWN_AGAIN
    entra.names = ("k1", "k2")
    assert keys.find("k2") is None
    behind.run()
    assert keys.find("k2") is not None


def test_fifty_unknown_keys_cost_one_read() -> None:
    entra = Entra("k1")
    keys, behind, clock = cache(entra)
    keys.find("k1")
    clock[0] += UNKNOWN_AGAIN
    assert [keys.find(f"x{number}") for number in range(50)] == [None] * 50
    behind.run()
    assert entra.reads == 2


def test_no_thread_waits_while_keys_are_read_again() -> None:
    """Fifty requests with unknown keys are all answered while the read hangs."""
    entra, hangs = Entra("k1"), threading.Event()
    clock = [1_000.0]
    keys = SigningKeys(entra.read, lambda: clock[0])
    keys.find("k1")
    read = entra.read

    def hang() -> list[dict[str, Any]]:
        hangs.wait(20)
        return read()

    keys._read = hang
    clock[0] += UNKNOWN_AGAIN
    began = time.monotonic()
    asking = [threading.Thread(target=keys.find, args=(f"x{number}",)) for number in range(50)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(10)
    took = time.monotonic() - began
    hangs.set()
    assert not any(thread.is_alive() for thread in asking)
    assert took < 5


def test_old_keys_count_while_they_are_read_again_and_when_that_fails() -> None:
    entra = Entra("k1")
    keys, behind, clock = cache(entra)
    keys.find("k1")
    clock[0] += READ_AGAIN
    entra.down = True
    assert keys.find("k1") is not None
    behind.run()
    assert keys.find("k1") is not None
    assert entra.reads == 2


def test_an_empty_key_set_does_not_lock_everybody_out() -> None:
    entra = Entra("k1")
    keys, behind, clock = cache(entra)
    keys.find("k1")
    clock[0] += READ_AGAIN
    entra.names = ()
    keys.find("k1")
    behind.run()
    assert keys.find("k1") is not None


def test_without_any_key_a_request_is_told_to_come_again() -> None:
    entra = Entra()
    keys, _, clock = cache(entra)
    with pytest.raises(AzureBusy) as busy:
        keys.find("k1")
    assert busy.value.retry_after
    entra.names = ("k1",)
    with pytest.raises(AzureBusy):  # the next read is not at once
        keys.find("k1")
    assert entra.reads == 1
    clock[0] += 10
    assert keys.find("k1") is not None


def test_keys_of_another_kind_are_passed_over() -> None:
    odd: list[dict[str, Any]] = [{"kid": "e1", "kty": "EC", "use": "sig"}, {"kid": "k9", "kty": "RSA", "n": "!"}, {}]
    encrypts = [{**published("k3")[0], "use": "enc"}]
    keys = SigningKeys(lambda: [*odd, *encrypts, *published("k1")], lambda: 0.0, behind=lambda _: None)
    assert [keys.find(kid) is not None for kid in ("e1", "k9", "k3", "k1")] == [False, False, False, True]
