"""Whole rollouts that wait while what was checked at their request changes: they pause, and no host is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.access.two_people.approvers import Approver
from shared.caches.read_through import ReadThroughCache
from shared.core.codes import Code
from shared.core.errors import AzureBusy
from shared.core.states import HostState, RolloutState, VersionState
from shared.models.azure import Lock, Permissions
from shared.models.policy import ScheduleMode
from shared.models.rollout_parts import Checks, Rollback
from shared.models.rollouts import goal_of
from shared.rollouts import control
from shared.rollouts.preflight.again import check_host
from shared.services import IMAGES, POOLS
from tests.fixtures.builders import NEW, NOON, OLD
from tests.fixtures.profiles import PROFILE
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_in_service_again,
    hosts,
    office,
    pause,
    resume,
)
from tests.fixtures.texts import check_texts
from tests.fixtures.version_sets import record_family, version_row, version_set
from tests.fixtures.world.azure import DEFINITION_ID, GROUP, HOST_POOL_ID, vm_id_of

CHANGES = ("set_accepting", "update", "sign_out", "send_message", "remove_session_host", "start_reimage")
NO_RIGHTS = Permissions(granted=((("*",), ("Microsoft.Compute/virtualMachines/reimage/action",)),))


def version_deleted(env: RolloutEnvironment) -> None:
    del env.world.versions[DEFINITION_ID.lower()][NEW]


def replica_removed(env: RolloutEnvironment) -> None:
    versions = env.world.versions[DEFINITION_ID.lower()]
    versions[NEW] = versions[NEW].model_copy(update={"replicas": {"northeurope": 1}})


def image_rolled_back(env: RolloutEnvironment) -> None:
    retired = version_row(NEW, VersionState.BACKUP, retired_at=env.now)
    record_family(env.tables.versions, version_set(OLD, backups=(), others=(retired,), activated_at=env.now))


def version_discarded(env: RolloutEnvironment) -> None:
    discarded = version_row(NEW, VersionState.DISCARDED)
    record_family(env.tables.versions, version_set(OLD, backups=(), others=(discarded,)))


def right_withdrawn(env: RolloutEnvironment) -> None:
    env.world.permissions = NO_RIGHTS


def locked(env: RolloutEnvironment) -> None:
    env.world.locks.append(Lock(name="keep", level="ReadOnly", scope=GROUP))


def password_gone(env: RolloutEnvironment) -> None:
    profile = env.tables.join_profiles.find("default", PROFILE)
    assert profile
    env.tables.join_profiles.replace(profile.replace(password_setting="JOIN_NONE"))


def profile_gone(env: RolloutEnvironment) -> None:
    profile = env.tables.join_profiles.find("default", PROFILE)
    assert profile
    env.tables.join_profiles.remove(profile)


def image_kept_from_account(env: RolloutEnvironment) -> None:
    image = env.tables.images.find(IMAGES, "win11")
    assert image
    env.tables.images.replace(image.model_copy(update={"accounts": ("other",)}))


TROUBLE = (
    version_deleted, replica_removed, image_rolled_back, version_discarded, right_withdrawn, locked, password_gone,
    profile_gone, image_kept_from_account,
)  # fmt: skip
type Change = Callable[[RolloutEnvironment], None]


def assert_paused(env: RolloutEnvironment) -> None:
    """The rollout is paused with a reason that people can act on, and every host serves as before."""
    assert env.rollout.state is RolloutState.PAUSED, env.rollout.note
    assert env.rollout.note
    assert env.rollout.note.code == Code.CHECKS_FAILED
    check_texts(env.rollout.note.model_dump(mode="json"))
    assert env.world.count("remove_session_host") == env.world.count("start_reimage") == 0
    assert_in_service_again(env, *hosts(env))
    assert {row.state for row in env.rows.values()} <= {HostState.PENDING}


@pytest.mark.parametrize("change", TROUBLE)
def test_rollout_at_a_time_pauses_before_anything_is_done(change: Change) -> None:
    env = office(1, 0)
    env.publish(ScheduleMode.AT, begin=600, policy={"warn_minutes": ()})
    env.at(500, lambda: change(env))
    env.run_to_minute(700)
    assert_paused(env)
    assert not any(env.world.count(call) for call in CHANGES)


def test_nobody_is_warned_of_a_rollout_whose_version_is_gone() -> None:
    env = office(1)
    env.publish(ScheduleMode.AT, begin=600)
    env.at(500, lambda: version_deleted(env))
    env.run_to_minute(700)
    assert_paused(env)
    assert env.world.messages == []


@pytest.mark.parametrize("change", TROUBLE)
def test_resumed_rollout_pauses_again_until_that_is_put_right(change: Change) -> None:
    env = office(1, 1)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(10)
    pause(env)
    env.run_to_minute(20)
    change(env)
    resume(env)
    env.run_to_minute(40)
    assert_paused(env)
    resume(env)
    env.run_to_minute(60)
    assert_paused(env)


def test_resumed_rollout_goes_on_when_the_version_is_there_again() -> None:
    env = office(0, 0)
    env.publish(begin=60, force=600)
    env.at(50, lambda: replica_removed(env))
    env.run_to_minute(90)
    assert_paused(env)
    env.world.add_version(NEW)
    resume(env)
    env.run_to_minute()
    assert_all_well(env)


def test_approved_rollout_pauses_when_the_version_is_gone() -> None:
    env = office(0, 0, 0)
    env.publish(force=600, policy={"canary_hosts": 1, "canary_hold": "approve", "min_available": 0})
    env.run_to_minute(120, until=lambda: env.rollout.state is RolloutState.AWAITING_APPROVAL)
    version_deleted(env)
    control.approve(env.services, env.engine, env.rollout_id, Approver("", frozenset()), "ann")
    env.run_to_minute(240)
    assert env.rollout.state is RolloutState.PAUSED
    assert env.world.count("start_reimage") == 1


def test_rollout_pauses_when_its_next_window_opens_and_a_right_is_gone() -> None:
    env = office(*[0] * 40)
    windows = [{"from": "12:00", "to": "12:30"}, {"from": "20:00", "to": "22:00"}]
    env.publish(force=24 * 60, policy={"windows": windows, "max_in_flight": 1, "canary_hosts": 0})
    env.run_to_minute(120)
    done = env.world.count("start_reimage")
    assert 0 < done < 40
    right_withdrawn(env)
    env.run_to_minute(9 * 60)
    assert env.rollout.state is RolloutState.PAUSED
    assert env.world.count("start_reimage") == done
    assert env.world.count("remove_session_host") == done


@pytest.mark.parametrize("change", TROUBLE)
def test_running_rollout_pauses_before_its_next_host_is_touched(change: Change) -> None:
    env = office(0, 1, 1, 1)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(9)
    done = env.world.count("remove_session_host")
    assert done == 1
    change(env)
    for number in (2, 3, 4):
        env.at(10 + number, lambda number=number: env.world.log_off(f"host-{number:02}"))  # type: ignore[misc]
    env.run_to_minute(60)
    assert env.rollout.state is RolloutState.PAUSED, env.rollout.note
    assert env.rollout.note
    assert env.rollout.note.code == Code.CHECKS_FAILED
    check_texts(env.rollout.note.model_dump(mode="json"))
    assert env.world.count("remove_session_host") == done
    assert_in_service_again(env, "host-02", "host-03", "host-04")
    assert {row.state for row in env.rows.values()} == {HostState.DONE, HostState.PENDING}
    resume(env)
    env.run_to_minute(90)
    assert env.rollout.state is RolloutState.PAUSED
    assert env.world.count("remove_session_host") == done


def test_nobody_is_signed_out_at_the_deadline_for_a_version_that_is_gone() -> None:
    env = office(1, 1)
    env.publish(force=120, policy={"canary_hosts": 0})
    env.at(119.5, lambda: version_deleted(env))
    env.run_to_minute(180)
    assert env.world.messages
    assert_paused(env)
    assert env.world.count("sign_out") == 0


def only_staged(env: RolloutEnvironment) -> None:
    record_family(env.tables.versions, version_set(OLD, backups=(), staged=NEW))


def put_right(env: RolloutEnvironment) -> None:
    """What the changes have changed is as it was, the version active."""
    env.world.add_version(NEW)
    env.world.permissions, env.world.locks = Permissions(granted=((("*",), ()),)), []
    record_family(env.tables.versions, version_set(NEW))


@pytest.mark.parametrize("change", [only_staged, version_deleted, replica_removed, right_withdrawn, locked])
def test_what_forbids_a_host_is_read_again_before_it_counts(change: Change) -> None:
    env = office(0)
    env.publish(force=600, policy=EAGER)
    reads = ReadThroughCache(NOON.timestamp)  # everything happens within its seconds
    services = replace(env.services, read_cache=reads)
    vm = services.vms.find(vm_id_of("host-01"))
    assert vm

    def forbidden() -> bool:
        found = check_host(services, env.pool, env.rollout, goal_of(env.rollout), vm)
        return any(finding.result == "fail" for finding in found)

    change(env)
    assert forbidden()
    put_right(env)
    assert not forbidden()


def test_a_host_is_not_deleted_when_its_identity_could_not_be_given_back() -> None:
    env = office(0)
    env.publish(force=600, policy=EAGER | {"strategy": "replace"})
    vm = env.services.vms.find(vm_id_of("host-01"))
    assert vm
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-desktops"
    vm = vm.model_copy(update={"user_identities": (identity,)})
    env.world.permissions_at[identity.lower()] = Permissions(granted=((("*/read",), ()),))
    found = check_host(env.services, env.pool, env.rollout, goal_of(env.rollout), vm)
    assert [finding.detail for finding in found if finding.result == "fail"] == [
        "the app's identity lacks the right Microsoft.ManagedIdentity/userAssignedIdentities/assign/action on the "
        "user-assigned identity id-desktops, which hosts have, needed to create replaced VMs"
    ]


def test_fifty_hosts_that_begin_in_one_pass_cost_few_reads_of_the_version() -> None:
    env = office(*[0] * 50)
    clock = lambda: env.now.timestamp()  # noqa: E731, PLW0108 - `now` is another object each time
    # As in a worker; elsewhere the tests read everything anew.
    vars(env.app)["services"] = replace(env.services, read_cache=ReadThroughCache(clock))
    env.publish(force=600, policy=EAGER, replicas=5)
    env.run_to_minute()
    assert_all_well(env)
    assert env.world.count("version", NEW) < 10


def test_host_is_left_alone_when_the_version_that_it_goes_back_to_is_gone() -> None:
    env = office(0, 0, 0)
    env.publish(force=600, policy={"max_in_flight": 1, "canary_hosts": 0, "min_available": 0, "keep_old_disk_days": 0})
    env.run_to_minute(240, until=lambda: any(row.state is HostState.DONE for row in env.rows.values()))
    del env.world.versions[DEFINITION_ID.lower()][OLD]
    removed = env.world.count("remove_session_host")
    env.command(state=RolloutState.ROLLING_BACK, rollback=Rollback(since=env.now))
    env.run_to_minute()
    assert env.world.count("remove_session_host") <= removed + 1  # one was under way
    assert {row.state for row in env.rows.values()} >= {HostState.FAILED, HostState.SKIPPED}
    assert "not in the gallery any more" in " ".join(row.error for row in env.rows.values())


def test_rollout_that_rolls_back_is_not_stopped_by_the_version_it_leaves() -> None:
    env = office(0, 0, 0)
    env.publish(force=600, policy={"max_in_flight": 1, "canary_hosts": 0, "min_available": 0})
    env.run_to_minute(240, until=lambda: any(row.state is HostState.DONE for row in env.rows.values()))
    image_rolled_back(env)
    version_deleted(env)
    env.command(state=RolloutState.ROLLING_BACK, rollback=Rollback(since=env.now))
    env.run_to_minute()
    assert env.rollout.state is RolloutState.ROLLED_BACK, env.rollout.note
    assert env.versions() == {OLD}


def test_begun_rollout_goes_on_when_a_newer_version_is_activated() -> None:
    env = office(0, 0, 0)
    env.publish(force=600, policy={"max_in_flight": 1, "canary_hosts": 0})
    env.run_to_minute(240, until=lambda: any(row.state is HostState.DONE for row in env.rows.values()))
    newer_activated(env)
    env.run_to_minute()
    assert_all_well(env)


def test_rollout_that_has_not_begun_pauses_when_a_newer_version_is_activated() -> None:
    env = office(0)
    env.publish(ScheduleMode.AT, begin=600)
    env.at(300, lambda: newer_activated(env))
    env.run_to_minute(700)
    assert_paused(env)


def newer_activated(env: RolloutEnvironment) -> None:
    replaced = version_row(NEW, VersionState.BACKUP, retired_at=env.now)
    record_family(env.tables.versions, version_set("3.0.0", backups=(OLD,), others=(replaced,), activated_at=env.now))


def test_checks_that_azure_is_too_busy_for_delay_the_rollout_and_are_tried_again() -> None:
    env = office(0)
    env.publish(ScheduleMode.AT, begin=60, policy={"warn_minutes": ()})
    busy = AzureBusy("version", 429, "TooManyRequests", "slow down", retry_after=120)
    env.at(50, lambda: env.world.fail("version", busy, times=50))
    env.run_to_minute(70)
    assert env.rollout.state is RolloutState.SCHEDULED
    assert env.rollout.note
    assert env.rollout.note.code == Code.CHECKS_DELAYED
    assert env.rollout.note.at == NOON + timedelta(hours=13)
    assert not any(env.world.count(call) for call in CHANGES)
    env.run_to_minute()
    assert_all_well(env)


def test_checks_that_azure_stays_too_busy_for_pause_the_rollout() -> None:
    env = office(0)
    env.publish(ScheduleMode.AT, begin=60, policy={"warn_minutes": ()})
    busy = AzureBusy("version", 429, "TooManyRequests", "slow down", retry_after=120)
    env.at(50, lambda: env.world.fail("version", busy, times=10_000))
    env.run_to_minute(15 * 60)
    assert_paused(env)


def test_rollouts_checks_at_its_request_count_when_it_begins_at_once() -> None:
    env = office(0)
    env.publish(ScheduleMode.NOW, fields={"checks": Checks(passed_at=NOON)})
    env.run_to_minute(5)
    assert env.world.count("permissions", HOST_POOL_ID) <= 1  # of the host alone
    assert env.tables.pools.find(POOLS, "office")
