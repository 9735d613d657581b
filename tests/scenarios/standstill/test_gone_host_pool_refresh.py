"""The standing refresh of a host pool that is gone: it gives its hosts back, goes on if it returns, and can end."""

from __future__ import annotations

from shared.core.names import EXCLUSION_TAG, ROLLOUT_TAG
from shared.core.states import RolloutState
from tests.fixtures.scenarios.refresh import EAGER, Office, office
from tests.fixtures.world.azure import HOST_POOL_ID, vm_id_of


def while_a_host_is_drained() -> Office:
    """A used host is drained, and settles; nobody was on the other one."""
    found = office(0, 0, policy=EAGER | {"settle_seconds": 900})
    found.minutes(5)
    found.use("host-01")
    found.minutes(2)
    assert [row.state.value for row in found.rows.values()] == ["draining", "pending"]
    return found


def assert_given_back(found: Office) -> None:
    assert not {EXCLUSION_TAG, ROLLOUT_TAG} & set(found.machine("host-01").tags)
    assert {row.state.value for row in found.rows.values()} == {"skipped"}


def test_after_the_limit_it_gives_its_hosts_back_and_stands() -> None:
    found = while_a_host_is_drained()
    found.world.delete_pool()
    found.hours(11.9)
    assert EXCLUSION_TAG in found.machine("host-01").tags
    found.hours(0.3)
    assert_given_back(found)
    assert found.refresh_rollout_row.state is RolloutState.RUNNING
    note = found.app.send("GET", "/api/pools/office").json["freshness"]["note"]
    assert note["code"] == "pool_unreadable"
    rollouts = len(found.app.tables.rollouts.all("rollout"))
    found.hours(24)
    assert len(found.app.tables.rollouts.all("rollout")) == rollouts == 1


def test_it_goes_on_when_the_pool_is_there_again() -> None:
    found = while_a_host_is_drained()
    pool, hosts = dict(found.world.pools), dict(found.world.hosts[HOST_POOL_ID.lower()])
    found.world.delete_pool()
    found.hours(13)
    found.world.pools.update(pool)
    found.world.hosts[HOST_POOL_ID.lower()] = {
        name: host.model_copy(update={"accepting": True}) for name, host in hosts.items()
    }
    found.hours(1)
    found.use("host-02")
    found.hours(3)
    assert found.rebuilt("host-02") == 1
    assert found.app.pool().unreadable_since is None
    assert found.app.send("GET", "/api/pools/office").json["freshness"]["note"] is None


def test_it_ends_at_once_when_it_is_switched_off() -> None:
    found = while_a_host_is_drained()
    found.world.delete_pool()
    reply = found.app.send("DELETE", "/api/pools/office")
    assert reply.status == 409
    found.minutes(1)
    assert found.refresh_rollout_row.state is RolloutState.CANCELLED
    assert_given_back(found)
    assert found.app.send("DELETE", "/api/pools/office").status == 204


def test_force_unregisters_it_while_a_host_is_in_work() -> None:
    found = office(0, 0, policy=EAGER)
    found.minutes(5)
    found.use("host-01")
    found.env.run(1, until=lambda: found.world.under_way("reimage", vm_id_of("host-01")) is not None)
    refresh = found.app.pool().refresh_rollout
    found.world.delete_pool()
    while found.app.send("DELETE", "/api/pools/office?force=true").status == 409:  # while it is being re-imaged
        found.minutes(1)
    assert found.app.tables.pools.find("pool", "office") is None
    rows = {row.host: row.state.value for row in found.app.tables.hosts.all(refresh)}
    assert rows == {"host-01": "failed", "host-02": "skipped"}
    assert found.app.rollout(refresh).state is RolloutState.CANCELLED
    assert EXCLUSION_TAG not in found.machine("host-01").tags
    found.hours(3)
    assert found.env.idle
