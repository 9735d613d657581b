"""What a caller of one customer finds in lists, and may name in bodies: nothing of the other customers."""

from __future__ import annotations

from typing import Any

import pytest

from shared.services import IMAGES, POOLS, TASKS
from tests.api.access.world import two_customers
from tests.fixtures.app import NOW, App, Reply

CONTOSO = {"x-dev-role": "admin", "x-dev-accounts": "contoso"}
FABRIKAM = {"x-dev-role": "admin", "x-dev-accounts": "fabrikam"}
LISTS = ("pools", "images", "rollouts", "tasks", "promotions", "access/keys", "access/grants")


def listed(app: App, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    reply = app.send("GET", f"/api/{path}", headers=headers)
    assert reply.status == 200, reply.text
    items: list[dict[str, Any]] = reply.json["items"]
    return items


def of_pool(app: App, **changes: object) -> dict[str, Any]:
    pool = app.pool()
    body = {"host_pool_id": pool.host_pool_id, "image": "win11", "account": "contoso", "time_zone": "Europe/Berlin"}
    return body | {"join": {"kind": "entra"}} | changes


def put_pool(app: App, name: str, body: dict[str, Any], headers: dict[str, str]) -> Reply:
    return app.send("PUT", f"/api/pools/{name}", body, headers=headers)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_shows_what_is_visible_and_nothing_else(path: str) -> None:
    app, _ = two_customers()
    assert listed(app, path, CONTOSO)
    assert listed(app, path, FABRIKAM) == []


def test_accounts_are_listed_if_they_are_the_callers() -> None:
    app, _ = two_customers()
    assert [account["name"] for account in listed(app, "accounts", FABRIKAM)] == ["fabrikam"]


@pytest.mark.parametrize("path", ["rollouts?pool=office", "tasks?image=win11", "images?account=contoso"])
def test_a_filter_by_an_invisible_name_is_refused_like_an_unknown_one(path: str) -> None:
    app, _ = two_customers()
    field = path.partition("?")[2].partition("=")[0]
    hidden = app.send("GET", f"/api/{path}", headers=FABRIKAM)
    unknown = app.send("GET", f"/api/{path.partition('=')[0]}=nowhere", headers=FABRIKAM)
    assert hidden.bad_fields == unknown.bad_fields == {field}
    assert app.send("GET", f"/api/{path}", headers=CONTOSO).status == 200


def test_a_page_is_filled_with_what_is_visible() -> None:
    app, _ = two_customers()
    other = app.pool()
    for number in range(5):
        account = "fabrikam" if number % 2 else "contoso"
        app.tables.pools.add(
            other.model_copy(
                update={
                    "name": f"p{number}",
                    "account": account,
                    "etag": None,
                    "running_rollout": "",
                    "host_pool_id": f"{other.host_pool_id}{number}",
                }
            )
        )
    first = app.send("GET", "/api/pools?limit=1", headers=FABRIKAM).json
    assert [pool["name"] for pool in first["items"]] == ["p1"]
    rest = app.send("GET", f"/api/pools?limit=1&continuation={first['continuation']}", headers=FABRIKAM).json
    assert [pool["name"] for pool in rest["items"]] == ["p3"]


def test_pools_of_others_are_unknown_in_an_update_of_many_pools() -> None:
    app, _ = two_customers()
    body = {"version": "2.0.0", "schedule": NOW, "pools": ["office"]}
    reply = app.send("POST", "/api/rollouts", body, headers=FABRIKAM)
    assert "there is no pool called office" in reply.text
    by_filter = {"version": "2.0.0", "schedule": NOW, "filter": {"account": "contoso"}}
    reply = app.send("POST", "/api/rollouts", by_filter, headers=FABRIKAM)
    assert "there is no account called contoso" in reply.text
    by_image = {"version": "2.0.0", "schedule": NOW, "filter": {"image": "win11"}}
    assert "there is no image called win11" in app.send("POST", "/api/rollouts", by_image, headers=FABRIKAM).text
    assert len(app.tables.tasks.all(TASKS)) == 1


def test_a_promotion_of_an_invisible_image_is_refused_like_an_unknown_one() -> None:
    app, _ = two_customers()
    body = {"image": "win11", "at": "2026-11-03T20:00"}
    assert "there is no image called win11" in app.send("POST", "/api/promotions", body, headers=FABRIKAM).text


def test_a_pool_is_registered_for_the_callers_account_only() -> None:
    app, _ = two_customers()
    reply = put_pool(app, "mine", of_pool(app, account="contoso"), FABRIKAM)
    assert reply.bad_fields == {"account", "image"}
    assert app.tables.pools.find(POOLS, "mine") is None


def test_a_pool_moves_to_another_account_with_grants_for_both() -> None:
    app, _ = two_customers()
    app.tables.pools.replace(app.pool().replace(running_rollout=""))
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    app.tables.images.replace(image.replace(accounts=None))
    body = of_pool(app, account="fabrikam")
    assert put_pool(app, "office", body, CONTOSO).bad_fields == {"account"}
    assert app.pool().account == "contoso"
    both = {**CONTOSO, "x-dev-accounts": "contoso,fabrikam"}
    assert put_pool(app, "office", body, both).status == 200
    assert app.pool().account == "fabrikam"


def test_an_image_for_all_accounts_needs_all_accounts() -> None:
    app, _ = two_customers()
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    body: dict[str, Any] = {"definition_id": image.definition_id}
    reply = app.send("PUT", "/api/images/win11", body, headers=CONTOSO)
    assert (reply.status, reply.json["need"]) == (403, "configure")
    theirs = app.send("PUT", "/api/images/win11", {**body, "accounts": ["contoso", "fabrikam"]}, headers=CONTOSO)
    assert theirs.bad_fields == {"accounts"}
    body["accounts"] = None
    assert app.send("PUT", "/api/images/win11", body, headers={**CONTOSO, "x-dev-accounts": "*"}).status == 200


@pytest.mark.parametrize("action", ["activate", "roll-back", "set-as-image", "stage"])
def test_an_image_of_all_accounts_is_seen_by_all_and_changed_with_all(action: str) -> None:
    app, _ = two_customers()
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    app.tables.images.replace(image.replace(accounts=None))
    assert app.send("GET", "/api/images/win11", headers=FABRIKAM).status == 200
    reply = app.send("POST", f"/api/images/win11/{action}", {}, headers=CONTOSO)
    assert (reply.status, "accounts that you have no grant for" in reply.json["detail"]) == (403, True)


def test_the_pools_of_others_are_not_named_on_a_shared_image() -> None:
    app, _ = two_customers()
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    app.tables.images.replace(image.replace(accounts=None))

    def used_by(headers: dict[str, str]) -> set[str]:
        versions = app.send("GET", "/api/images/win11/versions", headers=headers).json["items"]
        return {pool for version in versions for pool in version["used_by"]}

    assert (used_by(CONTOSO), used_by(FABRIKAM)) == ({"office"}, set())


def test_a_rollout_stays_the_old_accounts_when_its_pool_moves() -> None:
    app, names = two_customers()
    app.tables.pools.replace(app.pool().replace(account="fabrikam"))
    assert app.send("GET", f"/api/rollouts/{names['rollout']}", headers=FABRIKAM).status == 404
    assert app.send("GET", f"/api/rollouts/{names['rollout']}", headers=CONTOSO).status == 200


def test_a_kept_answer_is_not_given_to_who_may_no_longer_ask() -> None:
    app, names = two_customers()
    key = {"Idempotency-Key": "k-1"}
    path = f"/api/rollouts/{names['rollout']}/pause"
    assert app.send("POST", path, {}, headers={**CONTOSO, **key}).status == 202
    assert app.send("POST", path, {}, headers={**CONTOSO, **key}).status == 202
    assert app.send("POST", path, {}, headers={**FABRIKAM, **key}).status == 404
    reader = {**CONTOSO, "x-dev-role": "reader", **key}
    assert app.send("POST", path, {}, headers=reader).status == 403


def test_an_account_is_made_by_who_has_all_accounts() -> None:
    app, _ = two_customers()
    reply = app.send("PUT", "/api/accounts/adatum", {}, headers=CONTOSO)
    assert (reply.status, reply.json["need"]) == (403, "configure")
    assert app.send("PUT", "/api/accounts/adatum", {}).status == 201


@pytest.mark.parametrize(
    ("path", "patch"),
    [
        ("pools/office", {"account": "fabrikam"}),
        ("images/win11", {"accounts": ["contoso", "fabrikam"]}),
        ("images/win11", {"accounts": None}),
    ],
)
def test_a_patch_names_no_more_than_a_put(path: str, patch: dict[str, Any]) -> None:
    app, _ = two_customers()
    app.tables.pools.replace(app.pool().replace(running_rollout=""))
    assert app.send("PATCH", f"/api/{path}", patch, headers=CONTOSO).status in {400, 403}
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    assert (app.pool().account, image.accounts) == ("contoso", ("contoso",))
