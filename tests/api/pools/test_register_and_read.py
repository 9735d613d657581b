"""Registering and reading pools."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.api.lists.pools import PoolsQuery
from shared.caches.read_through import ReadThroughCache
from shared.core.errors import AzureForbidden
from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState, VersionState
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.accounts import Account
from shared.models.pools import Ring
from shared.models.rollouts import RolloutHost
from shared.records.session_hosts import SeenHost, see_hosts
from shared.services import IMAGES, POOLS
from shared.views.hosts import SEEN_FOR
from shared.views.pool_lists import list_pools
from tests.fixtures.app import App, Reply, change_pool, office, update
from tests.fixtures.messages import told
from tests.fixtures.profiles import keep_profile
from tests.fixtures.version_sets import record_family, version_row, version_set
from tests.fixtures.world.azure import HOST_POOL_ID

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

    def test_a_new_pool_gets_the_version_of_most_hosts(self) -> None:
        app = fresh()
        app.world.add_host("h9.contoso.local", version="2.0.0")
        reply = put(app, time_zone="W. Europe Standard Time", ring="test", policy={"settle_seconds": 5})
        assert (reply.status, reply.headers["Location"]) == (201, "/api/pools/office")
        assert (app.pool().version, app.pool().time_zone, app.pool().ring) == ("1.0.0", "Europe/Berlin", Ring.TEST)
        assert reply.json["hosts_per_version"] == {"1.0.0": 3, "2.0.0": 1}
        assert reply.json["account"] == "default"

    def test_every_invalid_field_is_named_at_once(self) -> None:
        reply = put(fresh(), host_pool_id="hp-office", image="none", time_zone="Mars", account="contoso")
        assert (reply.status, reply.bad_fields) == (400, {"host_pool_id", "image", "time_zone", "account"})

    def test_an_unparsable_body_is_answered_with_field_errors_only(self) -> None:
        app = fresh()
        reply = put(app, ring="moon", policy={"retries": 9}, account="contoso", image="none", host_pool_id=OTHER)
        assert (reply.status, reply.bad_fields) == (400, {"ring", "policy.retries"})
        assert not app.tables.pools.all(POOLS)

    def test_a_pool_uses_the_time_zone_of_its_account_unless_one_is_given(self) -> None:
        app = fresh()
        app.tables.accounts.add(Account(name="contoso", time_zone="Asia/Tokyo"))
        assert put(app, account="contoso", time_zone=None).json["time_zone"] == "Asia/Tokyo"
        assert put(app, account="contoso").json["time_zone"] == "Europe/Berlin"
        assert put(app, account="default", time_zone=None).json["time_zone"] == "UTC"

    def test_an_image_of_another_account_is_refused(self) -> None:
        app = fresh()
        app.tables.accounts.add(Account(name="contoso"))
        image = app.tables.images.all(IMAGES)[0]
        app.tables.images.replace(image.model_copy(update={"accounts": ("contoso",)}))
        reply = put(app)
        assert reply.bad_fields == {"image"}
        assert "image win11 is not available to account default" in reply.text
        assert put(app, account="contoso").status == 201
        assert put(app, account="default").bad_fields == {"image"}

    @pytest.mark.parametrize(
        ("join", "field"),
        [
            ({"kind": "ad", "domain": "d", "user": "u", "password_setting": "JOIN_A"}, "join"),
            ({"kind": "ad", "profile": "corp", "password_setting": "JOIN_A"}, "join"),
            ({"kind": "ad", "profile": "corp", "password": "x"}, "join.password"),
            ({"kind": "ad", "profile": "nobody"}, "join.profile"),
            ({"kind": "ad"}, "join.profile"),
            ({"kind": "workgroup"}, "join.kind"),
            ({}, "join.kind"),
            ({"kind": "entra", "domain": "d"}, "join.domain"),
        ],
    )
    def test_an_invalid_join_is_refused(self, join: dict[str, str], field: str) -> None:
        assert put(fresh(), join=join).bad_fields == {field}

    def test_a_personal_host_pool_is_refused(self) -> None:
        app = fresh()
        app.world.add_pool(OTHER, kind="Personal")
        reply = put(app, host_pool_id=OTHER)
        assert reply.bad_fields == {"host_pool_id"}
        assert "Personal" in reply.text

    @pytest.mark.parametrize(
        ("fields", "shown"),
        [
            ({}, "entra"),
            ({"directory_cleanup": "entra_intune"}, "entra_intune"),
            ({"directory_cleanup": "none"}, "none"),
        ],
    )
    def test_what_happens_to_the_devices_of_hosts_is_shown(self, fields: dict[str, str], shown: str) -> None:
        app = fresh()
        assert put(app, join=ENTRA, **fields).json["directory_cleanup"] == shown
        assert app.send("GET", "/api/pools/office").json["directory_cleanup"] == shown

    def test_hosts_in_a_domain_have_no_device_to_delete(self) -> None:
        app, join = fresh(), {"kind": "ad", "profile": "corp"}
        keep_profile(app.tables)
        assert put(app, join=join, directory_cleanup="entra").bad_fields == {"directory_cleanup"}
        assert put(app, join=join).json["directory_cleanup"] == "none"

    def test_a_host_pool_that_gives_out_no_registration_token(self) -> None:
        """It is managed by a session host configuration: a rebuilt host could never come back."""
        app = fresh()
        app.world.add_pool(OTHER)
        app.world.automated.add(OTHER.lower())
        reply = put(app, host_pool_id=OTHER)
        assert (reply.status, reply.bad_fields) == (400, {"host_pool_id"})
        assert "gives out no registration token" in reply.text and "session host configuration" in reply.text

    def test_an_unknown_host_pool_is_refused(self) -> None:
        assert "no such host pool" in put(fresh(), host_pool_id=OTHER).text

    @pytest.mark.parametrize("call", ["host_pool", "session_hosts", "machines"])
    def test_a_host_pool_without_read_permission_is_refused(self, call: str) -> None:
        app = fresh()
        app.world.fail(call, AzureForbidden(call, 403, "AuthorizationFailed", "missing right X"))
        reply = put(app)
        assert (reply.status, reply.bad_fields) == (400, {"host_pool_id"})
        assert "missing right X" in reply.text
        assert app.send("GET", "/api/pools/office").status == 404

    def test_a_host_pool_cannot_be_registered_twice(self) -> None:
        reply = put(office(), "second", host_pool_id=HOST_POOL_ID.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
        assert reply.status == 409
        assert "office" in reply.json["detail"]

    def test_changing_a_pool_keeps_its_version(self) -> None:
        app = office()
        app.tables.pools.replace(app.pool().model_copy(update={"version": "1.5.0", "previous_version": "1.0.0"}))
        app.later(hours=1)
        assert put(app, ring="pilot").status == 200
        assert (app.pool().version, app.pool().previous_version, app.pool().ring) == ("1.5.0", "1.0.0", Ring.PILOT)
        assert app.pool().version_at == app.now - timedelta(hours=1)

    def test_a_pool_with_another_host_pool_loses_its_version(self) -> None:
        app = office()
        app.world.add_pool(OTHER)
        app.later(hours=1)
        assert put(app, host_pool_id=OTHER).status == 200
        assert (app.pool().version, app.pool().version_at) == (None, app.now)

    def test_host_pool_and_ring_of_a_running_rollout_cannot_change(self) -> None:
        app = office()
        running = update(app).json["id"]
        app.world.add_pool(OTHER)
        assert put(app, host_pool_id=OTHER).json["rollout"] == running
        assert put(app, ring="test").json["rollout"] == running
        app.tables.accounts.add(Account(name="contoso"))
        assert put(app, account="contoso").json["rollout"] == running
        assert put(app, policy={"retries": 2}).status == 200
        assert app.pool().running_rollout == running

    @pytest.mark.parametrize(
        ("state", "status"),
        [
            (VersionState.CAPTURING, 409),
            (VersionState.STAGED, 409),
            (VersionState.DISCARDED, 409),
            (VersionState.FAILED, 409),
            (VersionState.DELETED, 200),
            (VersionState.BACKUP, 200),
        ],
    )
    def test_a_pool_on_a_version_that_was_never_active_stays_in_ring_test(
        self, state: VersionState, status: int
    ) -> None:
        app = office()
        record_family(app.tables.versions, version_set(others=[version_row("3.0.0", state)]))
        change_pool(app, ring=Ring.TEST, version="3.0.0")
        assert put(app, ring="production").status == status
        assert put(app, ring="test").status == 200

    @pytest.mark.parametrize(("left_out", "status"), [(True, 409), (False, 200)])
    def test_the_gallery_decides_whether_an_unrecorded_version_is_staged(self, left_out: bool, status: int) -> None:
        app = office()
        app.world.add_version("3.0.0", staged=left_out)
        change_pool(app, ring=Ring.TEST, version="3.0.0")
        assert put(app, ring="production").status == status


class TestRead:
    """Live, and honest about what could not be read."""

    def test_a_pool_shows_its_hosts_sessions_and_rollout(self) -> None:
        app = office()
        running = update(app).json["id"]
        view = app.send("GET", "/api/pools/office").json
        assert (view["hosts"], view["sessions"], view["hosts_per_version"]) == (3, 3, {"1.0.0": 3})
        assert (view["running_rollout"]["id"], view["running_rollout"]["percent"]) == (running, 0)

    def test_an_unreadable_pool_does_not_fail_the_list(self) -> None:
        app = office()
        app.world.add_pool(OTHER)
        put(app, "other", host_pool_id=OTHER)
        app.world.fail("session_hosts", AzureForbidden("x", 403, "AuthorizationFailed", "no"), target="hp-other")
        views = {view["name"]: view for view in app.send("GET", "/api/pools").json["items"]}
        assert (views["office"]["hosts"], views["office"]["problem"]) == (3, "")
        assert views["other"]["hosts"] is None
        assert "may not read" in views["other"]["problem"]

    def test_a_list_does_not_cache_hosts_read_long_before_it(self) -> None:
        app, clock = office(), [0.0]
        services = replace(app.services, read_cache=ReadThroughCache(lambda: clock[0]))
        host_pool = app.pool().host_pool_id

        def slowly() -> list[SeenHost]:
            clock[0] += 3.0  # so it is shown for a minute at the most
            return see_hosts(services, host_pool)

        services.read_cache.get(("hosts", host_pool), SEEN_FOR, slowly, grows=True)
        app.world.add_host("late.contoso.local")
        clock[0] = 40.0
        (listed,) = list_pools(services, ALL_ACCOUNTS, PoolsQuery(limit=10)).items
        assert listed.hosts == 4

    def test_a_search_finds_hosts_on_all_pages(self) -> None:
        app = office()
        for name in ("find-a", "find-b", "other"):
            app.world.add_host(f"{name}.contoso.local")
        first = app.send("GET", "/api/pools/office/hosts?search=FIND&limit=1").json
        assert [host["host"] for host in first["items"]] == ["find-a.contoso.local"]
        then = app.send("GET", f"/api/pools/office/hosts?search=FIND&limit=1&continuation={first['continuation']}").json
        assert ([host["host"] for host in then["items"]], then["continuation"]) == (["find-b.contoso.local"], None)

    def test_hosts_show_who_drained_them_and_whether_they_are_off(self) -> None:
        app = office()
        app.world.add_host("a.contoso.local", accepting=False)
        app.world.add_host("b.contoso.local", accepting=False, tags={ROLLOUT_TAG: "r"}, power="deallocated")
        rollout_id = update(app).json["id"]
        row = RolloutHost(
            rollout=rollout_id, host="b.contoso.local", vm_id="/b", state=HostState.DRAINING, reason=told("why")
        )
        app.tables.hosts.add(row)
        hosts = {host["host"][0]: host for host in app.send("GET", "/api/pools/office/hosts").json["items"]}
        assert (hosts["a"]["drain"], hosts["b"]["drain"], hosts["h"]["drain"]) == ("operator", "freshcoat", "none")
        assert (hosts["b"]["power"], hosts["b"]["state"], hosts["b"]["reason"]["text"]) == (
            "deallocated",
            "draining",
            "why",
        )
        assert (hosts["a"]["version"], hosts["a"]["target"], hosts["a"]["state"]) == ("1.0.0", "2.0.0", None)


class TestUnregister:
    """Nothing is forgotten that is being worked on."""

    def test_a_pool_with_a_running_rollout_cannot_be_unregistered(self) -> None:
        app = office()
        running = update(app).json["id"]
        reply = app.send("DELETE", "/api/pools/office")
        assert (reply.status, reply.json["rollout"]) == (409, running)

    def test_a_pool_can_be_unregistered_after_its_rollout(self) -> None:
        app = office()
        reply = app.send("DELETE", "/api/pools/office")
        assert (reply.status, reply.text) == (204, "")
        assert app.send("GET", "/api/pools/office").status == 404
        assert app.send("DELETE", "/api/pools/office").status == 404
