"""Several administrators at once: `ETag`, `If-Match`, `If-None-Match`, and no lost update."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.registrations.settings import ACCOUNT, BODIES, IMAGE, PATHS, POOL, etag, office, patch, put, settings
from tests.fixtures.app import change_pool, update

CHANGE: dict[str, dict[str, Any]] = {
    POOL: {"policy": {"retries": 2}},
    IMAGE: {"retention": {"backups": 4}},
    ACCOUNT: {"title": "Other"},
}
OTHER_CHANGE: dict[str, dict[str, Any]] = {
    POOL: {"policy": {"max_failed": 1}},
    IMAGE: {"retention": {"days": 9}},
    ACCOUNT: {"time_zone": "Europe/Paris"},
}
ROWS = {POOL: "pools", IMAGE: "images", ACCOUNT: "accounts"}


def changed(path: str) -> dict[str, Any]:
    """The whole registration with CHANGE."""
    (name, value), body = *CHANGE[path].items(), BODIES[path]
    return body | {name: body[name] | value if isinstance(value, dict) else value}


@pytest.mark.parametrize("path", PATHS)
def test_the_tag_changes_with_the_settings_and_only_then(path: str) -> None:
    app = office()
    first = etag(app, path)
    assert first.startswith('"') and first.endswith('"')
    app.later(hours=1)
    assert etag(app, path) == first
    assert put(app, path, BODIES[path]).headers["ETag"] == first
    reply = patch(app, path, CHANGE[path])
    assert reply.headers["ETag"] == etag(app, path) != first


def test_what_a_rollout_writes_about_its_pool_keeps_the_tag() -> None:
    """Somebody who edits a pool is not interrupted by a rollout that begins or ends."""
    app = office()
    first = etag(app, POOL)
    update(app)
    change_pool(app, host_seconds=300.0, last_rollout="r")
    assert etag(app, POOL) == first


@pytest.mark.parametrize("path", PATHS)
def test_a_change_with_the_current_tag_is_made(path: str) -> None:
    app = office()
    assert patch(app, path, CHANGE[path], If_Match=etag(app, path)).status == 200
    assert put(app, path, BODIES[path] | {}, If_Match="*").status in {200, 409}
    assert put(app, path, changed(path), If_Match=f'"x", {etag(app, path)}').status == 200
    assert patch(app, path, {}, If_Match=f"W/{etag(app, path)}").status == 200  # a proxy that compresses weakens it


@pytest.mark.parametrize("path", PATHS)
def test_a_change_with_an_old_tag_is_412_and_changes_nothing(path: str) -> None:
    app = office()
    old = etag(app, path)
    assert patch(app, path, OTHER_CHANGE[path]).status == 200
    before = settings(app, path)
    for reply in (patch(app, path, CHANGE[path], If_Match=old), put(app, path, changed(path), If_Match=old)):
        assert (reply.status, reply.json["type"]) == (412, "urn:freshcoat:precondition-failed")
        assert "read it again" in reply.json["detail"].lower()
    assert settings(app, path) == before


@pytest.mark.parametrize("path", PATHS)
def test_only_create(path: str) -> None:
    app = office()
    before = settings(app, path)
    reply = put(app, path, changed(path), If_None_Match="*")
    assert reply.status == 412
    assert "exists already" in reply.json["detail"]
    assert settings(app, path) == before
    assert put(app, "/api/accounts/new", {}, If_None_Match="*").status == 201
    assert put(app, "/api/accounts/default", {"title": "we"}, If_None_Match="*").status == 412
    assert put(app, "/api/accounts/newer", {}, If_Match="*").status == 412
    assert app.send("GET", "/api/accounts/newer").status == 404


@pytest.mark.parametrize("header", ["If_Match", "If_None_Match"])
@pytest.mark.parametrize("text", ["", "abc", '"a" "b"', '"a",,b', "*, *", '"' + "a" * 5_000 + '"'])
def test_a_malformed_condition_is_refused(header: str, text: str) -> None:
    reply = patch(office(), ACCOUNT, {"title": "x"}, **{header: text})
    assert (reply.status, reply.bad_fields) == (400, {header.replace("_", "-")})


@pytest.mark.parametrize("path", PATHS)
def test_of_many_with_one_tag_one_wins(path: str) -> None:
    app = office()
    tag = etag(app, path)
    changes = [{"title": f"t{n}"} if path == ACCOUNT else {} for n in range(8)]
    if path == POOL:
        changes = [{"policy": {"poll_seconds": 20 + n}} for n in range(8)]
    if path == IMAGE:
        changes = [{"retention": {"days": n}} for n in range(8)]
    with ThreadPoolExecutor(8) as eight:
        replies = list(eight.map(lambda change: patch(app, path, change, If_Match=tag), changes))
    assert sorted(reply.status for reply in replies) == [200] + [412] * 7


@pytest.mark.parametrize(("headers", "others"), [({}, 200), ({"If_None_Match": "*"}, 412)])
@pytest.mark.parametrize("path", PATHS)
def test_of_many_that_create_the_same_one_does(path: str, headers: dict[str, str], others: int) -> None:
    app, row = office(), {POOL: "pools", IMAGE: "images", ACCOUNT: "accounts"}[path]
    rows = getattr(app.tables, row)
    (old,) = [one for one in rows.every() if path.endswith(f"/{one.name}")]
    if path == POOL:
        assert app.send("DELETE", POOL).status == 204
    else:
        rows.remove(old)
    barrier, find = threading.Barrier(8), rows.find

    def together(*key: str) -> Any:
        found = find(*key)
        if found is None:
            barrier.wait(timeout=5)
        return found

    rows.find = together
    with ThreadPoolExecutor(8) as eight:
        replies = list(eight.map(lambda _: put(app, path, BODIES[path], **headers), range(8)))
    assert Counter(reply.status for reply in replies) == {201: 1, others: 7}


@pytest.mark.parametrize("path", PATHS)
def test_no_change_of_another_setting_is_lost(path: str) -> None:
    """Somebody else writes between the read and the write of a PATCH: both changes are there afterwards."""
    app = office()
    rows = getattr(app.tables, ROWS[path])
    replace, others = rows.replace, [OTHER_CHANGE[path]]

    def interrupted(row: Any) -> Any:
        if others:
            assert patch(app, path, others.pop()).status == 200
        return replace(row)

    rows.replace = interrupted
    assert patch(app, path, CHANGE[path]).status == 200
    shown = str(settings(app, path))
    both = {
        POOL: ("'retries': 2", "'max_failed': 1"),
        IMAGE: ("'backups': 4", "'days': 9"),
        ACCOUNT: ("Other", "Paris"),
    }
    assert all(text in shown for text in both[path]), shown


@pytest.mark.parametrize("path", PATHS)
def test_a_tag_that_was_current_until_the_write_is_412(path: str) -> None:
    app = office()
    rows, tag = getattr(app.tables, ROWS[path]), etag(app, path)
    replace, others = rows.replace, [OTHER_CHANGE[path]]

    def interrupted(row: Any) -> Any:
        if others:
            assert patch(app, path, others.pop()).status == 200
        return replace(row)

    rows.replace = interrupted
    assert patch(app, path, CHANGE[path], If_Match=tag).status == 412


def test_a_rollout_that_writes_the_pool_at_the_same_time_keeps_what_it_wrote() -> None:
    app = office()
    replace, once = app.tables.pools.replace, [True]

    def interrupted(row: Any) -> Any:
        if once:
            once.clear()
            replace(app.pool().model_copy(update={"host_seconds": 77.0}))
        return replace(row)

    app.tables.pools.replace = interrupted  # type: ignore[method-assign]
    assert patch(app, POOL, CHANGE[POOL], If_Match=etag(app, POOL)).status == 200
    assert (app.pool().host_seconds, app.pool().policy.retries) == (77.0, 2)


def test_a_put_does_not_reset_what_somebody_else_set_meanwhile() -> None:
    """It did not name the setting, since there was none when it was sent."""
    app = office()
    replace, once = app.tables.pools.replace, [True]

    def interrupted(row: Any) -> Any:
        if once:
            once.clear()
            assert patch(app, POOL, OTHER_CHANGE[POOL]).status == 200
        return replace(row)

    app.tables.pools.replace = interrupted  # type: ignore[method-assign]
    reply = put(app, POOL, changed(POOL))
    assert (reply.status, reply.bad_fields) == (409, {"policy.max_failed"})
    assert app.pool().policy.max_failed == 1


def test_a_change_that_others_keep_overtaking_is_409() -> None:
    app = office()
    count = iter(range(1, 1_000))
    replace = app.tables.pools.replace

    def interrupted(row: Any) -> Any:
        replace(app.pool().model_copy(update={"host_seconds": float(next(count))}))
        return replace(row)

    app.tables.pools.replace = interrupted  # type: ignore[method-assign]
    reply = patch(app, POOL, CHANGE[POOL])
    assert (reply.status, reply.json["type"]) == (409, "urn:freshcoat:conflict")


@pytest.mark.parametrize("path", PATHS)
def test_a_repeated_request_gets_the_first_answer_and_its_tag(path: str) -> None:
    app = office()
    tag = etag(app, path)
    first = patch(app, path, CHANGE[path], If_Match=tag, Idempotency_Key="k")
    again = patch(app, path, CHANGE[path], If_Match=tag, Idempotency_Key="k")
    assert (first.status, first.text, first.headers["ETag"]) == (again.status, again.text, again.headers["ETag"])
    assert patch(app, path, CHANGE[path], If_Match="*", Idempotency_Key="k").status == 422


def test_the_tag_of_a_pool_whose_refresh_begins_is_that_of_its_row() -> None:
    """Beginning a refresh writes the pool's row once more."""
    app = office()
    assert patch(app, POOL, {"refresh": "off"}).status == 200
    reply = patch(app, POOL, {"refresh": "after_logoff"})
    assert patch(app, POOL, {"ring": "test"}, If_Match=reply.headers["ETag"]).status == 200
