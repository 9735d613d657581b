"""Each host that is used gets fresh once a day: from midnight in the pool's zone, over a change of the clocks too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.core.states import HostState
from tests.fixtures.scenarios.refresh import EAGER, Office, assert_fresh, office

FRIDAY = datetime(2026, 10, 23, 7, tzinfo=UTC)
"""Nine in the morning in Berlin; on the night to Sunday the clocks go back there."""
MIDNIGHTS = [
    datetime(2026, 10, 23, 22, tzinfo=UTC),
    datetime(2026, 10, 24, 22, tzinfo=UTC),
    datetime(2026, 10, 25, 23, tzinfo=UTC),
]


def begun(pool: Office) -> list[datetime]:
    """The moments at which a host was rebuilt, from now on."""
    moments: list[datetime] = []
    pool.env.each_step.append(lambda: moments.extend([pool.app.now] * (pool.rebuilt() - len(moments))))
    return moments


def test_a_host_used_daily_is_refreshed_after_each_local_midnight() -> None:
    pool = office(0, 0, refresh="daily", now=FRIDAY, timers=False, policy={"poll_seconds": 300, **EAGER})
    moments = begun(pool)
    for midnight in MIDNIGHTS:
        for _ in range(2):
            pool.use("host-01", minutes=20)
            pool.hours(1)
        pool.until(midnight + timedelta(hours=3))
        assert_fresh(pool, "host-01")
    assert len(moments) == 3
    for midnight, moment in zip(MIDNIGHTS, moments, strict=True):
        assert midnight <= moment < midnight + timedelta(minutes=20)
    assert pool.rebuilt("host-02") == 0


def test_a_busy_host_is_drained_at_the_end_of_its_day_and_refreshed_when_its_users_leave() -> None:
    policy = {"min_available": 1, "max_unavailable": "100%"}
    pool = office(1, 2, 3, refresh="daily", now=FRIDAY, timers=False, session_limit=10, policy=policy)
    pool.until(MIDNIGHTS[0] - timedelta(minutes=1))
    assert all(host.accepting for host in pool.hosts.values())
    pool.minutes(10)
    drained = {name for name, host in pool.hosts.items() if not host.accepting}
    assert drained == {"host-01", "host-02"}, "fewest sessions first, as far as the floor allows"
    assert pool.rebuilt() == 0
    assert pool.world.count("sign_out") == 0
    pool.world.log_off("host-01")
    pool.hours(2)
    assert_fresh(pool, "host-01")
    pool.world.log_off("host-02")
    pool.world.log_off("host-03")
    pool.hours(3)
    assert_fresh(pool, "host-01", "host-02", "host-03")
    assert pool.rebuilt() == 3


def test_a_host_first_used_today_waits_until_tomorrow_even_across_a_restart() -> None:
    pool = office(0, 0, refresh="daily", now=FRIDAY, timers=False, policy=EAGER)
    pool.use("host-01")
    pool.env.die_at_call(5)
    pool.hours(6)
    assert pool.env.died == 1
    assert pool.rebuilt() == 0
    assert "today" in pool.rows["host-01"].reason.text
    pool.until(MIDNIGHTS[0] + timedelta(hours=1))
    assert pool.rows["host-01"].state is HostState.DONE
