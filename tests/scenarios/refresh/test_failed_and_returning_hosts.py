"""Hosts that have failed, were put right or have left, and a refresh that goes on for weeks: nobody is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureBusy, AzureRefused
from shared.core.states import HostState
from tests.fixtures.scenarios.refresh import EAGER, Office, assert_fresh, assert_in_service, office
from tests.fixtures.scenarios.rollouts import registering
from tests.fixtures.world.azure import vm_id_of
from tests.scenarios.refresh.test_rollout_takes_precedence import QUICK, ended, publish

FRAGILE = {**EAGER, "retries": 0, "max_failed": 9}
HALF = {"min_available": "50%", "max_unavailable": "100%"}


def switch_off(pool: Office, host: str) -> None:
    """Autoscale has no need of a host."""
    key = vm_id_of(host).lower()
    pool.world.machines[key] = pool.world.machines[key].model_copy(update={"power": "deallocated"})
    pool.world.change_host(key, status="Shutdown")


def undrain(pool: Office, host: str) -> None:
    """Somebody has put a host right and lets it accept sessions."""
    pool.world.change_host(vm_id_of(host), accepting=True, status="Available")


def remove(pool: Office, host: str) -> None:
    """Somebody deletes a host with its VM."""
    pool.hosts.pop(host)
    pool.world.machines.pop(vm_id_of(host).lower())


def failed(pool: Office, *hosts: str) -> None:
    """Let hosts fail that were used: once registered, they are never healthy."""
    pool.minutes(5)
    pool.world.register_works = False
    for host in hosts:
        pool.world.log_off(host)
    pool.env.run(12, until=lambda: all(pool.rows[host].state is HostState.FAILED for host in hosts))
    pool.world.register_works = True
    pool.minutes(3)


def lost(pool: Office, host: str) -> None:
    """Let a host fail while it is out of the host pool: it cannot be registered."""
    pool.minutes(5)
    pool.world.refuse("start_register")
    pool.world.log_off(host)
    pool.env.run(6, until=lambda: pool.rows[host].state is HostState.FAILED)
    pool.world.faults.clear()
    assert host not in pool.hosts


def retry(pool: Office) -> None:
    """Ask for another try of what has failed."""
    assert pool.app.send("POST", f"/api/rollouts/{pool.refresh_rollout_row.id}/retry").status == 202


def test_refreshed_hosts_that_autoscale_switched_off_do_not_block_the_others() -> None:
    pool = office(1, 1, 0, 0, policy=HALF)
    pool.minutes(5)
    for host in ("host-01", "host-02"):
        pool.world.log_off(host)
    pool.hours(4)
    assert_fresh(pool, "host-01", "host-02")
    for host in ("host-01", "host-02"):
        switch_off(pool, host)
    pool.use("host-03")
    pool.hours(4)
    assert_fresh(pool, "host-03")


def test_deleted_failed_hosts_are_removed_and_block_no_other_host() -> None:
    pool = office(1, 1, 0, 0, policy={**HALF, "retries": 0, "max_failed": 9})
    failed(pool, "host-01", "host-02")
    for host in ("host-01", "host-02"):
        remove(pool, host)
    pool.use("host-03")
    pool.hours(4)
    assert_fresh(pool, "host-03")
    assert set(pool.rows) == {"host-03", "host-04"}
    assert pool.refresh_rollout_row.progress.last_pass
    assert pool.refresh_rollout_row.progress.last_pass.hosts == 2


def test_a_retry_removes_a_lost_host_whose_vm_was_deleted() -> None:
    pool = office(1, 0, policy=FRAGILE)
    lost(pool, "host-01")
    pool.world.machines.pop(vm_id_of("host-01").lower())
    pool.minutes(30)
    assert pool.rows["host-01"].state is HostState.FAILED, "only we know that it was there"
    retry(pool)
    pool.hours(1)
    assert set(pool.rows) == {"host-02"}


def test_a_failed_host_that_was_missing_for_a_while_stays_drained() -> None:
    pool = office(1, 0, policy=FRAGILE)
    failed(pool, "host-01")
    away = pool.hosts.pop("host-01")
    pool.minutes(10)
    assert "host-01" not in pool.rows
    pool.hosts["host-01"] = away
    pool.hours(2)
    assert pool.rows["host-01"].reason.text == "a rollout failed on it: fix it, then undrain it"
    assert pool.rebuilt("host-01") == 1


def test_a_host_that_leaves_and_rejoins_the_pool_is_refreshed_again() -> None:
    pool = office(0, 0, policy=EAGER)
    pool.use("host-01")
    pool.hours(1)
    away = pool.hosts.pop("host-01")
    pool.minutes(10)
    pool.hosts["host-01"] = away
    pool.use("host-01")
    pool.hours(1)
    assert_fresh(pool, "host-01")
    assert pool.rebuilt("host-01") == 2


def test_a_list_older_than_the_drain_of_a_failed_host_does_not_restart_the_host() -> None:
    pool = office(1, 0, policy=FRAGILE)
    pool.minutes(5)
    pool.world.register_works = False
    pool.world.log_off("host-01")
    pool.env.run(6, until=lambda: pool.rows["host-01"].state is HostState.FAILED)
    undrain(pool, "host-01")
    pool.minutes(0.1)  # the look that a failure brings forward
    pool.world.change_host(vm_id_of("host-01"), accepting=False)
    pool.hours(1)
    assert pool.rows["host-01"].state is HostState.FAILED
    assert not pool.rows["host-01"].found.operator_drained, "our drain is none of an operator's"


def test_a_repaired_host_loses_its_failure_tag_and_an_operators_drain_is_respected() -> None:
    pool = office(1, 0, policy=FRAGILE)
    failed(pool, "host-01")
    undrain(pool, "host-01")
    pool.minutes(5)
    assert_in_service(pool, "host-01")
    assert pool.rows["host-01"].use.used_at is None, "its disk was renewed before it failed"
    pool.world.change_host(vm_id_of("host-01"), accepting=False)
    pool.put("off")
    pool.minutes(5)
    pool.put("after_logoff")
    pool.minutes(5)
    assert pool.rows["host-01"].reason.text == "fresh"


def test_a_host_that_could_not_be_drained_is_not_counted_as_fresh_when_it_is_undrained() -> None:
    pool = office(1, 0, policy=FRAGILE)
    pool.minutes(5)
    pool.world.fail("set_accepting", AzureRefused("session_hosts.update", 400, "Boom", "it did not work"))
    pool.world.log_off("host-01")
    pool.env.run(6, until=lambda: pool.rows["host-01"].state is HostState.FAILED)
    pool.minutes(5)
    undrain(pool, "host-01")
    pool.hours(2)
    assert_fresh(pool, "host-01")
    assert pool.rebuilt("host-01") == 1


def test_a_host_repaired_before_its_retry_is_treated_like_any_other() -> None:
    nights = [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "20:00", "to": "23:00"}]
    slow = {**FRAGILE, "settle_seconds": 300}
    pool = office(1, 0, policy=slow)
    failed(pool, "host-01")
    pool.put("after_logoff", policy={**slow, "windows": nights})
    pool.minutes(2)
    retry(pool)
    pool.minutes(2)
    undrain(pool, "host-01")
    pool.use("host-01")
    pool.put("after_logoff", policy={**slow, "windows": []})
    pool.env.run(1, until=lambda: not pool.hosts["host-01"].accepting)
    pool.world.log_on("host-01", "brokered during the drain")
    pool.minutes(30)
    assert_in_service(pool, "host-01")


def test_a_failed_return_to_service_is_repeated_until_it_succeeds() -> None:
    pool = office(1, 0, policy=FRAGILE)
    key = vm_id_of("host-01").lower()
    before = {"os_disk_delete_option": "Detach", "tags": {"ScalingPlanExclusion": "ops"}}
    pool.world.machines[key] = pool.world.machines[key].model_copy(update=before)
    pool.minutes(5)
    pool.world.log_off("host-01")
    pool.env.run(6, until=lambda: registering(pool.world))
    pool.world.refuse("update")
    pool.hours(2)
    assert pool.hosts["host-01"].serving
    pool.world.faults.clear()
    pool.minutes(5)
    machine = pool.world.machines[key]
    assert {"os_disk_delete_option": machine.os_disk_delete_option, "tags": machine.tags} == before


@pytest.mark.parametrize("then", ["rollout", "retry"])
def test_a_host_that_could_not_be_switched_off_is_not_mistaken_for_an_operators_drain(then: str) -> None:
    pool = office(1, 0, policy=QUICK)
    pool.minutes(5)
    pool.world.log_off("host-01")
    switch_off(pool, "host-01")
    pool.world.fail("start_deallocate", AzureRefused("deallocate", 400, "Boom", "it did not work"), times=2)
    pool.env.run(4, until=lambda: pool.rows["host-01"].state is HostState.FAILED)
    if then == "retry":
        retry(pool)
        pool.hours(2)
    else:
        rollout = publish(pool, hours=0.5)
        pool.env.run(6, until=lambda: ended(pool, rollout))
    assert pool.hosts["host-01"].accepting
    assert pool.machine("host-01").power == "deallocated"


def test_a_session_while_azure_throttles_the_return_to_service_counts_as_use() -> None:
    pool = office(1, 0, policy=EAGER)
    pool.minutes(5)
    pool.world.log_off("host-01")
    pool.env.run(2, until=lambda: registering(pool.world))
    pool.world.fail("update", AzureBusy("storm", 429, "TooManyRequests", "slow down", retry_after=60.0), times=30)
    pool.minutes(3)
    pool.use("host-01")
    assert pool.rows["host-01"].state is HostState.VERIFYING
    pool.hours(3)
    assert_fresh(pool, "host-01")
    assert pool.rebuilt("host-01") == 2


def test_each_use_starts_with_the_full_number_of_attempts() -> None:
    policy: dict[str, Any] = {**EAGER, "strategy": "replace", "retries": 1}
    refused = AzureRefused("virtual_machines.get", 400, "Boom", "it did not work")
    pool = office(0, 0, policy=policy)
    pool.use("host-01")
    pool.world.fail("recreation_body", refused)
    pool.env.run(1, until=lambda: pool.world.count("recreation_body") > 0)
    pool.world.log_on("host-01", "somebody who comes before the next attempt")
    pool.minutes(30)
    pool.world.log_off("host-01")
    pool.world.fail("recreation_body", refused)
    pool.hours(2)
    assert_fresh(pool, "host-01")
