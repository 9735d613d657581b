"""The process dies at each call in turn while a used host is made fresh: nothing is repeated, nothing left undone."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import HostState
from tests.fixtures.scenarios.refresh import EAGER, Office, assert_fresh, office
from tests.fixtures.world.azure import vm_id_of

WAYS: dict[str, dict[str, Any]] = {
    "reimage": {"policy": {"strategy": "reimage", **EAGER}},
    "replace": {"policy": {"strategy": "replace", **EAGER}},
    "ephemeral": {"policy": EAGER, "ephemeral": True},
    "ephemeral_replace": {"policy": {"strategy": "replace", **EAGER}, "ephemeral": True},
}


def used(**how: Any) -> Office:
    """A pool in which somebody has just left a host that was used."""
    pool = office(1, 0, **how)
    pool.env.run(1, until=lambda: bool(pool.rows) and pool.rows["host-01"].use.used_at is not None)
    pool.world.log_off("host-01")
    return pool


def calls_it_takes(**how: Any) -> int:
    """Calls to Azure and writes of rows from the log-off until the host is in service again."""
    pool = used(**how)
    before = pool.env.calls
    pool.env.run(2, until=lambda: pool.rows["host-01"].state is HostState.DONE)
    return pool.env.calls - before


@pytest.mark.parametrize("way", WAYS)
def test_a_process_death_at_any_call_leads_to_one_rebuild(way: str) -> None:
    how, deaths = WAYS[way], 0
    for call in range(1, calls_it_takes(**how) + 1):
        pool = used(**how)
        pool.env.die_at_call(call)
        pool.env.run(5, until=lambda pool=pool: pool.rows["host-01"].state is HostState.DONE)  # type: ignore[misc]
        pool.minutes(3)
        deaths += pool.env.died
        assert_fresh(pool, "host-01")
        rebuilds = pool.world.count("start_reimage"), pool.world.count("start_delete"), pool.world.count("start_create")
        replaced = "replace" in way
        assert rebuilds == ((0, 1, 1) if replaced else (1, 0, 0)), f"died at call {call} of {way}: {rebuilds}"
        assert pool.world.count("start_join", vm_id_of("host-01")) >= 1
    assert deaths > 20


def test_two_uses_with_a_process_death_each_lead_to_two_rebuilds() -> None:
    pool = office(0, 0, policy={"strategy": "reimage", **EAGER})
    for uses in (1, 2):
        pool.use("host-01")
        pool.env.run(2, until=lambda: pool.in_work() > 0)
        pool.env.die_at_call(7)
        pool.hours(4)
        assert_fresh(pool, "host-01")
        assert pool.rebuilt() == uses
    assert pool.env.died == 2


def test_a_refresh_starts_after_the_process_died_while_it_was_requested() -> None:
    for call in range(1, 40):
        pool = office(0, 1, refresh="off")
        pool.env.die_at_call(call)
        if pool.env.survive(lambda pool=pool: pool.put("after_logoff")):  # type: ignore[misc]
            break
        pool.minutes(5)
        asked = pool.app.pool().refresh == "after_logoff"
        assert bool(pool.app.pool().refresh_rollout) is asked
        if asked:
            assert pool.refresh_rollout_row.progress.last_pass, f"died at call {call}"
    else:
        pytest.fail("it never survived")


def test_a_refresh_ends_after_the_process_died_while_it_was_switched_off() -> None:
    for call in range(1, 60):
        pool = used(policy={"strategy": "reimage", **EAGER})
        pool.env.run(1, until=lambda pool=pool: not pool.hosts["host-01"].accepting)  # type: ignore[misc]
        pool.env.die_at_call(call)
        pool.env.survive(lambda pool=pool: pool.put("off"))  # type: ignore[misc]
        pool.minutes(10)
        if pool.app.pool().refresh != "off":
            continue
        assert pool.refresh_rollout_row.state == "cancelled"
        assert pool.hosts["host-01"].accepting
        assert all(row.state.ended for row in pool.rows.values())
        if pool.env.died == 0:
            break
    else:
        pytest.fail("it never survived")
