"""A pool that moves to another customer is left alone by what was asked before, whenever that falls due."""

from __future__ import annotations

import pytest

from shared.core.errors import Conflict
from shared.core.states import RolloutState, TaskState
from shared.models.pools import Pool
from shared.pools.claim import claim
from shared.services import POOLS
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.fleet import ask, crowd, newest_rollouts, notes, run_until_note, tell
from tests.fixtures.scenarios.images import NEW, OLD, add_pool, on_versions
from tests.fixtures.scenarios.promotions import plan, with_staged

GONE = "it belongs to another account now"


def move(env: Environment, name: str) -> Pool:
    """Give the pool to another customer, as an admin of both may."""
    found = env.app.tables.pools.find(POOLS, name)
    assert found
    return env.app.tables.pools.replace(found.replace(account="fabrikam"))


def test_a_ring_that_falls_due_leaves_out_a_pool_that_has_moved() -> None:
    env = crowd()
    task_id = ask(env, gate="approve")
    run_until_note(env, task_id, "approval")
    move(env, "office")
    tell(env, task_id, "approve")
    run_until_note(env, task_id, "approval")
    tell(env, task_id, "approve")
    task = env.finish(task_id)
    assert "office" not in newest_rollouts(env)
    assert notes(env, task_id)["office"] == f"not updated: {GONE}"
    assert (on_versions(env, "office"), on_versions(env, "pilot"), task.state) == ({OLD}, {NEW}, TaskState.SUCCEEDED)


def test_a_cancelled_update_does_not_roll_back_a_pool_that_has_moved() -> None:
    env = crowd()
    task_id = ask(env, gate="approve")
    run_until_note(env, task_id, "approval")
    move(env, "lab")
    tell(env, task_id, "cancel", how="roll_back")
    task = env.finish(task_id)
    assert f"Pool lab was not rolled back. It {GONE.removeprefix('it ')}." in str(task.note)
    assert newest_rollouts(env)["lab"].state is RolloutState.SUCCEEDED
    assert on_versions(env, "lab") == {NEW}


def test_a_promotion_that_falls_due_leaves_out_a_pool_that_has_moved() -> None:
    env = with_staged()
    add_pool(env, "office")
    add_pool(env, "mine")
    plan(env.app, update_pools=["office", "mine"], schedule={"mode": "now"})
    move(env, "office")
    env.run(30)
    assert (on_versions(env, "office"), on_versions(env, "mine")) == ({OLD}, {NEW})


def test_a_pool_that_moves_while_it_is_being_reserved_is_not_reserved() -> None:
    env = crowd()
    move(env, "lab")
    with pytest.raises(Conflict, match="another account"):
        claim(env.app.services, "lab", "8204680874795-4bd9", "default")
    pool = env.app.tables.pools.find(POOLS, "lab")
    assert pool
    assert pool.running_rollout == ""
