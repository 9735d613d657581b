"""A PUT of a known registration resets no setting that it does not name."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.api.registrations.settings import ACCOUNT, BODIES, IMAGE, PATHS, POOL, office, put, settings
from tests.fixtures.app import App

LEFT_OUT = [
    (POOL, "account"),
    (POOL, "ring"),
    (POOL, "time_zone"),
    (POOL, "join.intune"),
    (POOL, "directory_cleanup"),
    (POOL, "policy"),
    (POOL, "policy.canary_hosts"),
    (POOL, "policy.windows"),
    (POOL, "policy.probe"),
    (POOL, "refresh"),
    (IMAGE, "template_vm_id"),
    (IMAGE, "build_subnet_id"),
    (IMAGE, "accounts"),
    (IMAGE, "retention"),
    (IMAGE, "retention.days"),
    (ACCOUNT, "title"),
    (ACCOUNT, "time_zone"),
]


def without(path: str, field: str) -> dict[str, Any]:
    """The whole registration without one field, by its dotted path."""
    body: Any = deepcopy(BODIES[path])
    *parents, last = field.split(".")
    inner = body
    for parent in parents:
        inner = inner[parent]
    del inner[last]
    return dict(body)


def kept(app: App) -> list[Any]:
    return [app.tables.pools.every(), app.tables.images.every(), app.tables.accounts.every()]


@pytest.mark.parametrize(("path", "field"), LEFT_OUT)
def test_a_put_that_leaves_out_a_stored_setting_is_refused_and_names_it(path: str, field: str) -> None:
    app = office()
    before = kept(app)
    reply = put(app, path, without(path, field))
    assert (reply.status, reply.bad_fields) == (409, {field}), reply.text
    assert "PATCH" in reply.json["detail"]
    assert kept(app) == before


def test_every_setting_that_would_be_reset_is_named_at_once() -> None:
    app = office()
    bare = {name: BODIES[POOL][name] for name in ("host_pool_id", "image")} | {"join": {"kind": "entra"}}
    reply = put(app, POOL, bare)
    named = {"account", "ring", "time_zone", "join.intune", "directory_cleanup", "policy", "refresh"}
    assert (reply.status, reply.bad_fields) == (409, named)
    shown = {error["field"]: error["message"] for error in reply.json["errors"]}
    assert "Europe/Berlin" in shown["time_zone"] and "UTC" in shown["time_zone"]


@pytest.mark.parametrize("path", PATHS)
def test_the_same_whole_registration_again_changes_nothing(path: str) -> None:
    app = office()
    before = kept(app)
    app.later(hours=1)
    for _ in range(2):
        reply = put(app, path, BODIES[path])
        assert reply.status == 200, reply.text
    assert kept(app) == before


@pytest.mark.parametrize("path", PATHS)
def test_a_small_registration_can_be_repeated(path: str) -> None:
    """What was left out the first time has its default, and may be left out again."""
    app = App()
    app.world.add_pool()
    app.world.add_version("2.0.0")
    bodies: dict[str, Any] = {
        IMAGE: {"definition_id": BODIES[IMAGE]["definition_id"]},
        POOL: {key: BODIES[POOL][key] for key in ("host_pool_id", "image")} | {"join": {"kind": "entra"}},
        ACCOUNT: {},
    }
    for one, body in bodies.items():
        assert put(app, one, body).status == 201
    assert put(app, path, bodies[path]).status == 200


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        (POOL, {"ring": "production", "time_zone": None, "join": {"kind": "entra", "intune": False}, "refresh": "off"}),
        (POOL, {"policy": {"canary_hosts": None, "windows": None, "probe": None}, "directory_cleanup": None}),
        (IMAGE, {"template_vm_id": None, "accounts": None, "retention": {"backups": 3, "days": 30}}),
        (ACCOUNT, {"title": "", "time_zone": "UTC"}),
    ],
)
def test_a_put_that_names_a_setting_may_reset_it(path: str, changes: dict[str, Any]) -> None:
    app = office()
    reply = put(app, path, BODIES[path] | changes)
    assert reply.status == 200, reply.text
    assert settings(app, path) != BODIES[path]


def test_another_way_of_joining_needs_no_fields_of_the_one_before() -> None:
    app = office()
    domain = {"kind": "ad", "profile": "corp"}
    assert put(app, POOL, BODIES[POOL] | {"join": domain, "directory_cleanup": None}).status == 200


def test_a_time_zone_that_the_account_gave_is_kept_when_the_account_gets_another() -> None:
    app = office()
    body = BODIES[POOL] | {"time_zone": "Asia/Tokyo"}
    assert put(app, POOL, body).status == 200
    del body["time_zone"]
    assert put(app, POOL, body).status == 200
    assert put(app, ACCOUNT, BODIES[ACCOUNT] | {"time_zone": "Europe/Paris"}).status == 200
    assert put(app, POOL, body).bad_fields == {"time_zone"}
