"""A rollout of the pool takes precedence over its refresh, and counts as one. Two never touch one host."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.rollouts import RolloutHost
from shared.planning.values import HELD_STATES
from shared.rollouts.reconcile.whole_pool import reconcile_whole_pool
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.refresh import EAGER, Office, assert_fresh, office
from tests.fixtures.world.azure import vm_id_of

QUICK = {**EAGER, "canary_hosts": 0, "proof": "none"}


def publish(pool: Office, mode: str = "on_logoff", hours: float = 12, **body: Any) -> str:
    """Ask for version 2.0.0; the rollout's id."""
    moment = (pool.app.now + timedelta(hours=hours)).isoformat()
    schedule = {"mode": mode} | (
        {"deadline": moment} if mode == "on_logoff" else {"at": moment} if mode == "at" else {}
    )
    reply = pool.app.send("POST", "/api/pools/office/update-image", {"version": NEW, "schedule": schedule, **body})
    assert reply.status == 202, reply.text
    return str(reply.json["id"])


def rows_of(pool: Office, rollout: str) -> dict[str, RolloutHost]:
    """The hosts of a rollout."""
    return {row.host: row for row in pool.app.tables.hosts.all(rollout)}


def state_in(pool: Office, rollout: str, host: str) -> HostState | None:
    """Where a host stands in a rollout; None before it was seen."""
    row = rows_of(pool, rollout).get(host)
    return row and row.state


def ended(pool: Office, rollout: str) -> bool:
    """Whether a rollout is over."""
    return pool.app.rollout(rollout).state.ended


def never_both(pool: Office) -> None:
    """From now on, whatever is done to a host in Azure, one of the two has it in hand and the other has not."""

    def check() -> None:
        pools = pool.app.tables.pools.find(POOLS, "office")
        assert pools
        mine = {row.host for row in pool.rows.values() if row.state in HELD_STATES and row.drain.drained_at}
        running = rows_of(pool, pools.running_rollout) if pools.running_rollout else {}
        theirs = {row.host for row in running.values() if row.state in HELD_STATES}
        assert not mine & theirs

    pool.env.each_step.append(check)


def test_a_rollout_suspends_the_refresh_and_waits_for_the_hosts_being_rebuilt() -> None:
    pool = office(1, 1, 1, 0, 0, policy={**EAGER, "settle_seconds": 300, "max_in_flight": 1})
    never_both(pool)
    pool.minutes(5)
    for name in ("host-01", "host-02", "host-03"):
        pool.world.log_off(name)
    pool.env.run(2, until=lambda: pool.in_work() == 1)
    drained = [name for name, row in pool.rows.items() if row.drain.drained_at and not row.state.in_work]
    assert drained
    rollout = publish(pool)
    pool.env.run(1, until=lambda: not any(pool.rows[name].drain.drained_at for name in drained))
    assert str(pool.refresh_rollout_row.note) == "waits for the end of a rollout"
    assert pool.refresh_rollout_row.note.href == f"/api/rollouts/{rollout}"
    assert "refresh has finished" in rows_of(pool, rollout)["host-01"].reason.text
    pool.env.run(6, until=lambda: ended(pool, rollout))
    assert pool.app.rollout(rollout).state is RolloutState.SUCCEEDED
    assert pool.rebuilt("host-01") == 2, "it was made fresh on the old version, and then updated"
    assert {pool.rebuilt(f"host-0{number}") for number in range(2, 6)} == {1}
    pool.hours(3)
    assert pool.rebuilt() == 6, "the rollout counts as a refresh"
    assert {row.version for row in pool.rows.values()} == {NEW}
    assert pool.refresh_rollout_row.version == NEW


def test_a_host_used_after_its_update_is_refreshed_after_the_rollout() -> None:
    pool = office(1, 1, policy=QUICK)
    pool.minutes(5)
    rollout = publish(pool)
    pool.world.log_off("host-01")
    pool.env.run(4, until=lambda: state_in(pool, rollout, "host-01") is HostState.DONE)
    pool.use("host-01")
    pool.hours(1)
    assert pool.rebuilt("host-01") == 1, "while the rollout runs it is only noted"
    pool.world.log_off("host-02")
    pool.env.run(4, until=lambda: ended(pool, rollout))
    pool.hours(3)
    assert pool.rebuilt("host-01") == 2
    assert pool.rebuilt("host-02") == 1
    assert pool.rows["host-01"].state is HostState.DONE


def test_hosts_are_refreshed_until_a_scheduled_rollout_starts_and_none_is_held_then() -> None:
    pool = office(0, 0, policy=QUICK)
    rollout = publish(pool, "at", hours=3)
    never_both(pool)
    pool.use("host-01")
    pool.hours(1.5)
    assert_fresh(pool, "host-01")
    pool.until(pool.app.rollout(rollout).schedule.begin_at - timedelta(minutes=4))
    pool.use("host-02", minutes=2)
    pool.minutes(1.9)
    assert pool.rebuilt("host-02") == 0, "it would not be through before the rollout begins"
    pool.env.run(4, until=lambda: ended(pool, rollout))
    pool.hours(2)
    assert pool.rebuilt("host-02") == 1


