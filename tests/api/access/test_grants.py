"""Grants: nobody gets more by giving up what they have, or learns whose accounts there are."""

from __future__ import annotations

import pytest

from shared.models.access.grants import Grant
from shared.services import GRANTS
from tests.api.access.test_who_asks import ME, as_bearer, entra, grant, me
from tests.api.access.world import PRINCIPAL, two_customers
from tests.fixtures.app import App


def admin_of_contoso() -> App:
    app = entra()
    for row in app.tables.grants.all(GRANTS):
        app.tables.grants.remove(row)
    app.tables.grants.add(Grant(principal=ME, accounts=("contoso",), changed_at=app.now))
    return app


def test_the_last_grant_is_not_given_up_for_every_account() -> None:
    app, admin = admin_of_contoso(), as_bearer(roles=["admin"])
    reply = app.send("DELETE", f"/api/access/grants/{ME}", headers=admin)
    assert reply.status == 409, reply.text
    assert me(app, admin).json["accounts"] == ["contoso"]


def test_a_grant_that_is_not_the_last_is_taken() -> None:
    app, admin = admin_of_contoso(), as_bearer(roles=["admin"])
    assert grant(app, "contoso", principal=PRINCIPAL).status == 201
    assert app.send("DELETE", f"/api/access/grants/{PRINCIPAL}", headers=admin).status == 204


def test_two_who_take_the_last_two_grants_at_once_do_not_get_everything() -> None:
    app, admin = admin_of_contoso(), as_bearer(roles=["admin"])
    assert grant(app, "contoso", principal=PRINCIPAL).status == 201
    remove = app.tables.grants.remove

    def after_the_other(row: Grant) -> None:
        app.tables.grants.remove = remove  # type: ignore[method-assign]
        (mine,) = (one for one in app.tables.grants.all(GRANTS) if one.principal == ME)
        remove(mine)
        remove(row)

    app.tables.grants.remove = after_the_other  # type: ignore[method-assign]
    assert app.send("DELETE", f"/api/access/grants/{PRINCIPAL}", headers=admin).status == 409
    assert [row.principal for row in app.tables.grants.all(GRANTS)] == [PRINCIPAL]


def test_who_has_every_account_may_take_the_last_grant() -> None:
    app, _ = two_customers()
    assert app.send("DELETE", f"/api/access/grants/{PRINCIPAL}").status == 204


@pytest.mark.parametrize("name", ["fabrikam", "default"])
def test_an_account_of_others_is_refused_like_a_new_one(name: str) -> None:
    app, _ = two_customers()
    headers = {"x-dev-role": "admin", "x-dev-accounts": "contoso"}
    theirs = app.send("PUT", f"/api/accounts/{name}", {}, headers=headers)
    new = app.send("PUT", "/api/accounts/nowhere", {}, headers=headers)
    assert (theirs.status, theirs.json) == (new.status, new.json)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_grant_that_was_widened_after_the_check_is_neither_changed_nor_taken(method: str) -> None:
    app, admin = admin_of_contoso(), as_bearer(roles=["admin"])
    assert grant(app, "contoso", principal=PRINCIPAL).status == 201
    grants, find, asked = app.tables.grants, app.tables.grants.find, []

    def widened_after_the_check(*key: str) -> Grant | None:
        asked.append(key)
        found = find(*key)
        if len(asked) == 2 and found:
            grants.replace(found.replace(accounts=("fabrikam",)))
        return find(*key)

    grants.find = widened_after_the_check  # type: ignore[method-assign]
    body = {"accounts": ["contoso"]} if method == "PUT" else None
    reply = app.send(method, f"/api/access/grants/{PRINCIPAL}", body, headers=admin)
    assert reply.status == 409, reply.text
    (row,) = (one for one in grants.all(GRANTS) if one.principal == PRINCIPAL)
    assert row.accounts == ("fabrikam",)
