"""How a task goes through its pools, as a pure function of how far each has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import RolloutState
from shared.core.wording import state_text
from shared.models.policy import ScheduleMode
from shared.models.rollouts import Schedule
from shared.planning.rings import PoolProgress, RingAction, next_ring, schedule_for_ring
from tests.fixtures.builders import NOON

S = RolloutState
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
ended = st.integers(-300, 0).map(lambda minutes: NOON + timedelta(minutes=minutes))
standings = st.lists(
    st.builds(
        PoolProgress,
        pool=st.text("abcdef", min_size=1, max_size=6),
        ring=st.integers(0, 9),
        state=st.none() | st.sampled_from(S) | st.just(S.SUCCEEDED),
        ended_at=ended,
    ),
    max_size=8,
    unique_by=lambda standing: standing.pool,
)
minutes = st.integers(0, 500).map(lambda number: timedelta(minutes=number))
gates = st.frozensets(st.integers(0, 9))


def standing(pool: str, ring: int, state: RolloutState | None = None, ended: int = 0) -> PoolProgress:
    return PoolProgress(pool, ring, state, NOON + timedelta(minutes=ended) if state and state.ended else None)


@given(standings, minutes, minutes, gates)
def test_a_ring_starts_only_after_earlier_rings_succeeded_and_soaked_and_its_approval(
    pools: list[PoolProgress], soak: timedelta, since: timedelta, closed: frozenset[int]
) -> None:
    now = NOON + since
    move = next_ring(pools, soak, now, closed)
    if move.move is not RingAction.BEGIN:
        return
    assert move.ring is not None
    earlier = [pool for pool in pools if pool.ring < move.ring]
    assert all(pool.state is S.SUCCEEDED for pool in earlier)
    last = [pool for pool in earlier if pool.ring == max(one.ring for one in earlier)]
    assert all(now >= (pool.ended_at or now) + soak for pool in last)
    assert move.ring not in closed
    ring = [pool for pool in pools if pool.ring == move.ring]
    assert not any(pool.unsuccessful for pool in ring)
    assert set(move.pools) == {pool.pool for pool in ring if pool.state is None}
    assert move.first == (not earlier)


@given(standings, minutes, minutes, gates, st.randoms())
def test_the_order_of_the_pools_does_not_matter(
    pools: list[PoolProgress], soak: timedelta, since: timedelta, closed: frozenset[int], r
) -> None:  # type: ignore[no-untyped-def]
    shuffled = pools[:]
    r.shuffle(shuffled)
    assert next_ring(pools, soak, NOON + since, closed) == next_ring(shuffled, soak, NOON + since, closed)


@given(standings, minutes, gates)
def test_an_update_succeeds_only_when_every_pool_succeeded(
    pools: list[PoolProgress], soak: timedelta, closed: frozenset[int]
) -> None:
    succeeded = all(pool.state is S.SUCCEEDED for pool in pools)
    assert (next_ring(pools, soak, NOON + timedelta(days=2), closed).move is RingAction.DONE) == succeeded


@given(standings, minutes, minutes, gates)
def test_waiting_pools_give_a_reason_and_only_the_next_ring_waits_for_approval(
    pools: list[PoolProgress], soak: timedelta, since: timedelta, closed: frozenset[int]
) -> None:
    move = next_ring(pools, soak, NOON + since, closed)
    if move.move is RingAction.WAIT:
        assert move.reason.text
    if move.gate:
        assert move.ring in closed
        assert all(pool.state is S.SUCCEEDED for pool in pools if move.ring is not None and pool.ring < move.ring)
    if move.until:
        assert move.until > NOON + since


@given(standings, minutes, gates)
def test_an_update_stops_only_when_no_pool_of_the_ring_runs(
    pools: list[PoolProgress], soak: timedelta, closed: frozenset[int]
) -> None:
    move = next_ring(pools, soak, NOON + timedelta(days=2), closed)
    if move.move is RingAction.STOP:
        ring = [pool for pool in pools if pool.ring == move.ring]
        assert all(pool.state is None or pool.state.ended for pool in ring)
        assert set(move.pools) == {pool.pool for pool in ring if pool.unsuccessful}


@pytest.mark.parametrize("state", [S.FAILED, S.CANCELLED, S.ROLLED_BACK])
def test_a_pool_that_has_not_succeeded_stops_later_rings(state: RolloutState) -> None:
    later = standing("office", 7)
    move = next_ring([standing("lab", 3, state), later], timedelta(), NOON + timedelta(days=9))
    assert (move.move, move.pools, move.ring) == (RingAction.STOP, ("lab",), 3)
    others = [standing("lab", 3, state), standing("den", 3, S.ROLLING_BACK), standing("hut", 3), later]
    move = next_ring(others, timedelta(), NOON)
    assert (move.move, move.stopping) == (RingAction.WAIT, True)
    stopped = f"1 pool of ring 3 did not succeed: lab ({state_text(state)}). No other rollout is started."
    assert move.reason.text == f"{stopped} Ring 3: 1 of 3 pools finished."


def test_pools_waiting_for_approval_are_named() -> None:
    pools = [standing("lab", 0, S.AWAITING_APPROVAL), standing("den", 0, S.PAUSED), standing("hut", 0, S.RUNNING)]
    text = next_ring(pools, timedelta(), NOON).reason.text
    assert "lab waits for approval" in text
    assert "den is paused" in text
    assert "hut" not in text


def test_a_soak_is_awaited_only_before_another_ring() -> None:
    soak = timedelta(hours=1)
    lab = standing("lab", 0, S.SUCCEEDED, ended=10)
    assert next_ring([lab], soak, NOON + timedelta(minutes=11)).move is RingAction.DONE
    both = [lab, standing("office", 9)]
    waiting = next_ring(both, soak, NOON + timedelta(minutes=69))
    assert (waiting.move, waiting.until) == (RingAction.WAIT, NOON + timedelta(minutes=70))
    assert next_ring(both, soak, NOON + timedelta(minutes=70)).move is RingAction.BEGIN


def test_an_approval_may_come_during_the_soak_and_is_required_after_it() -> None:
    soak, closed = timedelta(hours=1), frozenset({5})
    both = [standing("lab", 0, S.SUCCEEDED), standing("office", 5)]
    during, after = NOON + timedelta(minutes=30), NOON + timedelta(days=30)
    waiting = next_ring(both, soak, during, closed)
    assert (waiting.move, waiting.gate, waiting.until) == (RingAction.WAIT, True, NOON + soak)
    assert waiting.reason.text == "Ring 0 is finished. Ring 5 waits for approval."
    opened = next_ring(both, soak, during)
    assert (opened.move, opened.gate, opened.until) == (RingAction.WAIT, False, NOON + soak)
    held = next_ring(both, soak, after, closed)
    assert (held.move, held.gate, held.until) == (RingAction.WAIT, True, None)
    assert next_ring(both, soak, after).move is RingAction.BEGIN


def schedule(mode: ScheduleMode, begin: datetime, hours: int = 0, zone: str = "UTC") -> Schedule:
    return Schedule(mode=mode, begin_at=begin, force_at=begin + timedelta(hours=hours), time_zone=zone)


@given(moments, moments, st.integers(1, 72), st.booleans(), st.sampled_from(ScheduleMode), st.sampled_from(ZONES))
def test_no_ring_gets_times_in_the_past(
    begin: datetime, now: datetime, hours: int, first: bool, mode: ScheduleMode, zone: str
) -> None:
    asked = schedule(mode, begin, hours if mode is ScheduleMode.ON_LOGOFF else 0, zone)
    ring = schedule_for_ring(asked, now, first=first)
    assert now <= ring.begin_at <= ring.force_at
    assert ring.mode is mode
    if mode is ScheduleMode.AT and begin < now:
        assert ring.begin_at - now <= timedelta(days=1, hours=2)
        local = [moment.astimezone(ZoneInfo(zone)) for moment in (begin, ring.begin_at)]
        if _exists_once(local[1]):
            assert local[0].time() == local[1].time() or not _exists_that_day(local[0], local[1])


def _exists_once(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset()


def _exists_that_day(wanted: datetime, day: datetime) -> bool:
    moved = day.replace(hour=wanted.hour, minute=wanted.minute, second=wanted.second, microsecond=wanted.microsecond)
    return moved.astimezone(UTC).astimezone(moved.tzinfo).replace(fold=0) == moved.replace(fold=0)


@given(moments, st.lists(st.integers(0, 5_000), min_size=2, max_size=4), st.integers(1, 48))
def test_users_of_every_ring_get_the_same_time(begin: datetime, starts: list[int], hours: int) -> None:
    asked = schedule(ScheduleMode.ON_LOGOFF, begin, hours)
    rings = [
        schedule_for_ring(asked, begin + timedelta(minutes=at), first=number == 0 and at == 0)
        for number, at in enumerate(sorted(starts))
    ]
    lengths = {ring.force_at - ring.begin_at for ring in rings}
    assert lengths == {timedelta(hours=hours)}
    assert all(one.begin_at <= two.begin_at for one, two in pairwise(rings))


def test_the_first_ring_keeps_the_requested_deadline() -> None:
    asked = schedule(ScheduleMode.ON_LOGOFF, NOON, 4)
    late = NOON + timedelta(hours=1)
    assert schedule_for_ring(asked, late, first=True).force_at == asked.force_at
    assert schedule_for_ring(asked, late, first=False).force_at == late + timedelta(hours=4)
    days_late = NOON + timedelta(days=3)
    assert schedule_for_ring(asked, days_late, first=True).force_at == days_late + timedelta(hours=4)
