"""Registering and reading pools and images."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import AzureForbidden
from shared.models.pools import Ring
from shared.models.rollouts import RolloutHost
from shared.names import ROLLOUT_TAG
from shared.states import HostState, RolloutState
from tests.fixtures.app import App, Reply, office, update
from tests.fixtures.azure_world import HOST_POOL_ID, version_id_of

OTHER = HOST_POOL_ID.replace("hp-office", "hp-other")
ENTRA = {"kind": "entra"}


def put(app: App, name: str = "office", **body: Any) -> Reply:
    asked = {"host_pool_id": HOST_POOL_ID, "image": "win11", "join": ENTRA, "time_zone": "Europe/Berlin"} | body
    return app.send("PUT", f"/api/pools/{name}", asked)


def fresh() -> App:
    """An app with hosts and an image, but no pool."""
    app = office()
    app.send("DELETE", "/api/pools/office")
    return app


class TestRegister:
    """What cannot be published to is refused with the reason."""

    def test_a_new_pool_knows_the_version_most_hosts_are_on(self) -> None:
        app = fresh()
        app.world.add_host("h9.contoso.local", version="2.0.0")
        reply = put(app, time_zone="W. Europe Standard Time", ring="test", policy={"settle_seconds": 5})
        assert (reply.status, reply.headers["Location"]) == (201, "/api/pools/office")
        assert (app.pool().version, app.pool().time_zone, app.pool().ring) == ("1.0.0", "Europe/Berlin", Ring.TEST)
        assert reply.json["hosts_per_version"] == {"1.0.0": 3, "2.0.0": 1}
        assert reply.json["account"] == "default"

    def test_everything_that_is_wrong_is_named_at_once(self) -> None:
        reply = put(fresh(), host_pool_id="hp-office", image="none", time_zone="Mars")
        assert (reply.status, reply.bad_fields) == (400, {"host_pool_id", "image", "time_zone"})

    @pytest.mark.parametrize(
        ("join", "field"),
        [
            (
                {"kind": "ad", "domain": "d", "user": "u", "password_setting": "AzureWebJobsStorage"},
                "join.password_setting",
            ),
            (
                {"kind": "ad", "domain": "d", "user": "u", "password_setting": "JOIN_A", "password": "x"},
                "join.password",
            ),
            ({"kind": "workgroup"}, "join"),
            ({"kind": "entra", "domain": "d"}, "join.domain"),
        ],
    )
    def test_a_join_that_is_wrong(self, join: dict[str, str], field: str) -> None:
        assert put(fresh(), join=join).bad_fields == {field}

    def test_a_personal_host_pool(self) -> None:
        app = fresh()
        app.world.add_pool(OTHER, kind="Personal")
        reply = put(app, host_pool_id=OTHER)
        assert reply.bad_fields == {"host_pool_id"}
        assert "Personal" in reply.text

    def test_an_unknown_host_pool(self) -> None:
        assert "no such host pool" in put(fresh(), host_pool_id=OTHER).text

    @pytest.mark.parametrize("call", ["host_pool", "session_hosts", "machines"])
    def test_a_host_pool_that_may_not_be_read(self, call: str) -> None:
        app = fresh()
        app.world.fail(call, AzureForbidden(call, 403, "AuthorizationFailed", "missing right X"))
        reply = put(app)
        assert (reply.status, reply.bad_fields) == (400, {"host_pool_id"})
        assert "missing right X" in reply.text
        assert app.send("GET", "/api/pools/office").status == 404

    def test_a_host_pool_twice(self) -> None:
        reply = put(office(), "second", host_pool_id=HOST_POOL_ID.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
        assert reply.status == 409
        assert "office" in reply.json["detail"]

    def test_changing_a_pool_keeps_what_it_is_on(self) -> None:
        app = office()
        app.tables.pools.replace(app.pool().model_copy(update={"version": "1.5.0", "previous_version": "1.0.0"}))
        assert put(app, ring="pilot").status == 200
        assert (app.pool().version, app.pool().previous_version, app.pool().ring) == ("1.5.0", "1.0.0", Ring.PILOT)

    def test_the_ground_of_a_running_rollout_stays(self) -> None:
        app = office()
        running = update(app).json["id"]
        app.world.add_pool(OTHER)
        assert put(app, host_pool_id=OTHER).json["rollout"] == running
        assert put(app, ring="test").json["rollout"] == running
        assert put(app, policy={"retries": 2}).status == 200
        assert app.pool().running_rollout == running

    def test_a_pool_on_a_staged_version_stays_in_ring_test(self) -> None:
        app = office()
        app.world.add_version("3.0.0", staged=True)
        app.tables.pools.replace(app.pool().model_copy(update={"ring": Ring.TEST, "version": "3.0.0"}))
        assert put(app, ring="production").status == 409
        assert app.pool().ring is Ring.TEST


class TestRead:
    """Live, and honest about what could not be read."""

    def test_a_pool_shows_its_hosts_sessions_and_rollout(self) -> None:
        app = office()
        running = update(app).json["id"]
        view = app.send("GET", "/api/pools/office").json
        assert (view["hosts"], view["sessions"], view["hosts_per_version"]) == (3, 3, {"1.0.0": 3})
        assert (view["running_rollout"]["id"], view["running_rollout"]["percent"]) == (running, 0)

    def test_one_unreadable_pool_holds_up_no_list(self) -> None:
        app = office()
        app.world.add_pool(OTHER)
        put(app, "other", host_pool_id=OTHER)
        app.world.fail("session_hosts", AzureForbidden("x", 403, "AuthorizationFailed", "no"), target="hp-other")
        views = {view["name"]: view for view in app.send("GET", "/api/pools").json["items"]}
        assert (views["office"]["hosts"], views["office"]["problem"]) == (3, "")
        assert views["other"]["hosts"] is None
        assert "may not read" in views["other"]["problem"]

    def test_hosts_say_who_drained_them_and_what_is_off(self) -> None:
        app = office()
        app.world.add_host("a.contoso.local", accepting=False)
        app.world.add_host("b.contoso.local", accepting=False, tags={ROLLOUT_TAG: "r"}, power="deallocated")
        rollout_id = update(app).json["id"]
        row = RolloutHost(
            rollout=rollout_id, host="b.contoso.local", vm_id="/b", state=HostState.DRAINING, reason="why"
        )
        app.tables.hosts.add(row)
        hosts = {host["host"][0]: host for host in app.send("GET", "/api/pools/office/hosts").json["items"]}
        assert (hosts["a"]["drain"], hosts["b"]["drain"], hosts["h"]["drain"]) == ("operator", "freshcoat", "none")
        assert (hosts["b"]["power"], hosts["b"]["state"], hosts["b"]["reason"]) == ("deallocated", "draining", "why")
        assert (hosts["a"]["version"], hosts["a"]["target"], hosts["a"]["state"]) == ("1.0.0", "2.0.0", None)


class TestUnregister:
    """Nothing is forgotten that is being worked on."""

    def test_not_while_a_rollout_runs(self) -> None:
        app = office()
        running = update(app).json["id"]
        reply = app.send("DELETE", "/api/pools/office")
        assert (reply.status, reply.json["rollout"]) == (409, running)

    def test_after_that(self) -> None:
        app = office()
        reply = app.send("DELETE", "/api/pools/office")
        assert (reply.status, reply.text) == (204, "")
        assert app.send("GET", "/api/pools/office").status == 404
        assert app.send("DELETE", "/api/pools/office").status == 404


class TestImageForNewHosts:
    """Never a version that is only staged; the target only once the canary has passed."""

    def ask(self, app: App) -> Reply:
        return app.send("GET", "/api/pools/office/image")

    def test_the_pools_version(self) -> None:
        assert self.ask(office()).json["version_id"] == version_id_of("1.0.0")

    def test_the_target_only_after_the_canary(self) -> None:
        app = office()
        rollout_id = update(app).json["id"]
        assert self.ask(app).json["version"] == "1.0.0"
        row = app.rollout(rollout_id).model_copy(update={"canary_passed_at": app.now, "state": RolloutState.RUNNING})
        app.tables.rollouts.replace(row)
        assert self.ask(app).json["version"] == "2.0.0"

    def test_a_test_pool_on_a_staged_version_gives_out_the_one_before(self) -> None:
        app = office()
        app.world.add_version("3.0.0", staged=True)
        changes = {"version": "3.0.0", "previous_version": "1.0.0", "ring": Ring.TEST}
        app.tables.pools.replace(app.pool().model_copy(update=changes))
        assert self.ask(app).json["version"] == "1.0.0"

    def test_nothing_known_is_said(self) -> None:
        app = office()
        app.tables.pools.replace(app.pool().model_copy(update={"version": None}))
        assert self.ask(app).status == 409
