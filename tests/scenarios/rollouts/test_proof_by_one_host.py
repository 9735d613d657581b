"""One host proves an update before others follow, in every mode; another pool's host may have proved it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import AzureForbidden
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.pools import EntraJoin, HostProof, Pool, ReimageSupport
from shared.pools.proof import needs_proof
from shared.services import POOLS
from tests.fixtures.builders import NEW, NOON
from tests.fixtures.profiles import JOIN, PROFILE
from tests.fixtures.scenarios.rollouts import RolloutEnvironment, assert_all_well, office, resume
from tests.fixtures.world.azure import HOST_POOL_ID, version_id_of

WORKS = {"reimage": ReimageSupport.WORKS}
DENIED = AzureForbidden("VM", 403, "RequestDisallowedByPolicy", "Resource was disallowed by policy.")


def begun(env: RolloutEnvironment) -> set[str]:
    """Hosts beyond their first destructive call."""
    return {host for host, row in env.rows.items() if row.rebuild.strategy}


def back(env: RolloutEnvironment) -> set[str]:
    return {host for host, row in env.rows.items() if row.state is HostState.DONE}


def watch_most_begun_unproved(env: RolloutEnvironment) -> list[int]:
    """The most hosts that were begun at any step while none was back in service."""
    most = [0]

    def watch() -> None:
        if not back(env):
            most[0] = max(most[0], len(begun(env)))

    env.each_step.append(watch)
    return most


@pytest.mark.parametrize("mode", list(ScheduleMode))
def test_a_cause_that_all_hosts_share_takes_one_host_in_every_mode(mode: ScheduleMode) -> None:
    env = office(0, 0, 0, 0, 0, 0)
    env.world.fail("remove_session_host", DENIED, times=10**9)
    env.world.fail("start_reimage", DENIED, times=10**9)
    env.publish(mode, policy={"canary_hosts": 0, "retries": 0, "max_failed": 6, "on_failure": "continue"}, **WORKS)
    env.run_to_minute(180)
    assert len([row for row in env.rows.values() if row.taken_at]) == 1
    assert env.rollout.state is RolloutState.PAUSED
    assert env.rollout.note is not None
    assert env.rollout.note.code == "proof_failed"
    assert "RequestDisallowedByPolicy" in env.rollout.note.text or "disallowed by policy" in env.rollout.note.text


def test_the_others_follow_once_one_host_is_back() -> None:
    env = office(0, 0, 0, 0, 0, 0)
    most = watch_most_begun_unproved(env)
    env.publish(ScheduleMode.NOW, policy={"canary_hosts": 0}, **WORKS)
    env.run_to_minute(240)
    assert most == [1]
    assert_all_well(env)


def test_everybody_is_signed_out_at_the_moment_and_only_the_rebuild_waits() -> None:
    env = office(1, 1, 1, 1)
    most = watch_most_begun_unproved(env)
    env.publish(ScheduleMode.AT, begin=60, policy={"canary_hosts": 0}, **WORKS)
    env.run_to_minute(300, until=lambda: len(back(env)) > 0)
    assert env.rollout.progress.signed_out == 4
    assert len(begun(env)) == 1
    env.run_to_minute(300)
    assert most == [1]
    assert_all_well(env)


def test_resuming_lets_the_next_host_try_alone() -> None:
    env = office(0, 0, 0, 0)
    env.world.fail("start_reimage", DENIED)
    most = watch_most_begun_unproved(env)
    env.publish(ScheduleMode.NOW, policy={"canary_hosts": 0, "retries": 0}, **WORKS)
    env.run_to_minute(60)
    assert env.rollout.state is RolloutState.PAUSED
    resume(env)
    env.run_to_minute(240)
    assert most == [2]
    assert env.rollout.state is RolloutState.FAILED
    assert len(back(env)) == 3


def another_pool(env: RolloutEnvironment, proof: HostProof | None, *, account: str = "default") -> None:
    """A pool of the account in which a host has shown something."""
    env.tables.pools.add(
        Pool(
            name="lab", account=account, image="win11", registered_at=NOON, proof=proof,
            host_pool_id=HOST_POOL_ID.replace("/office", "/lab"), join=JOIN,
        )
    )  # fmt: skip


def test_what_joined_before_the_join_profile_was_changed_proves_nothing() -> None:
    for changed, waits in ((timedelta(days=3), False), (timedelta(days=1), True)):
        env = office(0, 0, 0, 0)
        profile = env.tables.join_profiles.find("default", PROFILE)
        assert profile
        env.tables.join_profiles.replace(profile.replace(changed_at=NOON - changed))
        env.publish(ScheduleMode.NOW, policy={"strategy": "reimage"})
        another_pool(env, proof())
        assert needs_proof(env.services, env.rollout, env.pool, ()) is waits


def proof(**changes: object) -> HostProof:
    fields = {
        "version_id": version_id_of(NEW), "strategy": "reimage", "join": JOIN,
        "at": NOON - timedelta(days=2), "rollout": "r-0",
    }  # fmt: skip
    return HostProof.model_validate(fields | changes)


def test_a_host_of_another_pool_has_proved_it_so_nothing_is_waited_for() -> None:
    env = office(0, 0, 0, 0)
    most = watch_most_begun_unproved(env)
    another_pool(env, proof())
    env.publish(ScheduleMode.NOW, policy={"canary_hosts": 0}, **WORKS)
    env.run_to_minute(120)
    assert most == [4]
    assert_all_well(env)


@pytest.mark.parametrize(
    "shown",
    [
        proof(at=NOON - timedelta(days=8)),
        proof(strategy="replace"),
        proof(version_id=version_id_of("9.0.0")),
        proof(join=EntraJoin(kind="entra")),
        None,
    ],
)
def test_another_version_strategy_join_or_an_old_proof_shows_nothing(shown: HostProof | None) -> None:
    env = office(0, 0, 0, 0)
    most = watch_most_begun_unproved(env)
    another_pool(env, shown)
    env.publish(ScheduleMode.NOW, policy={"canary_hosts": 0}, **WORKS)
    env.run_to_minute(240)
    assert most == [1]


def test_a_pool_of_another_account_shows_nothing() -> None:
    env = office(0, 0, 0, 0)
    most = watch_most_begun_unproved(env)
    another_pool(env, proof(), account="other")
    env.publish(ScheduleMode.NOW, policy={"canary_hosts": 0}, **WORKS)
    env.run_to_minute(240)
    assert most == [1]


@pytest.mark.parametrize(("policy", "expected"), [("first_host", 1), ("none", 4), ("auto", 4)])
def test_the_policy_may_ask_always_or_never(policy: str, expected: int) -> None:
    env = office(0, 0, 0, 0)
    most = watch_most_begun_unproved(env)
    another_pool(env, proof())
    env.publish(ScheduleMode.NOW, policy={"canary_hosts": 0, "proof": policy}, **WORKS)
    env.run_to_minute(240)
    assert most == [expected]


def test_what_a_host_has_shown_is_kept_on_its_pool() -> None:
    env = office(0, 0)
    env.publish(ScheduleMode.NOW, policy={"canary_hosts": 0}, **WORKS)
    env.run_to_minute(240)
    pool = env.tables.pools.find(POOLS, "office")
    assert pool is not None and pool.proof is not None
    assert (pool.proof.version_id, pool.proof.strategy) == (version_id_of(NEW), "reimage")
    assert pool.proof.rollout == env.rollout_id
