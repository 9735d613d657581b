"""A rollout whose claim of the pool was taken for abandoned ends: each host once, and drained hosts are given back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.core.names import EXCLUSION_TAG, ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.rollouts.recovery import resume_lost
from tests.fixtures.scenarios.rollouts import (
    RolloutEnvironment,
    assert_in_service_again,
    hosts,
    in_the_middle,
    tags,
)
from tests.fixtures.world.azure import vm_id_of

ONE_BY_ONE = {"poll_seconds": 60}


def lose_claim(env: RolloutEnvironment, to: str) -> None:
    env.tables.pools.replace(env.pool.model_copy(update={"running_rollout": to}))


def by_its_next_pass(env: RolloutEnvironment) -> None:
    env.engine.signal_rollout(env.rollout_id, 1, "look")
    env.run(2, until=lambda: env.rollout.state.ended)


def by_the_timer(env: RolloutEnvironment) -> None:
    """The engine has lost the rollout, but not its host in work."""
    env.engine.rollouts.clear()
    env.app.now += timedelta(minutes=2)
    env.timers.append(lambda: resume_lost(env.services, env.engine))
    env._planned_passes.clear()
    env.run(2, until=lambda: env.rollout.state.ended)


@pytest.mark.parametrize("end", [by_its_next_pass, by_the_timer])
@pytest.mark.parametrize("to", ["", "another"])
def test_each_host_ends_once_and_drained_hosts_return_to_service(
    end: Callable[[RolloutEnvironment], None], to: str
) -> None:
    env = in_the_middle(**ONE_BY_ONE)
    lose_claim(env, to)
    end(env)
    assert env.rollout.state is RolloutState.FAILED
    assert env.rollout.note and env.rollout.note.code == "pool_lost"
    assert {name: str(row.state) for name, row in env.rows.items()} == {
        "host-01": "done", "host-02": "done", "host-03": "skipped", "host-04": "skipped",
    }  # fmt: skip
    assert env.rollout.progress.counts == {"done": 2, "skipped": 2}
    assert_in_service_again(env, "host-01", "host-02", "host-03", "host-04")
    assert env.pool.running_rollout == to
    assert env.world.violations == []


def test_a_host_that_another_rollout_has_marked_by_now_is_left_to_it() -> None:
    env = in_the_middle(**ONE_BY_ONE)
    lose_claim(env, "another")
    theirs = tags(env, "host-03") | {ROLLOUT_TAG: "another"}
    env.world.change_machine(vm_id_of("host-03"), tags=theirs)
    by_its_next_pass(env)
    assert env.rollout.state is RolloutState.FAILED
    assert env.rows["host-03"].state is HostState.SKIPPED
    assert not hosts(env)["host-03"].accepting
    assert tags(env, "host-03") == theirs
    assert EXCLUSION_TAG in theirs
    assert_in_service_again(env, "host-04")
