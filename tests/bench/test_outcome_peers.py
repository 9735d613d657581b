"""Each model of a peer behaves as documented, on small pools."""

from __future__ import annotations

import pytest

from bench.outcome import horizon, replacer, scale_set, session_host_update, workspot
from bench.outcome.copies import hours
from bench.outcome.hosts import Spread
from bench.outcome.people import HOUR, START
from tests.bench.small_pools import HOSTS, MINUTE, PEOPLE, out, small, watched


def test_session_host_update_updates_one_host_then_batches_by_name_and_warns_before_signing_out() -> None:
    chosen = session_host_update.Chosen(starts=1, batch=3, minutes=30)
    pool, done = small("shift"), list[str]()
    for _ in watched(pool, session_host_update.SessionHostUpdate(chosen)):
        if pool.now < START + HOUR:
            assert not pool.warned and all(host.accepting for host in pool.hosts)
        busy = [host for host in pool.hosts if not host.accepting]
        assert len(busy) <= (1 if pool.old == HOSTS else 3)
        done += [host.name for host in pool.hosts if host.new and host.name not in done]
    assert [sorted(done[:1]), sorted(done[1:4]), sorted(done[4:7])] == [
        ["host-0000"],
        ["host-0001", "host-0002", "host-0003"],
        ["host-0004", "host-0005", "host-0006"],
    ]
    assert pool.first_forced >= START + HOUR + 30 * MINUTE
    assert pool.forced + pool.warned_in_vain == pool.warned > 0


def test_session_host_update_directs_new_sessions_to_updated_hosts() -> None:
    pool = small("shift", limit=PEOPLE)
    session_host_update.SessionHostUpdate(session_host_update.Chosen(starts=2.5, batch=3)).begin(pool)
    while pool.old == HOSTS:
        pool.run(pool.now + MINUTE)
    before = pool.numbers
    on_old = {person for host in pool.hosts if not host.new for person in host.people}
    pool.run(START + 4.5 * HOUR)  # over the handover
    assert pool.old == HOSTS - 1
    assert pool.numbers > before
    assert {person for host in pool.hosts if not host.new for person in host.people} <= on_old


def test_the_rolling_upgrade_updates_a_fifth_at_a_time_without_warning_and_signs_users_out() -> None:
    pool = small()
    for _ in watched(pool, scale_set.RollingUpgrade(scale_set.Chosen(percent=20))):
        assert len(out(pool)) <= 2
    assert pool.warned == 0
    assert pool.forced > PEOPLE // 2
    assert hours(pool.now) < 5


@pytest.mark.parametrize("surge", [False, True])
def test_a_batch_of_a_rolling_upgrade_signs_nobody_out_twice(surge: bool) -> None:
    pool = small()
    first = pool.hosts[:2]
    scale_set.RollingUpgrade(scale_set.Chosen(percent=20, surge=surge)).begin(pool)
    while pool.forced == 0:
        people = sum(len(host.people) for host in first)
        pool.run(pool.now + 1)
    assert pool.forced == people


def test_with_surge_no_old_instance_is_deleted_before_its_successor_exists() -> None:
    pool = small()
    for _ in watched(pool, scale_set.RollingUpgrade(scale_set.Chosen(percent=20, surge=True))):
        assert HOSTS <= sum(host.there for host in pool.hosts) <= HOSTS + 2
    assert len(pool.hosts) == HOSTS
    assert pool.turned_away == []


def test_the_replacer_runs_hourly_deploys_first_and_respects_its_buffer() -> None:
    chosen = replacer.Chosen(buffer=3, grace=24)
    pool, names = small(), list[list[str]]()
    for _ in watched(pool, replacer.SessionHostReplacer(chosen)):
        assert HOSTS <= len(pool.hosts) <= HOSTS + 3
        names.append([host.name for host in pool.hosts if not host.new])
        if len(names) > 1 and names[-1] != names[-2]:
            assert (pool.now - START) % HOUR <= MINUTE
    assert pool.forced == 0
    assert pool.warned == pool.warned_in_vain > 0
    assert pool.most_hosts == HOSTS + 3


def test_the_replacer_deletes_an_empty_host_at_once_and_a_busy_one_after_the_grace_hours() -> None:
    pool = small("shift")
    replacer.SessionHostReplacer(replacer.Chosen(buffer=HOSTS, grace=2)).begin(pool)
    pool.run(START + HOUR)  # deployed at 10:00, drained and deleted at 11:00
    old = [host for host in pool.hosts if not host.new]
    assert old and all(host.people and not host.accepting for host in old)
    assert pool.forced == 0
    pool.run(START + 3 * HOUR + MINUTE)
    assert pool.forced == 0  # two hours are not over by the clock of the drain
    pool.run(START + 4 * HOUR)
    assert pool.old == 0
    assert pool.forced > 0


@pytest.mark.parametrize("drains", [False, True])
@pytest.mark.parametrize("minimum", [0, 4])
def test_horizon_wait_neither_warns_nor_signs_out_and_keeps_the_minimum(minimum: int, drains: bool) -> None:
    pool = small("shift")
    for _ in watched(pool, horizon.PushWait(horizon.Waiting(minimum, drains=drains))):
        assert sum(host.accepting for host in pool.hosts) >= minimum
        assert all(host.accepting or host.people or not host.there for host in pool.hosts)
    assert (pool.forced, pool.warned) == (0, 0)


def test_horizon_force_waits_for_the_grace_and_keeps_the_minimum() -> None:
    pool = small()
    for _ in watched(pool, horizon.PushForce(horizon.Forcing(starts=1, minimum=5, minutes=15))):
        assert sum(host.accepting for host in pool.hosts) >= 5
    assert pool.first_forced == START + HOUR + 15 * MINUTE
    assert pool.forced + pool.warned_in_vain == pool.warned


def test_workspot_updates_idle_hosts_at_once_others_when_empty_and_the_rest_at_the_deadline() -> None:
    pool = small("shift", Spread.DEPTH)
    idle = sum(host.idle for host in pool.hosts)
    for _ in watched(pool, workspot.OnLogOff(workspot.Chosen(deadline=20))):
        if pool.now == START:
            assert len(out(pool)) == idle > 0
        assert all(host.accepting or not host.there for host in pool.hosts)
        assert pool.forced == 0 or pool.now >= START + 20 * HOUR
    assert pool.first_forced == START + 20 * HOUR
    assert pool.warned == 0
    assert pool.old == 0
