"""What is moved to another customer between the check of the caller and the change is not changed."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.accounts import Account
from tests.api.registrations.settings import BODIES, IMAGE, POOL, office, patch, put

CONTOSO = {"x_dev_role": "admin", "x_dev_accounts": "contoso"}
MOVED: dict[str, tuple[str, dict[str, Any]]] = {
    POOL: ("pools", {"account": "fabrikam"}),
    IMAGE: ("images", {"accounts": ("fabrikam",)}),
}
CHANGE: dict[str, dict[str, Any]] = {POOL: {"account": "contoso"}, IMAGE: {"accounts": ["contoso"]}}


@pytest.mark.parametrize("path", [POOL, IMAGE])
@pytest.mark.parametrize("send", [put, patch])
def test_a_change_of_what_belongs_to_others_by_now_is_refused(path: str, send: Any) -> None:
    app, (table, moved) = office(), MOVED[path]
    if path == IMAGE:  # so that no pool of its accounts is in the way
        assert app.send("DELETE", POOL).status == 204
    app.tables.accounts.add(Account(name="fabrikam"))
    assert patch(app, IMAGE, {"accounts": ["contoso"]}).status == 200
    rows = getattr(app.tables, table)
    find, asked = rows.find, []

    def moved_after_the_check(*key: str) -> Any:
        asked.append(key)
        if len(asked) == 2:
            rows.replace(find(*key).model_copy(update=moved))
        return find(*key)

    rows.find = moved_after_the_check
    body = BODIES[path] | CHANGE[path] if send is put else CHANGE[path]
    reply = send(app, path, body, **CONTOSO)
    assert reply.status == 409, reply.text
    (row,) = rows.every()
    assert {name: getattr(row, name) for name in moved} == moved
