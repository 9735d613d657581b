"""Somebody suspends orchestrations in the engine: nothing is restarted over it, and people are told."""

from __future__ import annotations

from shared.core.states import HostState, RolloutState
from tests.fixtures.scenarios.rollouts import EAGER, assert_over, hosts_of, office
from tests.fixtures.world.azure import vm_id_of


def test_a_host_says_that_its_orchestration_is_suspended_until_it_is_resumed() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"strategy": "reimage"})
    env.run(1, until=lambda: env.world.under_way("reimage", vm_id_of("host-01")) is not None)
    suspended = (env.rollout.id, "host-01", env.rows["host-01"].engine_run)
    env.engine.suspended.add(suspended)
    env.run(1)
    listed = hosts_of(env)
    assert {row.host: row.reason and row.reason.code for row in listed} == {
        "host-01": "suspended",
        "host-02": "updated",
    }
    assert env.rows["host-01"].engine_run == suspended[2]
    env.engine.suspended.clear()
    env.run(0.3)
    assert env.rows["host-01"].suspended_since is None
    env.run(3)
    assert_over(env, RolloutState.SUCCEEDED)
    assert {row.state for row in env.rows.values()} == {HostState.DONE}