def test_a_scheduled_rollout_waits_for_a_host_whose_refresh_takes_longer_than_estimated() -> None:
    pool = office(0, 0, policy=QUICK)
    rollout = publish(pool, "at", hours=1.5)
    never_both(pool)
    pool.minutes(45)
    pool.world.resumes_needed = 60
    pool.use("host-01", minutes=5)
    pool.until(pool.app.rollout(rollout).schedule.begin_at + timedelta(minutes=2))
    assert pool.rows["host-01"].state in HELD_STATES
    pool.world.resumes_needed = 1
    pool.env.run(4, until=lambda: ended(pool, rollout))
    assert pool.app.rollout(rollout).state is RolloutState.SUCCEEDED
    assert pool.rebuilt("host-01") == 2
    assert_all_new(pool)


def test_a_rollout_does_not_end_while_the_refresh_has_a_host_out_of_the_pool() -> None:
    pool = office(1, 0, policy=QUICK)
    pool.minutes(5)
    pool.world.log_off("host-01")
    pool.env.run(2, until=lambda: "host-01" not in pool.hosts)
    rollout = publish(pool)
    pool.env.run(6, until=lambda: ended(pool, rollout))
    assert rows_of(pool, rollout)["host-01"].state is HostState.DONE
    assert {pool.machine(name).version for name in pool.hosts} == {NEW}
    assert rows_of(pool, rollout)["host-01"].found.from_version == OLD


def test_a_rollout_recovers_a_host_that_the_refresh_lost() -> None:
    pool = office(1, 0, policy={**QUICK, "retries": 0})
    pool.minutes(5)
    pool.world.refuse("start_register")
    pool.world.log_off("host-01")
    pool.env.run(6, until=lambda: pool.rows["host-01"].state is HostState.FAILED)
    assert "host-01" not in pool.hosts
    pool.world.faults.clear()
    rollout = publish(pool)
    pool.env.run(6, until=lambda: ended(pool, rollout))
    assert pool.app.rollout(rollout).state is RolloutState.SUCCEEDED
    pool.hours(1)
    assert pool.hosts["host-01"].serving
    assert pool.rows["host-01"].state is HostState.PENDING
    assert pool.rows["host-01"].use.used_at is None


def test_a_host_that_the_refresh_lost_is_not_recreated_after_its_deletion() -> None:
    pool = office(1, 0, policy={**QUICK, "retries": 0, "strategy": "replace"})
    pool.minutes(5)
    pool.world.refuse("start_register")
    pool.world.log_off("host-01")
    pool.env.run(6, until=lambda: pool.rows["host-01"].state is HostState.FAILED)
    pool.world.faults.clear()
    pool.put("off")
    for version in (NEW, OLD):
        rollout = publish(pool, version=version, allow_downgrade=True)
        pool.env.run(6, until=lambda rollout=rollout: ended(pool, rollout))  # type: ignore[misc]
        if version == NEW:
            assert pool.hosts["host-01"].serving
            pool.world.machines.pop(vm_id_of("host-01").lower())  # somebody has no need of it any more
            pool.hosts.pop("host-01")
    pool.hours(1)
    assert "host-01" not in pool.hosts
    assert vm_id_of("host-01").lower() not in pool.world.machines


def test_the_refresh_leaves_a_host_that_a_rollout_failed_on_alone_until_it_is_repaired() -> None:
    pool = office(1, 1, 0, policy={**QUICK, "retries": 0})
    pool.minutes(5)
    pool.world.register_works = False
    rollout = publish(pool, hours=0.5)
    pool.env.run(6, until=lambda: ended(pool, rollout))
    pool.world.register_works = True
    pool.hours(3)
    before = pool.rebuilt("host-01")
    assert rollout in pool.rows["host-01"].reason.href
    assert not pool.hosts["host-01"].accepting
    pool.world.change_host(vm_id_of("host-01"), accepting=True, status="Available")
    pool.use("host-01")
    pool.hours(3)
    assert pool.rebuilt("host-01") == before + 1


def test_a_kept_disk_that_was_swapped_back_counts_as_used() -> None:
    pool = office(1, 0, policy=QUICK)
    pool.minutes(5)
    rollout = publish(pool, hours=0.5)
    pool.env.run(6, until=lambda: ended(pool, rollout))
    back = pool.app.send("POST", "/api/pools/office/roll-back", {}).json["id"]
    pool.env.run(6, until=lambda: ended(pool, back))
    assert {row.rebuild.strategy for row in rows_of(pool, back).values()} == {"swap"}
    before = pool.rebuilt()
    pool.hours(4)
    assert pool.rebuilt() == before + 2
    assert_fresh(pool, "host-01", "host-02")


