"""Readers get what has changed since their mark: exactly from one worker, a little more from another, never less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from shared.caches.seen_rows import Changes, SeenRowsCache
from shared.models.rollouts import RolloutHost

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def row(host: str, etag: str = "1") -> RolloutHost:
    return RolloutHost(rollout="r", host=host, vm_id=f"/{host}", etag=etag)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def names(changes: Changes) -> tuple[list[str], list[str], bool]:
    return [one.host for one in changes.rows], list(changes.removed), changes.whole


def test_a_state_keeps_its_mark_and_moment_while_nothing_changes() -> None:
    cache = SeenRowsCache()
    first = cache.note("r", [row("b"), row("a")], "x", at(0))
    again = cache.note("r", [row("a"), row("b")], "x", at(5))
    assert (again.mark, again.as_of) == (first.mark, START)
    assert [one.host for one in again.rows] == ["a", "b"]
    assert names(again.since(first.mark)) == ([], [], False)


def test_what_was_written_added_and_removed_is_told() -> None:
    cache = SeenRowsCache()
    first = cache.note("r", [row("a"), row("b"), row("c")], "x", at(0))
    second = cache.note("r", [row("a"), row("b", "2"), row("d")], "x", at(2))
    assert names(second.since(first.mark)) == (["b", "d"], ["c"], False)
    third = cache.note("r", [row("a"), row("b", "2"), row("c", "3"), row("d")], "x", at(4))
    assert names(third.since(second.mark)) == (["c"], [], False)
    assert names(third.since(first.mark)) == (["b", "c", "d"], [], False)
    assert third.as_of == at(4)


def test_all_rows_have_changed_when_the_rollout_turns() -> None:
    cache = SeenRowsCache()
    first = cache.note("r", [row("a"), row("b")], "running", at(0))
    second = cache.note("r", [row("a"), row("b")], "rolling_back", at(1))
    assert names(second.since(first.mark)) == (["a", "b"], [], False)


@pytest.mark.parametrize("mark", ["", "nonsense", f"{'0' * 16}-{'0' * 8}-1", f"{'0' * 16}-{'0' * 8}-{10**13}"])
def test_a_strange_mark_is_answered_with_all(mark: str) -> None:
    seen = SeenRowsCache().note("r", [row("a")], "x", at(0))
    assert names(seen.since(mark)) == (["a"], [], True)


def test_another_workers_mark_counts_by_its_moment() -> None:
    mine, other = SeenRowsCache(), SeenRowsCache()
    rows = [row("a"), row("b")]
    mine.note("r", rows, "x", at(0))
    theirs = other.note("r", rows, "x", at(30))
    seen = mine.note("r", [row("a"), row("b", "2")], "x", at(31))
    assert names(seen.since(theirs.mark)) == (["b"], [], False)
    cold = SeenRowsCache().note("r", [row("a"), row("b", "2")], "x", at(32))
    assert names(cold.since(theirs.mark))[2], "it cannot know what was removed before it began"


def test_another_workers_mark_of_the_same_state_is_answered_with_nothing() -> None:
    rows = [row("a"), row("b")]
    theirs = SeenRowsCache().note("r", rows, "x", at(0))
    for later in (-60, 5, 3_600):
        mine = SeenRowsCache().note("r", rows, "x", at(later))
        assert mine.mark != theirs.mark
        assert names(mine.since(theirs.mark)) == ([], [], False)
    turned = SeenRowsCache().note("r", rows, "rolling back", at(5))
    assert len(turned.since(theirs.mark).rows) == 2, "each is shown otherwise now"


def test_a_host_that_this_worker_never_saw_is_not_kept() -> None:
    """It came and went between two reads of this worker, and another one has shown it."""
    mine, other = SeenRowsCache(), SeenRowsCache()
    mine.note("r", [row("a")], "x", at(0))
    theirs = other.note("r", [row("a"), row("b")], "x", at(60))
    seen = mine.note("r", [row("a")], "x", at(61))
    assert names(seen.since(theirs.mark)) == (["a"], [], True)


def test_the_same_state_at_the_same_moment_has_one_mark_in_all_workers() -> None:
    marks = {SeenRowsCache().note("r", [row("a")], "x", at(0)).mark for _ in range(3)}
    assert len(marks) == 1


def test_names_that_are_not_remembered_any_more_are_answered_with_all() -> None:
    cache = SeenRowsCache()
    first = cache.note("r", [row("a"), row("b")], "x", at(0))
    for number in range(20):
        seen = cache.note("r", [row("a"), row(f"c{number}")], "x", at(number))
    assert names(seen.since(first.mark)) == (["a", "c19"], [], True)


@pytest.mark.parametrize("seed", range(20))
def test_readers_of_changing_workers_end_up_with_what_is_there(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    workers, stored, number = [SeenRowsCache(), SeenRowsCache()], {}, 0
    have: dict[str, str] = {}
    mark = ""
    for step in range(200):
        for _ in range(random.randrange(4)):
            number += 1
            host = f"h{random.randrange(30)}"
            if random.random() < 0.2:
                stored.pop(host, None)
            else:
                stored[host] = row(host, str(number))
        seen = random.choice(workers).note("r", stored.values(), "x", at(step * 2 + random.uniform(-2, 2)))
        changes = seen.since(mark) if mark else Changes(seen.rows, whole=True)
        if changes.whole:
            have = {}
        have |= {one.host: one.etag or "" for one in changes.rows}
        for host in changes.removed:
            have.pop(host, None)
        mark = seen.mark
        assert have == {host: one.etag for host, one in stored.items()}, step
