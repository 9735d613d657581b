"""A pool whose host pool is deleted, moved or closed to the app: told, unregistered with force, and in nobody's way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import AzureBusy
from shared.core.names import EXCLUSION_TAG
from shared.core.states import RolloutState
from shared.images.usage import read_usage
from shared.pools.watch import watch_pools
from shared.services import IMAGES, POOLS, ROLLOUTS
from tests.fixtures.app import App, Reply, change_pool, office, update
from tests.fixtures.engine import Environment
from tests.fixtures.world.azure import HOST_POOL_ID, vm_id_of

FORCE = "/api/pools/office?force=true"
MOVED = HOST_POOL_ID.replace("hp-office", "hp-moved")


def updating() -> tuple[App, Environment, str]:
    """A rollout has a host in work, and users on the others."""
    app = office()
    environment = Environment(app)
    body = {"schedule": {"mode": "on_logoff", "deadline": "2026-11-09T09:00"}, "policy": {"strategy": "reimage"}}
    rollout_id = str(update(app, body).json["id"])
    environment.run(3, until=lambda: app.world.under_way("reimage", vm_id_of("h0.contoso.local")) is not None)
    return app, environment, rollout_id


def force(app: App, environment: Environment) -> Reply:
    """Ask until Azure has finished what it was doing with the VMs."""
    for _ in range(10):
        if (reply := app.send("DELETE", FORCE)).status != 409:
            return reply
        environment.run(0.02)
    return reply


class TestForce:
    """`DELETE /api/pools/{pool}?force=true`."""

    @pytest.mark.parametrize("forbidden", [False, True])
    def test_it_ends_the_rollout_and_its_hosts_once(self, forbidden: bool) -> None:
        app, environment, rollout_id = updating()
        if forbidden:
            for read in ("host_pool", "session_hosts", "session_host", "set_accepting"):
                app.world.refuse(read)
        else:
            app.world.delete_pool()
        assert app.send("DELETE", "/api/pools/office").status == 409
        assert app.send("DELETE", FORCE).status == 409  # the VM of one host is being re-imaged
        assert force(app, environment).status == 204
        rollout = app.rollout(rollout_id)
        assert (rollout.state, rollout.note and rollout.note.code) == (RolloutState.CANCELLED, "pool_unregistered")
        rows = app.tables.hosts.all(rollout_id)
        assert all(row.state.ended for row in rows)
        assert {row.host[:2]: row.state.value for row in rows}["h0"] == "failed"
        assert all(EXCLUSION_TAG not in machine.tags for machine in app.world.machines.values())
        assert app.tables.pools.find(POOLS, "office") is None
        environment.run(6)
        assert environment.idle  # no orchestration goes on without the pool
        assert {row.host: row.state for row in app.tables.hosts.all(rollout_id)} == {
            row.host: row.state for row in rows
        }

    def test_it_is_refused_while_the_host_pool_can_be_read(self) -> None:
        app, _, rollout_id = updating()
        reply = app.send("DELETE", FORCE)
        assert (reply.status, reply.json["rollout"]) == (409, rollout_id)
        assert app.rollout(rollout_id).state is RolloutState.RUNNING

    def test_it_is_refused_while_azure_is_busy(self) -> None:
        app, _, rollout_id = updating()
        app.world.fail("host_pool", AzureBusy("x", 503, "Busy", "later"))
        assert app.send("DELETE", FORCE).status == 503
        assert app.rollout(rollout_id).state is RolloutState.RUNNING

    def test_without_a_rollout_it_is_an_ordinary_request(self) -> None:
        app = office()
        assert app.send("DELETE", FORCE).status == 204
        assert app.send("DELETE", FORCE).status == 404

    def test_a_moved_host_pool_is_registered_again(self) -> None:
        app, environment, _ = updating()
        app.world.delete_pool()
        app.world.add_pool(MOVED)
        force(app, environment)
        body = {"host_pool_id": MOVED, "image": "win11", "join": {"kind": "entra"}, "time_zone": "UTC"}
        assert app.send("PUT", "/api/pools/office", body).status == 201


def gone_for(app: App, hours: float) -> None:
    change_pool(app, unreadable_since=app.now - timedelta(hours=hours))


class TestTold:
    """Lists stay readable, and health tells it."""

    def test_lists_and_health(self) -> None:
        app, _, rollout_id = updating()
        app.world.delete_pool()
        assert watch_pools(app.services) == ["office"]
        assert watch_pools(app.services) == ["office"]
        listed = app.send("GET", "/api/pools").json["items"]
        assert "host pool" in listed[0]["problem"]
        assert listed[0]["running_rollout"]["id"] == rollout_id
        assert listed[0]["unreadable_since"]
        health = app.send("GET", "/api/health/live").json
        assert (health["status"], health["checks"]["pools"]) == ("ok", "1 of 1 cannot be read")
        app.world.add_pool()
        assert watch_pools(app.services) == []
        assert "pools" not in app.send("GET", "/api/health/live").json["checks"]

    def test_health_asks_for_a_pool_that_can_be_read(self) -> None:
        app = office()
        app.world.add_pool(MOVED)
        there = {"name": "zoo", "host_pool_id": MOVED, "etag": None}
        app.tables.pools.add(app.pool().model_copy(update=there))
        app.world.delete_pool()
        watch_pools(app.services)
        checks = app.send("GET", "/api/health/live").json["checks"]
        assert (checks["azure"], checks["pools"]) == ("ok", "1 of 2 cannot be read")

    def test_registering_it_again_clears_it(self) -> None:
        app = office()
        gone_for(app, 1)
        body = {"host_pool_id": HOST_POOL_ID, "image": "win11", "join": {"kind": "entra"}, "time_zone": "UTC"}
        assert app.send("PUT", "/api/pools/office", body).json["unreadable_since"] is None


class TestVersions:
    """Who is gone keeps no version but those it is known to have."""

    @pytest.mark.parametrize("forbidden", [False, True])
    @pytest.mark.parametrize(("hours", "kept"), [(11, True), (13, False)])
    def test_retention_is_not_held_up_for_ever(self, hours: float, kept: bool, forbidden: bool) -> None:
        app = office()
        app.world.refuse("session_hosts") if forbidden else app.world.delete_pool()
        gone_for(app, hours)
        image = app.tables.images.find(IMAGES, "win11")
        assert image
        usage = read_usage(app.services)
        assert bool(usage.users_of(image, "9.0.0")) is kept
        assert usage.users_of(image, "1.0.0")  # the pool's own, until it is unregistered

    def test_the_last_known_versions_of_its_hosts_are_kept(self) -> None:
        app, _, rollout_id = updating()
        gone_for(app, 13)
        app.world.delete_pool()
        row = app.tables.hosts.all(rollout_id)[0]
        app.tables.hosts.replace(row.replace(version="1.5.0"))
        image = app.tables.images.find(IMAGES, "win11")
        assert image
        assert read_usage(app.services).users_of(image, "1.5.0") == [f"host {row.host} of pool office"]


def test_a_fleet_update_skips_it_with_the_reason() -> None:
    app = office()
    app.world.add_pool(MOVED)
    app.world.add_host("z0.contoso.local", host_pool_id=MOVED)
    app.tables.pools.add(app.pool().model_copy(update={"name": "zoo", "host_pool_id": MOVED, "etag": None}))
    app.world.delete_pool()
    gone_for(app, 13)
    environment = Environment(app)
    body = {"filter": {"image": "win11"}, "version": "2.0.0", "schedule": {"mode": "now"}}
    reply = app.send("POST", "/api/rollouts", body)
    assert reply.status == 202, reply.text
    task = environment.finish(reply.json["id"])
    assert task.state == "succeeded"
    assert task.pools
    assert {name: told.code for name, told in task.pools.skipped.items()} == {"office": "pool_gone"}
    assert {row.pool for row in app.tables.rollouts.all(ROLLOUTS)} == {"zoo"}


def test_its_settings_can_still_be_changed_but_not_its_image() -> None:
    app = office()
    change_pool(app, refresh="daily")
    app.world.delete_pool()
    assert app.send("PATCH", "/api/pools/office", {"refresh": "off"}).status == 400  # it may be an outage
    watch_pools(app.services)
    reply = app.send("PATCH", "/api/pools/office", {"refresh": "off"})
    assert (reply.status, reply.json["hosts"], app.pool().refresh) == (200, None, "off")
    assert app.pool().unreadable_since
    app.tables.images.add(app.tables.images.all("image")[0].model_copy(update={"name": "other", "etag": None}))
    assert app.send("PATCH", "/api/pools/office", {"image": "other"}).bad_fields == {"host_pool_id"}
