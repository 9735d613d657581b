"""A PATCH changes the settings that it names (JSON merge patch, RFC 7396)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.accounts import Account
from shared.services import POOLS
from tests.api.registrations.settings import (
    ACCOUNT,
    BODIES,
    IMAGE,
    PATHS,
    POOL,
    WINDOW,
    office,
    patch,
    put,
    settings,
)
from tests.fixtures.app import App, update
from tests.fixtures.audit import changes as recorded
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID
from tests.fixtures.world.ids import TEMPLATE_ID

OTHER_POOL = HOST_POOL_ID.replace("hp-office", "hp-other")
OTHER_DEFINITION = DEFINITION_ID.replace("win11-office", "other")


def merged(path: str, **changes: Any) -> dict[str, Any]:
    return BODIES[path] | changes


POLICY, RETENTION = BODIES[POOL]["policy"], BODIES[IMAGE]["retention"]
CHANGES = [
    (POOL, {"ring": "test"}, {"ring": "test"}),
    (POOL, {"time_zone": "W. Europe Standard Time"}, {"time_zone": "Europe/Berlin"}),
    (POOL, {"refresh": "off"}, {"refresh": "off"}),
    (POOL, {"policy": {"canary_hosts": 3}}, {"policy": POLICY | {"canary_hosts": 3}}),
    (POOL, {"policy": {"windows": []}}, {"policy": POLICY | {"windows": []}}),
    (
        POOL,
        {"policy": {"windows": [{"from": "01:00", "to": "02:00", "days": ["sun"]}]}},
        {"policy": POLICY | {"windows": [{"from": "01:00", "to": "02:00", "days": ["sun"]}]}},
    ),
    (POOL, {"policy": {"probe": "printers"}}, {"policy": POLICY | {"probe": "printers"}}),
    (POOL, {"join": {"intune": False}}, {"join": {"kind": "entra", "intune": False}}),
    (IMAGE, {"retention": {"days": 7}}, {"retention": RETENTION | {"days": 7}}),
    (IMAGE, {"accounts": ["default", "contoso"]}, {}),
    (ACCOUNT, {"title": "Contoso"}, {"title": "Contoso"}),
    (ACCOUNT, {}, {}),
    (POOL, {}, {}),
    # null removes a setting: its default counts again
    (POOL, {"ring": None}, {"ring": "production"}),
    (POOL, {"time_zone": None}, {"time_zone": "Asia/Tokyo"}),
    (POOL, {"join": {"intune": None}}, {"join": {"kind": "entra", "intune": False}}),
    (POOL, {"policy": {"windows": None}}, {"policy": POLICY | {"windows": None}}),
    (POOL, {"policy": {"max_failed": None}}, {}),
    (POOL, {"policy": {"probe": None}}, {"policy": POLICY | {"probe": None}}),
    (POOL, {"policy": None}, {"policy": {}}),
    (POOL, {"refresh": None}, {"refresh": "off"}),
    (POOL, {"directory_cleanup": None}, {"directory_cleanup": "entra"}),
    (IMAGE, {"template_vm_id": None, "build_subnet_id": None}, {"template_vm_id": "", "build_subnet_id": ""}),
    (IMAGE, {"accounts": None}, {"accounts": None}),
    (IMAGE, {"retention": {"backups": None}}, {"retention": {"backups": 3, "days": 60}}),
    (IMAGE, {"retention": None}, {"retention": {"backups": 3, "days": 30}}),
    (ACCOUNT, {"title": None, "time_zone": None}, {"title": "", "time_zone": "UTC"}),
]  # fmt: skip


def without_nulls(shown: Any) -> Any:
    if isinstance(shown, dict):
        return {name: without_nulls(value) for name, value in shown.items() if value is not None}
    return shown


@pytest.mark.parametrize(("path", "changes", "expected"), CHANGES)
def test_only_the_named_settings_change(path: str, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    app = office()
    reply = patch(app, path, changes)
    assert reply.status == 200, reply.text
    assert without_nulls(settings(app, path)) == without_nulls(merged(path, **expected))


@pytest.mark.parametrize("kind", ["application/merge-patch+json; charset=utf-8", "application/json"])
def test_both_content_types_are_taken(kind: str) -> None:
    app = office()
    assert app.send("PATCH", ACCOUNT, {"title": "x"}, headers={"Content-Type": kind}).json["title"] == "x"


def test_another_content_type_is_415() -> None:
    reply = patch(office(), POOL, {}, Content_Type="application/json-patch+json")
    assert reply.status == 415
    assert "merge-patch" in reply.json["detail"]


@pytest.mark.parametrize("path", ["/api/pools/none", "/api/images/none", "/api/accounts/none"])
def test_nothing_is_created(path: str) -> None:
    app = office()
    assert patch(app, path, BODIES[POOL]).status == 404
    assert [pool.name for pool in app.tables.pools.all(POOLS)] == ["office"]


WRONG = [
    (POOL, {"ring": "moon", "policy": {"retries": 9}}, {"ring", "policy.retries"}),
    (POOL, {"policy": {"windows": [{"from": "25:00", "to": "06:00"}]}}, {"policy.windows.0.from"}),
    (POOL, {"policy": []}, {"policy"}),
    (POOL, {"policy": {"probe": {"script": "exit 1"}}}, {"policy.probe"}),
    (POOL, {"policy": {"probe": "nobody"}}, {"policy.probe"}),
    (POOL, {"host_pool_id": None, "image": None, "join": None}, {"host_pool_id", "image", "join"}),
    (POOL, {"join": {"kind": None}}, {"join.kind"}),
    (POOL, {"vm_size": "D8s", "polcy": {}}, {"vm_size", "polcy"}),
    (POOL, {"time_zone": "Mars", "account": "none", "image": "none"}, {"time_zone", "account", "image"}),
    (IMAGE, {"definition_id": None, "retention": {"days": -1}}, {"definition_id", "retention.days"}),
    (IMAGE, {"accounts": ["nobody"]}, {"accounts"}),
    (ACCOUNT, {"time_zone": "Mars"}, {"time_zone"}),
    (ACCOUNT, {"name": "x"}, {"name"}),
    # null for a name that does not exist: a misspelt one, as a rule
    (POOL, {"polcy": None, "policy": {"window": None}}, {"polcy", "policy.window"}),
    (POOL, {"join": {"domian": None}}, {"join.domian"}),
    (IMAGE, {"retention": {"day": None}, "active_version": None}, {"retention.day", "active_version"}),
    (ACCOUNT, {"titel": None}, {"titel"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "changes", "fields"), WRONG)
def test_every_invalid_field_is_named_and_nothing_changes(path: str, changes: dict[str, Any], fields: set[str]) -> None:
    app = office()
    before = settings(app, path)
    reply = patch(app, path, changes)
    assert (reply.status, reply.bad_fields) == (400, fields), reply.text
    assert settings(app, path) == before


def test_a_setting_that_does_not_fit_the_change_is_said_to_be_stored() -> None:
    """`intune` belongs to the old way of joining, and a merge keeps it."""
    app = office()
    domain = {"kind": "ad", "profile": "corp"}
    reply = patch(app, POOL, {"join": domain, "directory_cleanup": None})
    assert reply.bad_fields == {"join.intune"}
    assert "null" in reply.json["errors"][0]["message"]
    reply = patch(app, POOL, {"join": domain | {"intune": None}, "directory_cleanup": None})
    assert (reply.status, reply.json["join"]["kind"]) == (200, "ad")
    back = patch(app, POOL, {"join": {"kind": "entra", "profile": None}})
    assert back.json["join"] == {"kind": "entra", "intune": False}


def test_a_host_pool_of_another_pool_is_refused() -> None:
    app = office()
    app.world.add_pool(OTHER_POOL)
    other = {"host_pool_id": OTHER_POOL, "image": "win11", "join": {"kind": "entra"}}
    assert put(app, "/api/pools/other", other).status == 201
    assert patch(app, "/api/pools/other", {"host_pool_id": HOST_POOL_ID.upper()}).status == 409
    assert patch(app, POOL, {"host_pool_id": OTHER_POOL}).status == 409
    assert patch(app, "/api/pools/other", {"host_pool_id": HOST_POOL_ID + "x"}).bad_fields == {"host_pool_id"}


def test_a_host_pool_is_claimed_and_freed() -> None:
    app = office()
    for name in ("hp-a", "hp-b"):
        app.world.add_pool(HOST_POOL_ID.replace("hp-office", name))
    at, free = (HOST_POOL_ID.replace("hp-office", name) for name in ("hp-a", "hp-b"))
    body = {"host_pool_id": at, "image": "win11", "join": {"kind": "entra"}}
    assert put(app, "/api/pools/a", body).status == 201
    assert patch(app, "/api/pools/a", {"host_pool_id": free}).json["host_pool_id"] == free
    assert put(app, "/api/pools/b", body).status == 201
    assert put(app, "/api/pools/c", body | {"host_pool_id": free}).status == 409


def test_a_definition_of_another_image_and_an_unmarked_template_are_refused() -> None:
    app = office()
    app.world.add_definition(OTHER_DEFINITION)
    assert put(app, "/api/images/other", {"definition_id": OTHER_DEFINITION}).status == 201
    assert patch(app, "/api/images/other", {"definition_id": DEFINITION_ID}).status == 409
    reply = patch(app, "/api/images/other", {"template_vm_id": TEMPLATE_ID})
    assert reply.bad_fields == {"template_vm_id"}  # its tag names another image


def test_an_image_is_not_taken_from_the_account_of_its_pool() -> None:
    app = office()
    assert patch(app, IMAGE, {"accounts": ["default"]}).status == 409
    app.tables.accounts.add(Account(name="fabrikam"))
    assert patch(app, POOL, {"account": "fabrikam", "policy": None}).bad_fields == {"image"}


def test_the_ring_of_a_running_rollout_cannot_change() -> None:
    app = office()
    running = update(app).json["id"]
    assert patch(app, POOL, {"ring": "test"}).json["rollout"] == running


def test_a_changed_refresh_starts_and_stops_it() -> None:
    app = office()
    assert patch(app, POOL, {"refresh": "off"}).json["refresh"] == "off"
    reply = patch(app, POOL, {"refresh": "after_logoff"})
    assert reply.json["freshness"]["rollout"] == app.pool().refresh_rollout


@pytest.mark.parametrize("path", PATHS)
def test_a_patch_that_changes_nothing_writes_nothing(path: str) -> None:
    app = office()
    rows = [app.tables.pools.every(), app.tables.images.every(), app.tables.accounts.every()]
    entries = len(recorded(app.tables))
    app.later(hours=1)
    assert patch(app, path, BODIES[path]).status == 200
    assert rows == [app.tables.pools.every(), app.tables.images.every(), app.tables.accounts.every()]
    assert len(recorded(app.tables)) == entries


@pytest.mark.parametrize(
    ("path", "changes", "action", "detail"),
    [
        (POOL, {"ring": "test", "policy": {"retries": 2}}, "change pool", "ring, policy"),
        (IMAGE, {"retention": {"days": 1}}, "change image", "retention"),
        (ACCOUNT, {"title": "C"}, "change account", "title"),
    ],
)
def test_the_audit_says_what_changed(path: str, changes: dict[str, Any], action: str, detail: str) -> None:
    app = office()
    app.later(seconds=1)
    patch(app, path, changes)
    entry = recorded(app.tables, f"{app.now:%Y-%m}")[0]
    assert entry.action == action
    assert detail in entry.detail


def test_the_default_account_can_be_changed_before_it_was_ever_written() -> None:
    app = App()
    reply = patch(app, "/api/accounts/default", {"time_zone": "Asia/Tokyo"})
    assert (reply.status, reply.json["time_zone"]) == (200, "Asia/Tokyo")


def test_windows_are_replaced_as_a_whole() -> None:
    app = office()
    shown = patch(app, POOL, {"policy": {"windows": [WINDOW, WINDOW | {"from": "12:00"}]}}).json["policy"]["windows"]
    assert [window["from"] for window in shown] == ["08:00", "12:00"]


class TestRunningRollout:
    """A rollout keeps the policy that it was asked with."""

    @pytest.mark.parametrize("send", [patch, lambda app, path, changes: put(app, path, BODIES[path] | changes)])
    @pytest.mark.parametrize(
        ("changes", "word"),
        [({"policy": POLICY | {"retries": 2}}, "policy"), ({"time_zone": "Asia/Tokyo"}, "time zone")],
    )
    def test_a_change_says_that_it_counts_from_the_next_rollout(self, send: Any, changes: Any, word: str) -> None:
        app = office()
        running = update(app).json["id"]
        policy = app.rollout(running).policy
        note = send(app, POOL, changes).json["note"]
        assert (note["code"], note["href"]) == ("counts_from_next_rollout", f"/api/rollouts/{running}")
        assert word in note["text"] and "next rollout" in note["text"]
        assert app.rollout(running).policy == policy

    def test_nothing_is_said_without_a_rollout_or_a_change(self) -> None:
        app = office()
        assert patch(app, POOL, {"policy": {"retries": 2}}).json["note"] is None
        update(app)
        assert patch(app, POOL, {"policy": {"retries": 2}}).json["note"] is None
        assert app.send("GET", POOL).json["note"] is None
