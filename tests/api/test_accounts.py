"""Accounts: customers, whose pools they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.caches.read_through import ReadThroughCache
from shared.core.states import RolloutState
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.rollouts import RolloutKind
from shared.services import ACCOUNTS, IMAGES
from shared.views.accounts import NUMBERS_FOR, list_accounts, read_account
from tests.fixtures.app import App, Reply, office, update
from tests.fixtures.audit import changes


def put(app: App, name: str = "contoso", **body: Any) -> Reply:
    return app.send("PUT", f"/api/accounts/{name}", body)


def listed(app: App, query: str = "") -> list[str]:
    return [account["name"] for account in app.send("GET", f"/api/accounts{query}").json["items"]]


def audited(app: App) -> list[tuple[str, str]]:
    """What was done to what, the oldest first."""
    entries = reversed(changes(app.tables, f"{app.now:%Y-%m}"))
    return [(entry.action, entry.subject) for entry in entries]


class TestRegister:
    """One PUT makes or changes an account."""

    def test_an_account_is_created_and_its_title_changed(self) -> None:
        app = office()
        reply = put(app, title="Contoso Ltd", time_zone="W. Europe Standard Time")
        assert (reply.status, reply.headers["Location"]) == (201, "/api/accounts/contoso")
        assert reply.json["time_zone"] == "Europe/Berlin"
        app.later(days=1)
        changed = put(app, title="Contoso", time_zone="europe/berlin")
        assert (changed.status, changed.json["title"]) == (200, "Contoso")
        assert changed.json["created_at"] == reply.json["created_at"]
        assert audited(app) == [("register account", "contoso"), ("change account", "contoso")]

    def test_an_identical_request_writes_nothing(self) -> None:
        app = office()
        put(app, title="Contoso")
        before = app.tables.accounts.find(ACCOUNTS, "contoso")
        assert put(app, title="Contoso").status == 200
        assert app.tables.accounts.find(ACCOUNTS, "contoso") == before
        assert len(audited(app)) == 1

    def test_an_unknown_time_zone_is_refused(self) -> None:
        app = office()
        assert put(app, time_zone="Mars").bad_fields == {"time_zone"}
        assert app.tables.accounts.all(ACCOUNTS) == []

    @pytest.mark.parametrize("name", [".", "-a", "ü", "a b", "a" * 64])
    def test_an_invalid_name_is_refused(self, name: str) -> None:
        assert put(office(), name).bad_fields == {"account"}


class TestDefault:
    """There without being made, for those who have only one."""

    def test_the_default_account_can_be_read_and_has_the_pools_without_an_account(self) -> None:
        view = office().send("GET", "/api/accounts/default").json
        assert (view["pools"], view["time_zone"], view["created_at"]) == (1, "UTC", None)

    def test_the_default_account_can_be_changed_and_is_listed_once(self) -> None:
        app = office()
        assert put(app, "default", title="We", time_zone="Asia/Tokyo").status == 200
        assert listed(app) == ["default"]
        view = app.send("GET", "/api/accounts/default").json
        assert (view["title"], view["time_zone"], view["pools"]) == ("We", "Asia/Tokyo", 1)


class TestRead:
    """By name, a page at a time."""

    def test_pages_contain_every_account_once(self) -> None:
        app = office()
        for name in ("alpha", "zulu", "Big"):
            put(app, name)
        first = app.send("GET", "/api/accounts?limit=2").json
        assert [account["name"] for account in first["items"]] == ["Big", "alpha"]
        assert listed(app, f"?limit=2&continuation={first['continuation']}") == ["default", "zulu"]

    def test_pools_are_counted_for_their_own_account(self) -> None:
        app = office()
        put(app)
        app.tables.pools.replace(app.pool().model_copy(update={"account": "contoso"}))
        counts = {a["name"]: a["pools"] for a in app.send("GET", "/api/accounts").json["items"]}
        assert counts == {"contoso": 1, "default": 0}

    def test_an_unknown_account_is_404(self) -> None:
        assert office().send("GET", "/api/accounts/contoso").status == 404

    def test_an_unknown_continuation_is_refused(self) -> None:
        assert office().send("GET", "/api/accounts?continuation=x").bad_fields == {"continuation"}


def test_an_account_counts_its_pools_images_and_open_rollouts() -> None:
    app = office()
    put(app, title="Contoso")
    app.tables.images.add(
        app.tables.images.all(IMAGES)[0].model_copy(update={"name": "own", "accounts": ("contoso",), "etag": None})
    )
    rollout = update(app).json["id"]
    row = app.rollout(rollout)
    for number, fields in enumerate(
        ({"kind": RolloutKind.REFRESH}, {"state": RolloutState.SUCCEEDED}, {"account": "contoso"})
    ):
        app.tables.rollouts.add(row.model_copy(update={"id": f"{row.id}{number}", "etag": None, **fields}))

    def numbers(name: str) -> tuple[int, int, int]:
        found = app.send("GET", f"/api/accounts/{name}").json
        return found["pools"], found["images"], found["open_rollouts"]

    assert numbers("default") == (1, 1, 1)
    assert numbers("contoso") == (0, 2, 1)
    assert [one["images"] for one in app.send("GET", "/api/accounts").json["items"]] == [2, 1]


def test_the_numbers_of_a_list_are_counted_once_for_all_who_ask_and_those_of_one_account_each_time() -> None:
    app, clock = office(), [0.0]
    services = replace(app.services, read_cache=ReadThroughCache(lambda: clock[0]))

    def pools() -> int:
        return list_accounts(services, ALL_ACCOUNTS, limit=10, continuation=None).items[0].pools

    assert pools() == 1
    app.tables.pools.add(app.pool().model_copy(update={"name": "lab", "etag": None}))
    clock[0] += NUMBERS_FOR - 1
    assert (pools(), read_account(services, "default").pools) == (1, 2)
    clock[0] += 2
    assert pools() == 2
