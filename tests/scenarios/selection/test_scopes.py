"""A VM outside its account's scopes is never touched, whatever the broker says is behind a host."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.accounts import Account
from shared.rollouts.hosts.actions import sign_out
from shared.services import ACCOUNTS, POOLS
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, hosts, office
from tests.fixtures.world.azure import GROUP, HOST_POOL_ID, vm_id_of

OUTSIDE = vm_id_of("h0").replace("rg-desktops", "rg-other")


def with_scopes(env: RolloutEnvironment, *scopes: str) -> None:
    known = env.tables.accounts.find(ACCOUNTS, "default")
    account = Account(name="default", scopes=scopes)
    if known:
        env.tables.accounts.replace(account.written_over(known))
    else:
        env.tables.accounts.add(account)


def touched(env: RolloutEnvironment, vm_id: str) -> set[str]:
    """What was called for the VM, besides reads."""
    name = vm_id.lower()
    return {method for method, target in env.world.calls if target.lower() == name} - {"find", "machine", "machines"}


@pytest.mark.parametrize("policy", [{}, {"max_unavailable": 1}], ids=["drained already", "not begun yet"])
def test_a_host_whose_vm_is_outside_by_now_fails_with_the_reason_and_is_not_touched(policy: dict[str, Any]) -> None:
    env = office(0, 0)
    with_scopes(env, GROUP)
    env.publish(policy=EAGER | {"max_failed": 2} | policy)
    last = sorted(hosts(env))[-1]
    outside = vm_id_of(last).replace("rg-desktops", "rg-other")

    def replace_vm() -> None:
        env.world.recreate(last, "1.0.0", vm_id=outside)
        row = env.rows[last]
        env.tables.hosts.replace(row.replace(vm_id=outside))

    env.at(1, replace_vm)
    env.run_to_minute(2)
    before = env.world.machines[outside.lower()]
    env.run_to_minute(200)
    first, failed = (env.rows[host] for host in sorted(env.rows))
    assert (first.state, failed.state) == (HostState.DONE, HostState.FAILED)
    assert f"VM {before.name} is outside the scopes of account default; nothing was done to it" in failed.error
    assert touched(env, outside) == set()
    assert env.world.machines[outside.lower()] == before
    assert env.world.hosts[HOST_POOL_ID.lower()][last]


def test_a_pool_with_such_a_vm_from_the_start_pauses_before_anything_is_done() -> None:
    env = office(0, 0)
    with_scopes(env, GROUP)
    env.publish(policy=EAGER)
    env.world.recreate(next(iter(hosts(env))), "1.0.0", vm_id=OUTSIDE)
    env.run_to_minute(200)
    assert env.rollout.state is RolloutState.PAUSED
    assert env.world.count("update") == env.world.count("set_accepting") == 0


def test_scopes_narrowed_during_a_rollout_stop_it_before_the_next_destructive_call() -> None:
    env = office(1, 1)
    with_scopes(env, GROUP)
    env.publish(policy=EAGER | {"max_failed": 2})
    env.at(30, lambda: with_scopes(env, GROUP.replace("rg-desktops", "rg-other")))
    env.run_to_minute(300)
    assert env.world.count("remove_session_host") == env.world.count("start_reimage") == 0
    assert env.rollout.state in {RolloutState.PAUSED, RolloutState.FAILED}


def test_no_session_of_a_host_outside_by_now_is_ended_even_right_after_the_checks() -> None:
    env = office(1, 1)
    with_scopes(env, GROUP)
    env.publish(force=50, policy=EAGER)
    env.run_to_minute(49)
    with_scopes(env, GROUP.replace("rg-desktops", "rg-other"))
    row = next(iter(env.rows.values()))
    pool = env.tables.pools.find(POOLS, env.rollout.pool)
    assert pool
    sessions = env.app.services.host_pools.user_sessions(pool.host_pool_id)
    after = sign_out(env.app.services, env.rollout, pool, row, sessions)
    assert (after.state, "outside the scopes" in after.error) == (HostState.FAILED, True)
    assert env.world.count("sign_out") == 0
