"""A rollout that comes while the pool's refresh has hosts in hand, or has failed on them."""

from __future__ import annotations

import pytest

from shared.core.names import EXCLUSION_TAG, ROLLOUT_TAG
from shared.core.states import HostState
from shared.models.rollouts import RolloutHost
from shared.rollouts.hosts import vm_marks
from tests.fixtures.scenarios.refresh import Office, office
from tests.fixtures.world.azure import vm_id_of
from tests.scenarios.refresh.test_rollout_takes_precedence import QUICK, ended, publish, rows_of, state_in


def asked_for_while_the_refresh_fails(pool: Office) -> str:
    """A rollout of two hours later, asked for while the refresh has host-01 in hand and before it fails on it."""
    pool.minutes(5)
    pool.world.register_works = False
    pool.world.log_off("host-01")
    pool.env.run(1, until=lambda: "host-01" not in pool.hosts)
    rollout = publish(pool, "at", hours=2, policy={"canary_hosts": 0})
    pool.env.run(6, until=lambda: pool.rows["host-01"].state is HostState.FAILED)
    pool.world.register_works = True
    return rollout


def test_hosts_that_the_refresh_drained_count_against_the_min_available_of_a_rollout() -> None:
    pool = office(1, 0, 0)
    pool.minutes(5)
    pool.world.log_off("host-01")
    pool.env.run(1, until=lambda: not pool.hosts["host-01"].accepting)
    serving: list[int] = []
    pool.env.each_step.append(lambda: serving.append(sum(host.serving for host in pool.hosts.values())))
    rollout = publish(pool, policy=QUICK | {"min_available": "50%"})
    pool.env.run(6, until=lambda: ended(pool, rollout))
    assert min(serving) == 2
    assert {row.state for row in rows_of(pool, rollout).values()} == {HostState.DONE}


@pytest.mark.parametrize("how", ["cancelled", "updated"])
def test_a_rollout_knows_the_original_state_of_a_host_that_the_refresh_failed_on(how: str) -> None:
    pool = office(1, 0, policy={**QUICK, "retries": 0})
    pool.world.change_machine(pool.machine("host-01").id, tags={EXCLUSION_TAG: "ops"})
    rollout = asked_for_while_the_refresh_fails(pool)
    pool.env.run(1, until=lambda: rows_of(pool, rollout)["host-01"].drained_by_earlier_failure)
    assert state_in(pool, rollout, "host-01") is HostState.PENDING
    if how == "cancelled":
        assert pool.app.send("POST", f"/api/rollouts/{rollout}/cancel", {"how": "leave"}).status == 202
    pool.env.run(6, until=lambda: ended(pool, rollout))
    assert state_in(pool, rollout, "host-01") is (HostState.FAILED if how == "cancelled" else HostState.DONE)
    assert pool.machine("host-01").tags[EXCLUSION_TAG] == "ops"
    assert (ROLLOUT_TAG in pool.machine("host-01").tags) is (how == "cancelled")
    assert pool.hosts["host-01"].accepting is (how == "updated")


def test_a_host_drained_by_its_operator_stays_drained_after_the_refresh_failed_on_it() -> None:
    pool = office(1, 0, policy={**QUICK, "retries": 0})
    pool.world.change_host(vm_id_of("host-01"), accepting=False)
    rollout = asked_for_while_the_refresh_fails(pool)
    pool.env.run(6, until=lambda: ended(pool, rollout))
    assert state_in(pool, rollout, "host-01") is HostState.DONE
    assert not pool.hosts["host-01"].accepting
    assert ROLLOUT_TAG not in pool.machine("host-01").tags


def test_an_operators_exclusion_tag_stays_on_a_host_without_recorded_original_state() -> None:
    pool = office(0, refresh="off")
    row = RolloutHost(rollout="r", host="host-01", vm_id=vm_id_of("host-01"))
    for value, left in (("ops", {EXCLUSION_TAG: "ops"}), (vm_marks.EXCLUDED, {})):
        machine = pool.machine("host-01").model_copy(update={"tags": {EXCLUSION_TAG: value, ROLLOUT_TAG: "r-0"}})
        assert vm_marks.tags_after_release(machine, row) == left
