"""Readings of a moment ago: one for many who ask, never older than it may be, no error kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from shared.caches.read_through import ReadThroughCache
from tests.tools.local_host.running import eventually


class Source:
    """Something to be read, which counts how often it is. Its clock is set by hand."""

    def __init__(self) -> None:
        self.now, self.read = 0.0, 0
        self.recent = ReadThroughCache(lambda: self.now)

    def __call__(self) -> int:
        self.read += 1
        return self.read

    def get(self, age: float = 2.0, key: str = "key") -> int:
        return self.recent.get(key, age, self)

    def slowly(self, seconds: float) -> int:
        self.now += seconds
        return self()


def test_a_cached_read_is_used_until_it_is_too_old() -> None:
    source = Source()
    assert [source.get(), source.get()] == [1, 1]
    source.now = 1.9
    assert source.get() == 1
    source.now = 2.0
    assert source.get() == 2


def test_each_caller_gives_its_own_maximum_age_and_key() -> None:
    source = Source()
    source.get()
    source.now = 1.5
    assert source.get(age=5.0) == 1
    assert source.get(age=1.0) == 2
    assert source.get(key="another") == 3


def test_the_cache_can_be_asked_for_a_cached_value() -> None:
    source = Source()
    assert not source.recent.has("key", 2.0)
    source.get()
    source.now = 3.9
    assert source.recent.has("key", 2.0)
    assert not source.recent.has("key", 1.0)
    assert not ReadThroughCache().has("key", 2.0)


def test_a_read_that_grows_with_the_pool_is_kept_ten_times_its_duration() -> None:
    source = Source()
    for kept, grows in ((2.0, False), (15.0, True)):
        began = source.now
        first = source.recent.get("key", 2.0, lambda: source.slowly(1.5), grows=grows)
        source.now = began + kept - 0.1
        assert source.recent.get("key", 2.0, source, grows=grows) == first
        source.now = began + kept
        assert source.recent.get("key", 2.0, source) == first + 1
        source.now += 100


def test_without_a_clock_nothing_is_cached() -> None:
    source = Source()
    recent = ReadThroughCache()
    assert [recent.get("key", 60.0, source) for _ in range(3)] == [1, 2, 3]


def test_an_error_is_raised_and_not_cached() -> None:
    source = Source()

    def fails() -> int:
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        source.recent.get("key", 2.0, fails)
    assert source.get() == 1


def test_concurrent_callers_wait_for_one_read() -> None:
    source, reads, go = Source(), [0], threading.Event()

    def slow() -> int:
        reads[0] += 1
        go.wait(10)
        return 7

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(source.recent.get, "key", 2.0, slow) for _ in range(8)]
        go.set()
        assert [answer.result(10) for answer in asked] == [7] * 8
    assert reads == [1]


def test_during_a_refresh_others_get_the_cached_value_unless_it_is_far_too_old() -> None:
    source, reading, go = Source(), threading.Event(), threading.Event()

    def slow() -> int:
        reading.set()
        go.wait(10)
        return 7

    source.get()
    source.now = 3.0
    with ThreadPoolExecutor(2) as pool:
        anew = pool.submit(source.recent.get, "key", 2.0, slow)
        reading.wait(10)
        assert source.get() == 1
        source.now = 4.0
        waits = pool.submit(source.get)
        assert not wait([waits], 0.2).done
        go.set()
        assert (anew.result(10), waits.result(10)) == (7, 7)


def test_a_background_refresh_delays_nobody_unless_the_value_is_far_too_old() -> None:
    source = Source()

    def get() -> int:
        return source.recent.get("key", 2.0, source, behind=True)

    assert [get(), get()] == [1, 1]
    source.now = 3.0
    assert source.recent.has("key", 2.0)
    assert get() == 1
    eventually(lambda: source.read == 2)
    assert eventually(get, lambda found: found == 2) == 2
    source.now = 7.0
    assert not source.recent.has("key", 2.0)
    assert get() == 3


def test_an_error_of_a_background_refresh_is_not_cached_and_raised_later() -> None:
    source, tried = Source(), []

    def fails() -> int:
        tried.append(source.now)
        raise ValueError("away")

    source.get()
    source.now = 3.0
    assert source.recent.get("key", 2.0, fails, behind=True) == 1
    eventually(lambda: tried == [3.0])
    source.now = 4.0
    with pytest.raises(ValueError, match="away"):
        source.recent.get("key", 2.0, fails, behind=True)


def test_unused_entries_are_removed() -> None:
    source = Source()
    for number in range(5):
        source.get(key=str(number))
    source.now = 50.0
    source.get(key="4")
    source.now = 80.0
    source.get(key="last")
    assert set(source.recent._readings) == {"4", "last"}


def test_the_value_itself_may_say_how_long_it_is_used() -> None:
    source = Source()

    def get() -> int:
        return source.recent.get("key", lambda found: 100.0 * found, source)

    assert get() == 1
    source.now = 99.0
    assert get() == 1, "it was not dropped before"
    source.now = 100.0
    assert get() == 2
    source.now = 299.0
    assert get() == 2
    assert source.recent.has("key", lambda found: 200.0)


def test_what_somebody_has_read_for_themselves_is_used_like_any_other_value() -> None:
    source = Source()
    source.recent.keep("key", 7)
    source.now = 1.9
    assert source.get() == 7
    source.recent.keep("key", 8)
    source.now = 3.8
    assert source.get() == 8
    source.now = 3.9
    assert source.get() == 1
    without = ReadThroughCache()
    without.keep("key", 7)
    assert without.get("key", 2.0, source) == 2


def test_what_has_just_been_changed_is_read_again() -> None:
    source = Source()
    assert source.get() == 1
    source.recent.forget("key")
    source.recent.forget("nothing")
    assert source.get() == 2
