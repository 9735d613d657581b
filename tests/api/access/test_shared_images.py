"""Images of several customers: one of them neither activates nor moves what counts for the others, nor reads it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.promotions import Promotion
from shared.services import IMAGES, PROMOTIONS
from tests.api.access.test_reach import CONTOSO
from tests.api.access.world import PROMOTION, two_customers
from tests.fixtures.app import App

EVERYTHING = {"x-dev-role": "admin", "x-dev-accounts": "*"}
BOTH = {"x-dev-role": "admin", "x-dev-accounts": "contoso,fabrikam"}


def shared_by(*accounts: str) -> tuple[App, dict[str, str]]:
    """The two customers with an image that belongs to these accounts; nobody: to all."""
    app, names = two_customers()
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    app.tables.images.replace(image.replace(accounts=accounts or None))
    return app, names


def promotion(app: App, **changes: Any) -> Promotion:
    """The promotion's row, changed."""
    found = app.tables.promotions.find(PROMOTIONS, PROMOTION)
    assert found
    return app.tables.promotions.replace(found.model_copy(update=changes))


@pytest.mark.parametrize("accounts", [(), ("contoso", "fabrikam")])
def test_an_activation_that_counts_for_others_is_not_scheduled(accounts: tuple[str, ...]) -> None:
    app, _ = shared_by(*accounts)
    body = {"image": "win11", "at": "2026-11-03T20:00"}
    reply = app.send("POST", "/api/promotions", body, headers=CONTOSO)
    assert (reply.status, reply.json.get("need")) == (403, "publish")
    assert len(app.tables.promotions.all(PROMOTIONS)) == 1
    allowed = app.send("POST", "/api/promotions", body, headers=BOTH if accounts else EVERYTHING)
    assert allowed.status == 409, allowed.text  # nothing is staged: the caller got as far as that


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/reschedule")])
def test_an_activation_of_a_shared_image_is_not_moved_by_who_has_only_its_pools(method: str, path: str) -> None:
    app, _ = shared_by()
    promotion(app, accounts=("contoso",))
    assert app.send("GET", f"/api/promotions/{PROMOTION}", headers=CONTOSO).status == 200
    body = {"at": "2026-11-05T20:00"} if method == "POST" else None
    reply = app.send(method, f"/api/promotions/{PROMOTION}{path}", body, headers=CONTOSO)
    assert (reply.status, reply.json.get("need")) == (403, "steer")
