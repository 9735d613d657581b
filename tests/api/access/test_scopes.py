"""Customers apart in Azure: what is outside an account's scopes is refused, and nobody widens their own."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.accounts import Account, ScopeMap
from shared.services import ACCOUNTS
from tests.api.access.world import two_customers
from tests.fixtures.app import App, Reply, findings, office, update
from tests.fixtures.world.azure import DEFINITION_ID, GROUP, HOST_POOL_ID, vm_id_of
from tests.fixtures.world.ids import SUBNET_ID, TEMPLATE_ID

SUBSCRIPTION = GROUP.partition("/resourceGroups")[0]
ELSEWHERE = f"{SUBSCRIPTION}/resourceGroups/rg-other"
IDENTITY = "11111111-1111-4111-8111-111111111111"
CONTOSO = {"x-dev-role": "admin", "x-dev-accounts": "contoso"}


def narrowed(*scopes: str, account: str = "default", app: App | None = None) -> App:
    """The pool's account has these scopes."""
    app = app or office()
    reply = app.send("PATCH", f"/api/accounts/{account}", {"scopes": scopes})
    assert reply.status == 200, reply.text
    return app


def put_pool(app: App, **changes: object) -> Reply:
    body = {"host_pool_id": HOST_POOL_ID, "image": "win11", "time_zone": "Europe/Berlin", "join": {"kind": "entra"}}
    return app.send("PUT", "/api/pools/office", body | changes)


def put_image(app: App, **changes: object) -> Reply:
    return app.send("PUT", "/api/images/win11", {"definition_id": DEFINITION_ID, "accounts": ["default"]} | changes)


@pytest.mark.parametrize("change", [{"scopes": [SUBSCRIPTION]}, {"scopes": []}, {"identity_client_id": IDENTITY}])
def test_an_admin_of_the_account_alone_may_not_change_its_scopes_or_identity(change: dict[str, Any]) -> None:
    app, _ = two_customers()
    narrowed(GROUP, account="contoso", app=app)
    before = app.tables.accounts.find(ACCOUNTS, "contoso")
    refused = app.send("PATCH", "/api/accounts/contoso", change, headers=CONTOSO)
    assert (refused.status, refused.json["need"]) == (403, "configure")
    assert app.send("PUT", "/api/accounts/contoso", {"title": "C", **change}, headers=CONTOSO).status == 403
    assert app.tables.accounts.find(ACCOUNTS, "contoso") == before
    assert app.send("PATCH", "/api/accounts/contoso", {"title": "Contoso Ltd"}, headers=CONTOSO).status == 200
    assert app.send("PATCH", "/api/accounts/contoso", change | {"scopes": [GROUP, ELSEWHERE]}).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": ["/subscriptions/x"]},
        {"scopes": [HOST_POOL_ID]},
        {"scopes": [f"{SUBSCRIPTION}/resourceGroups/.."]},
        {"scopes": [""]},
        {"identity_client_id": IDENTITY},
        {"scopes": [GROUP], "identity_client_id": "contoso"},
    ],
)
def test_scopes_are_subscriptions_and_resource_groups_and_an_identity_has_some(body: dict[str, Any]) -> None:
    reply = office().send("PUT", "/api/accounts/contoso", body)
    assert reply.status in {400, 422}, reply.text


def test_scopes_and_identity_are_shown_and_kept_once() -> None:
    body = {"scopes": [GROUP, GROUP.upper()], "identity_client_id": IDENTITY.upper()}
    reply = office().send("PUT", "/api/accounts/contoso", body)
    assert (reply.status, reply.json["scopes"], reply.json["identity_client_id"]) == (201, [GROUP.upper()], IDENTITY)


def test_a_host_pool_outside_the_scopes_is_refused_and_not_read() -> None:
    app = narrowed(ELSEWHERE)
    app.world.calls.clear()
    reply = put_pool(app)
    assert reply.bad_fields == {"host_pool_id"}
    assert "host pool hp-office is outside the scopes of account default" in reply.text
    assert app.world.count("host_pool") == app.world.count("session_hosts") == 0
    assert put_pool(narrowed(SUBSCRIPTION)).status == 200


