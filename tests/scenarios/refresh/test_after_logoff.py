"""Hosts that were used are made fresh: after their last log-off, once for each use, whoever comes and whatever dies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.pools import ReimageSupport
from tests.fixtures.scenarios.refresh import EAGER, assert_fresh, assert_in_service, office
from tests.fixtures.world.azure import HOST_POOL_ID, vm_id_of


def test_a_used_host_is_refreshed_once_after_its_last_session() -> None:
    pool = office(0, 2, 0)
    pool.minutes(30)
    assert pool.rebuilt() == 0
    assert pool.hosts["host-02"].accepting, "a host in use is not drained"
    pool.world.log_off("host-02")
    pool.hours(4)
    assert_fresh(pool, "host-02")
    assert pool.rebuilt() == pool.rebuilt("host-02") == 1
    assert {pool.rows[name].reason.text for name in ("host-01", "host-03")} == {"fresh"}


def test_each_use_leads_to_one_refresh_with_a_new_disk() -> None:
    pool = office(0, 0)
    disks = set()
    for uses in range(1, 4):
        pool.use("host-01")
        pool.hours(3)
        assert_fresh(pool, "host-01")
        assert pool.rebuilt("host-01") == uses
        disks.add(pool.world.machines[vm_id_of("host-01").lower()].os_disk_id)
    assert len(disks) == 3
    assert pool.rebuilt("host-02") == 0


@pytest.mark.parametrize("option", ["Detach", "Delete"])
def test_used_disks_are_deleted_and_the_vm_keeps_its_delete_option(option: str) -> None:
    pool = office(0, 0, policy={"keep_old_disk_days": 7})
    key = vm_id_of("host-01").lower()
    pool.world.machines[key] = pool.world.machines[key].model_copy(update={"os_disk_delete_option": option})
    before = len(pool.world.disks)
    for _ in range(2):
        pool.use("host-01")
        pool.hours(1)
        assert_fresh(pool, "host-01")
    assert len(pool.world.disks) == before
    assert pool.machine("host-01").os_disk_delete_option == option
    assert pool.app.tables.disks.every() == []


def test_a_refresh_signs_nobody_out_and_warns_nobody() -> None:
    pool = office(2, 1, policy={"warn_minutes": [60, 5], "min_available": 0})
    pool.hours(12)
    assert pool.rebuilt() == 0
    pool.world.log_off("host-01")
    pool.hours(2)
    assert_fresh(pool, "host-01")
    assert pool.world.count("sign_out") == 0
    assert pool.world.messages == []


def test_a_user_who_signs_in_during_the_drain_keeps_working_and_the_host_is_refreshed_afterwards() -> None:
    pool = office(0, 0)
    pool.use("host-01")
    pool.env.run(1, until=lambda: not pool.hosts["host-01"].accepting)
    pool.world.log_on("host-01", "brokered during the drain")
    pool.minutes(30)
    assert pool.rebuilt() == 0
    assert pool.hosts["host-01"].accepting, "a host in use is given back"
    assert_in_service(pool, "host-01")
    pool.world.log_off("host-01")
    pool.hours(2)
    assert_fresh(pool, "host-01")
    assert pool.rebuilt("host-01") == 1


def test_a_session_just_before_the_rebuild_stops_the_rebuild() -> None:
    pool = office(0, 0)
    pool.use("host-01")
    pool.env.run(1, until=lambda: pool.rows["host-01"].state.in_work)
    pool.world.log_on("host-01", "last second")
    pool.minutes(30)
    assert pool.rebuilt() == 0
    pool.world.log_off("host-01")
    pool.hours(2)
    assert_fresh(pool, "host-01")


def test_a_recorded_use_survives_a_restart_of_the_app() -> None:
    pool = office(1, 0)
    pool.minutes(5)
    assert pool.rows["host-01"].use.used_at
    pool.env.die_at_call(1)
    pool.world.log_off("host-01")  # nobody looks at that moment, nor for a while
    pool.hours(3)
    assert pool.env.died == 1
    assert_fresh(pool, "host-01")
    assert pool.rebuilt("host-01") == 1


def test_a_refresh_respects_min_available_and_max_in_flight() -> None:
    pool = office(*[1] * 10, policy={"min_available": "50%", "max_unavailable": "100%", "max_in_flight": 2})
    pool.minutes(5)
    least, most = [10], [0]
    pool.env.each_step += [
        lambda: least.append(sum(host.serving for host in pool.hosts.values())),
        lambda: most.append(pool.in_work()),
    ]
    for number in range(1, 11):
        pool.world.log_off(f"host-{number:02}")
    pool.hours(12)
    assert_fresh(pool, *(f"host-{number:02}" for number in range(1, 11)))
    assert min(least) >= 5
    assert max(most) == 2
    assert pool.rebuilt() == 10


def test_a_pool_of_one_host_stays_in_service_unless_the_policy_allows_zero() -> None:
    pool = office(0)
    pool.use("host-01")
    pool.hours(3)
    assert pool.rebuilt() == 0
    assert "1 host must accept sessions" in pool.rows["host-01"].reason.text
    pool.put("after_logoff", policy={"min_available": 0})
    pool.hours(2)
    assert_fresh(pool, "host-01")


def test_hosts_are_rebuilt_inside_the_windows_only_and_their_use_is_recorded_outside() -> None:
    nights = [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "20:00", "to": "23:00"}]
    pool = office(0, 0, policy={"windows": nights, **EAGER})  # it is Monday, ten in the morning there
    pool.use("host-01")
    pool.hours(8)
    assert pool.rows["host-01"].use.used_at
    assert pool.hosts["host-01"].accepting
    assert pool.rebuilt() == 0
    began: list[int] = []
    pool.env.each_step.append(lambda: began.extend([pool.app.now.hour] if pool.rebuilt() and not began else []))
    pool.hours(6)
    assert_fresh(pool, "host-01")
    assert began == [19], "20:00 in Berlin is 19:00 in UTC"


def test_a_failed_host_stays_drained_and_tagged_and_too_many_failures_pause_the_refresh() -> None:
    pool = office(1, 1, 1, 0, policy={"retries": 0, "max_failed": 1, **EAGER})
    pool.world.register_works = False
    pool.minutes(5)
    for name in ("host-01", "host-02"):
        pool.world.log_off(name)
    pool.env.run(12, until=lambda: pool.refresh_rollout_row.state is RolloutState.PAUSED)
    assert "2 hosts failed" in str(pool.refresh_rollout_row.note)
    failed = {name for name, row in pool.rows.items() if row.state is HostState.FAILED}
    assert failed == {"host-01", "host-02"}
    assert not any(pool.hosts[name].accepting for name in failed)
    pool.world.log_off("host-03")
    pool.hours(2)
    assert pool.rebuilt("host-03") == 0, "a paused refresh begins nothing"
    assert pool.rows["host-03"].use.used_at, "but it notices"

    pool.world.register_works = True
    assert pool.app.send("POST", f"/api/rollouts/{pool.refresh_rollout_row.id}/retry").status == 202
    pool.hours(4)
    assert_fresh(pool, "host-01", "host-02", "host-03")
    assert pool.refresh_rollout_row.state is RolloutState.RUNNING
    assert pool.rebuilt("host-01") == 1, "its disk was renewed before it failed: only the rest is done again"


def test_a_resumed_refresh_continues_with_the_other_hosts_and_counts_failures_from_zero() -> None:
    pool = office(1, 1, 1, 1, policy={"retries": 0, "max_failed": 0, **EAGER})
    pool.world.register_works = False
    pool.minutes(5)
    pool.world.log_off("host-01")
    pool.env.run(12, until=lambda: pool.refresh_rollout_row.state is RolloutState.PAUSED)
    pool.world.register_works = True
    assert pool.app.send("POST", f"/api/rollouts/{pool.refresh_rollout_row.id}/resume").status == 202
    pool.world.log_off("host-02")
    pool.hours(3)
    assert_fresh(pool, "host-02")
    pool.world.change_host(vm_id_of("host-01"), accepting=True, status="Available")  # somebody has put it right
    pool.minutes(5)
    assert pool.rows["host-01"].state is HostState.PENDING
    pool.world.register_works = False
    pool.world.log_off("host-03")
    pool.env.run(12, until=lambda: pool.refresh_rollout_row.state is RolloutState.PAUSED)
    assert str(pool.refresh_rollout_row.note).startswith("1 host failed,")


def test_drained_and_switched_off_hosts_return_to_their_original_state() -> None:
    pool = office(1, 1, 0, 0, policy=EAGER)
    pool.minutes(5)
    vm = vm_id_of("host-01")
    pool.world.change_host(vm, accepting=False)
    pool.world.log_off("host-01")
    pool.world.log_off("host-02")
    key = vm_id_of("host-02").lower()
    pool.world.machines[key] = pool.world.machines[key].model_copy(update={"power": "deallocated"})
    pool.world.change_host(key, status="Shutdown")
    pool.hours(3)
    assert pool.rebuilt("host-01") == pool.rebuilt("host-02") == 1
    assert not pool.hosts["host-01"].accepting
    assert pool.world.machines[key].power == "deallocated"


def test_a_host_that_leaves_the_pool_is_removed_and_a_new_host_of_its_name_gets_a_new_row() -> None:
    pool = office(0, 1)
    pool.minutes(5)
    gone = pool.hosts.pop("host-02")
    pool.world.log_off("host-02")
    pool.minutes(20)
    assert "host-02" not in pool.rows
    assert pool.refresh_rollout_row.progress.last_pass
    assert pool.refresh_rollout_row.progress.last_pass.hosts == 1
    pool.hosts["host-02"] = gone
    pool.hours(2)
    assert pool.rows["host-02"].use.used_at is None
    assert pool.rebuilt() == 0


def test_a_reimage_to_the_same_version_does_not_prove_that_reimaging_can_change_the_version() -> None:
    pool = office(1, 1, 1, 0, policy=EAGER)
    pool.minutes(5)
    for name in ("host-01", "host-02", "host-03"):
        pool.world.log_off(name)
    pool.hours(6)
    assert_fresh(pool, "host-01", "host-02", "host-03")
    assert pool.app.pool().reimage is ReimageSupport.UNKNOWN


def test_a_vm_that_reimaging_does_not_change_is_replaced() -> None:
    pool = office(1, 0, policy=EAGER)
    pool.minutes(5)
    renew = pool.world.new_disk
    old = pool.world.machines[vm_id_of("host-01").lower()].os_disk_id
    pool.world.new_disk = lambda *_: old  # type: ignore[method-assign, assignment, return-value]
    pool.world.meanwhile("start_create", lambda: setattr(pool.world, "new_disk", renew))
    pool.world.log_off("host-01")
    pool.hours(4)
    assert_fresh(pool, "host-01")
    assert pool.world.count("start_reimage") == 1
    assert pool.rows["host-01"].rebuild.strategy == "replace"


def test_short_sessions_between_two_passes_are_not_noticed() -> None:
    """docs/refresh.md says so too: the broker keeps no record of earlier sessions."""
    pool = office(0, 0, policy={"poll_seconds": 900})
    pool.minutes(20)
    pool.use("host-01", minutes=1)
    pool.hours(3)
    assert pool.rows["host-01"].reason.text == "fresh"


def test_a_logoff_event_brings_the_next_pass_forward() -> None:
    pool = office(1, 0, policy={"poll_seconds": 900, "settle_seconds": 0, **EAGER})
    pool.minutes(20)
    before = pool.app.now
    pool.world.log_off("host-01")
    event = {"host": "host-01", "utc": pool.app.now.isoformat()}
    assert pool.app.send("POST", "/api/events/logoff", event).status == 202
    pool.env.run(1, until=lambda: pool.rebuilt() > 0)
    assert pool.app.now < before + timedelta(minutes=2)


@pytest.mark.parametrize("moved", ["off", "daily"])
def test_a_drained_host_returns_to_service_when_the_refresh_is_switched_off(moved: str) -> None:
    pool = office(0, 0)
    pool.use("host-01")
    pool.env.run(1, until=lambda: not pool.hosts["host-01"].accepting)
    pool.put(moved)
    pool.hours(3)
    assert pool.rebuilt() == 0
    assert_in_service(pool, "host-01")
    assert pool.world.hosts[HOST_POOL_ID.lower()]["host-01"].accepting
