"""What a refresh asks of Azure while there is nothing to do, and what it says while it can do nothing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.core.codes import Code
from shared.core.errors import AzureNotFound
from shared.core.states import RolloutState
from shared.models.azure import Permissions
from tests.fixtures.scenarios.refresh import EAGER, Office, assert_in_service, office
from tests.fixtures.world.azure import DEFINITION_ID, vm_id_of
from tests.scenarios.refresh.test_rollout_takes_precedence import publish

AFTER_MIDNIGHT = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)


def calls_in(pool: Office, minutes: float) -> Counter[str]:
    """What is asked of Azure meanwhile, and how often."""
    before = len(pool.world.calls)
    pool.minutes(minutes)
    return Counter(method for method, _ in pool.world.calls[before:])


def next_of(pool: Office) -> Any:
    """What the refresh says comes next."""
    return pool.app.send("GET", f"/api/rollouts/{pool.refresh_rollout_row.id}").json["next"]


def test_a_registration_without_a_vm_is_not_read_at_each_pass() -> None:
    pool = office(0, 0)
    kept = pool.world.machines.pop(vm_id_of("host-01").lower())
    pool.world.change_host(vm_id_of("host-01"), status="Unavailable")
    pool.minutes(5)
    assert "does not exist" in pool.rows["host-01"].reason.text
    assert "machines" not in calls_in(pool, 60)
    pool.world.machines[kept.id.lower()] = kept
    pool.world.change_host(kept.id, status="Available")
    pool.use("host-01")
    pool.hours(2)
    assert pool.rebuilt("host-01") == 1, "it has a VM again"


def test_completed_hosts_are_neither_read_nor_written_while_the_refresh_is_switched_off() -> None:
    pool = office(1, 0, 0, policy=EAGER)
    pool.minutes(5)
    pool.world.log_off("host-01")
    pool.env.run(2, until=lambda: pool.in_work() == 1)
    pool.world.resumes_needed = 60
    pool.minutes(2)
    pool.put("off")
    pool.minutes(3)
    etags = {host: row.etag for host, row in pool.rows.items() if row.state.ended}
    assert set(etags) == {"host-02", "host-03"}
    assert "machines" not in calls_in(pool, 10)
    assert pool.refresh_rollout_row.state is RolloutState.CANCELLING
    assert {host: pool.rows[host].etag for host in etags} == etags


def drained_after_midnight() -> Office:
    """A pool that is refreshed daily, after midnight: all of its hosts are drained, and people are still on them."""
    pool = office(1, 2, refresh="daily", policy=EAGER, timers=False)
    pool.until(AFTER_MIDNIGHT)
    assert not any(host.accepting for host in pool.hosts.values())
    return pool


def test_hosts_do_not_stay_drained_for_a_version_without_a_replica_in_their_region() -> None:
    pool = drained_after_midnight()
    versions = pool.world.versions[DEFINITION_ID.lower()]
    versions["1.0.0"] = versions["1.0.0"].model_copy(update={"replicas": {}})
    pool.world.log_off("host-01")
    pool.minutes(5)
    assert_in_service(pool, "host-01", "host-02")
    assert str(pool.refresh_rollout_row.note) == "waits: version 1.0.0 is not replicated to the hosts' region"
    assert next_of(pool)["code"] == pool.refresh_rollout_row.note.code


def test_hosts_are_not_kept_drained_when_the_image_definition_is_gone() -> None:
    pool = drained_after_midnight()
    gone = AzureNotFound("gallery_images.get", 404, "NotFound", "win11 was not found.")
    pool.world.fail("versions", gone, times=10**6)
    pool.minutes(5)
    assert_in_service(pool, "host-01", "host-02")
    assert str(pool.refresh_rollout_row.note).startswith("waits: ")
    pool.world.faults.clear()
    pool.minutes(5)
    assert not pool.hosts["host-01"].accepting, "it goes on"


@pytest.mark.parametrize("held_up", ["paused", "a rollout"])
def test_a_blocked_refresh_shows_the_reason_and_offers_only_accepted_commands(held_up: str) -> None:
    pool = office(1, 0)
    pool.minutes(5)
    if held_up == "paused":
        assert pool.app.send("POST", f"/api/rollouts/{pool.refresh_rollout_row.id}/pause").status == 202
        assert next_of(pool)["text"] == "It is paused until somebody resumes it."
    else:
        rollout = publish(pool)
        pool.minutes(3)
        assert next_of(pool)["text"] == "Waits for the end of a rollout."
        assert next_of(pool)["href"] == f"/api/rollouts/{rollout}"


def test_a_refresh_pauses_when_a_right_is_withdrawn_and_its_hosts_keep_serving() -> None:
    pool = office(0, 0)
    pool.hours(1)
    before = pool.rebuilt()
    pool.world.permissions = Permissions(granted=((("*",), ("Microsoft.Compute/virtualMachines/reimage/action",)),))
    pool.use("host-01")
    pool.hours(1)
    row = pool.refresh_rollout_row
    assert row.state is RolloutState.PAUSED
    assert row.note
    assert row.note.code == Code.CHECKS_FAILED
    assert pool.rebuilt() == before
    assert_in_service(pool, "host-01", "host-02")
    pool.world.permissions = Permissions(granted=((("*",), ()),))
    assert pool.app.send("POST", f"/api/rollouts/{row.id}/resume").status == 202
    pool.hours(1)
    assert pool.rebuilt("host-01") == 1