@pytest.mark.parametrize("given", [ELSEWHERE, f"{GROUP}x", f"{ELSEWHERE}/../rg-desktops", f"{GROUP}/../rg-other"])
def test_a_host_pool_with_a_vm_outside_the_scopes_is_refused_and_the_vm_is_not_read(given: str) -> None:
    app = narrowed(GROUP)
    hosts = app.world.hosts[HOST_POOL_ID.lower()]
    name = "h1.contoso.local"
    hosts[name] = hosts[name].model_copy(update={"vm_id": vm_id_of("h1").replace(GROUP, given)})
    app.world.calls.clear()
    reply = put_pool(app)
    assert reply.bad_fields == {"host_pool_id"}
    assert "VM h1 is outside the scopes of account default" in reply.text
    assert app.world.count("machines") == 0


def test_definition_template_and_subnet_of_an_image_are_within_the_scopes_of_each_of_its_accounts() -> None:
    app = narrowed(ELSEWHERE)
    asked = {"template_vm_id": TEMPLATE_ID, "build_subnet_id": SUBNET_ID}
    app.world.calls.clear()
    reply = put_image(app, **asked)
    assert reply.bad_fields == {"definition_id", "template_vm_id", "build_subnet_id"}
    assert not app.world.calls
    assert put_image(app, accounts=None).status == 200
    app.send("PUT", "/api/accounts/contoso", {"scopes": [GROUP]})
    assert put_image(app, accounts=["contoso", "default"]).bad_fields == {"definition_id"}
    assert put_image(app, accounts=["contoso"]).status in {200, 409}


def test_what_is_in_the_scopes_of_one_account_is_no_other_accounts() -> None:
    app = office()
    app.send("PUT", "/api/accounts/contoso", {"scopes": [GROUP], "identity_client_id": IDENTITY})
    reply = put_pool(app)
    assert reply.bad_fields == {"host_pool_id"}
    assert "another account" in reply.text
    assert "contoso" not in reply.text.replace("contoso.local", "")


def test_the_preflight_finds_what_is_outside_by_now() -> None:
    app = office()
    assert findings(plan(app))["scope"] == "pass"
    narrowed(ELSEWHERE, app=app)
    assert findings(plan(app))["scope"] == "fail"
    refused = update(app)
    assert (refused.status, "pool" in refused.bad_fields) == (422, True)
    narrowed(GROUP, app=app)
    app.world.recreate("h1.contoso.local", "1.0.0", vm_id=vm_id_of("h1").replace(GROUP, ELSEWHERE))
    told = [finding["detail"] for finding in plan(app).json["preflight"] if finding["check"] == "scope"]
    assert told == ["VM h1 is outside the scopes of account default"]


def plan(app: App) -> Reply:
    asked = {"version": "2.0.0", "schedule": {"mode": "now"}}
    return app.send("POST", "/api/pools/office/update-image?what_if=true", asked)


def account(name: str, *scopes: str, identity: str = "") -> Account:
    return Account(name=name, scopes=scopes, identity_client_id=identity)


def test_the_longest_scope_says_whose_a_resource_is_and_which_identity_works_on_it() -> None:
    found = ScopeMap.of([
        account("hoster", SUBSCRIPTION, identity="h"), account("contoso", GROUP.upper(), identity="c"), account("none")
    ])  # fmt: skip
    other = HOST_POOL_ID.replace("rg-desktops", "rg-desktops2")
    assert (found.identity(HOST_POOL_ID), found.identity(GROUP), found.identity(other)) == ("c", "c", "h")
    assert found.identity(SUBSCRIPTION) == "h"
    assert found.identity(HOST_POOL_ID.replace("0001", "0002")) == ""
    assert found.problem("contoso", HOST_POOL_ID) == found.problem("hoster", other) == ""
    assert "another account" in found.problem("hoster", HOST_POOL_ID)
    assert "another account" in found.problem("none", other)
    assert found.problem("none", HOST_POOL_ID.replace("0001", "0002")) == ""


def test_where_accounts_share_a_scope_both_may_and_the_apps_own_identity_works() -> None:
    found = ScopeMap.of([account("one", GROUP, identity="1"), account("two", GROUP, identity="2")])
    assert found.problem("one", HOST_POOL_ID) == found.problem("two", HOST_POOL_ID) == ""
    assert found.identity(HOST_POOL_ID) == ""