def test_a_rollout_that_ends_while_the_refresh_is_interrupted_still_counts() -> None:
    pool = office(1, 1, policy=QUICK)
    pool.minutes(5)
    rollout = publish(pool, hours=0.5)
    pool.env.run(6, until=lambda: state_in(pool, rollout, "host-01") is HostState.JOINING)
    pool.env.die_at_call(3)
    pool.env.run(6, until=lambda: ended(pool, rollout))
    pool.hours(3)
    assert pool.env.died == 1
    assert pool.rebuilt() == 2


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("looks", [0, 2])
def test_a_rollout_may_be_requested_and_run_a_pass_between_any_two_calls_of_the_refresh(part: int, looks: int) -> None:
    """Whichever of the two has written first has the host."""
    for call in range(1 + part, 60, 4):
        pool = office(1, 1, 0, policy={**QUICK, "settle_seconds": 15})
        never_both(pool)
        pool.minutes(2)
        pool.world.log_off("host-01")
        pool.world.log_off("host-02")
        asked: list[str] = []
        before_call(pool, call, partial(publish_and_look, pool, asked, looks))
        pool.env.run(2, until=lambda pool=pool, asked=asked: bool(asked) and ended(pool, asked[0]))  # type: ignore[misc]
        assert pool.app.rollout(asked[0]).state is RolloutState.SUCCEEDED, f"asked for before call {call}"
        pool.minutes(10)
        assert_all_new(pool)


def publish_and_look(pool: Office, asked: list[str], looks: int) -> None:
    """Another worker takes the request, and looks so many times, while this one is in the midst of something."""
    asked.append(publish(pool, "now"))
    for _ in range(looks):
        reconcile_whole_pool(pool.app.services, pool.app.engine, asked[0], 1)


def before_call(pool: Office, number: int, action: Callable[[], object]) -> None:
    """Have something happen just before the call of this number to Azure, or write of a row, from now on."""
    left = [number]
    tables = pool.app.tables
    for owner, name in [(pool.world, "called"), *((table, "_write") for table in (tables.hosts, tables.rollouts))]:
        setattr(owner, name, _counted(getattr(owner, name), left, action))


def _counted(method: Callable[..., Any], left: list[int], action: Callable[[], object]) -> Callable[..., Any]:
    def counted(*given: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            action()
        return method(*given)

    return counted


def assert_all_new(pool: Office) -> None:
    """Every host on the new version, in service, with no mark of ours, and nothing is in hand."""
    assert {pool.machine(name).version for name in pool.hosts} == {NEW}
    assert all(host.serving for host in pool.hosts.values()), pool.hosts
    assert all("FreshcoatRollout" not in pool.machine(name).tags for name in pool.hosts)
    assert not any(row.state in HELD_STATES for row in pool.rows.values())


def test_the_process_may_die_at_any_call_while_a_rollout_takes_over() -> None:
    for call in range(1, 120, 4):
        pool = office(1, 1, 0, policy={**QUICK, "settle_seconds": 15})
        never_both(pool)
        pool.minutes(2)
        pool.world.log_off("host-01")
        pool.world.log_off("host-02")
        pool.env.run(2, until=lambda pool=pool: any(row.drain.drained_at for row in pool.rows.values()))  # type: ignore[misc]
        rollout = publish(pool)
        pool.env.die_at_call(call)
        pool.env.run(4, until=lambda pool=pool, rollout=rollout: ended(pool, rollout))  # type: ignore[misc]
        assert pool.app.rollout(rollout).state is RolloutState.SUCCEEDED, f"died at call {call}"
        pool.minutes(10)
        assert_all_new(pool)


def test_hosts_of_a_rollout_that_lost_its_pool_are_left_to_their_orchestrations() -> None:
    pool = office(0, 1, policy=QUICK)
    pool.minutes(5)
    rollout = publish(pool)
    pool.env.run(4, until=lambda: state_in(pool, rollout, "host-01") is HostState.REIMAGING)
    lost = pool.app.rollout(rollout).model_copy(update={"state": RolloutState.FAILED, "ended_at": pool.app.now})
    pool.app.tables.rollouts.replace(lost)
    pool.hours(4)
    assert pool.app.tables.rollouts.find(ROLLOUTS, rollout)
    assert pool.rebuilt("host-01") == 1
    assert_in_service_on(pool, "host-01", NEW)


def assert_in_service_on(pool: Office, name: str, version: str) -> None:
    """The host serves, on this version."""
    assert pool.hosts[name].serving
    assert pool.world.machines[vm_id_of(name).lower()].version == version


def test_a_host_due_for_a_retry_is_released_to_the_rollout_but_stays_drained() -> None:
    pool = office(1, 0, policy={**QUICK, "retries": 0, "settle_seconds": 600})
    pool.minutes(5)
    pool.world.register_works = False
    pool.world.log_off("host-01")
    pool.env.run(4, until=lambda: pool.rows["host-01"].state is HostState.FAILED)
    pool.world.register_works = True
    assert pool.app.send("POST", f"/api/rollouts/{pool.refresh_rollout_row.id}/retry").status == 202
    pool.env.run(1, until=lambda: pool.rows["host-01"].state is HostState.DRAINING)
    rollout = publish(pool)
    pool.env.run(1, until=lambda: pool.rows["host-01"].state is HostState.FAILED)
    assert not pool.hosts["host-01"].accepting
    pool.env.run(4, until=lambda: ended(pool, rollout))
    assert pool.app.rollout(rollout).state is RolloutState.SUCCEEDED
    pool.hours(1)
    assert_all_new(pool)
