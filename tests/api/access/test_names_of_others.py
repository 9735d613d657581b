"""A refusal says that something is taken, and not what others call theirs."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.names import TEMPLATE_TAG
from shared.models.resource_claims import ClaimedKind, ResourceClaim
from shared.services import IMAGES
from tests.api.access.test_reach import CONTOSO, FABRIKAM, of_pool, put_pool
from tests.api.access.world import two_customers
from tests.fixtures.app import App
from tests.fixtures.world.azure import DEFINITION_ID


def with_an_image_of_fabrikam() -> App:
    app, _ = two_customers()
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    other = DEFINITION_ID.replace("win11", "win12")
    changes = {"name": "theirs", "definition_id": other, "accounts": ("fabrikam",), "etag": None}
    app.tables.images.add(image.model_copy(update=changes))
    return app


def mine(app: App) -> dict[str, Any]:
    return of_pool(app, account="fabrikam", image="theirs")


def test_the_pool_of_others_that_has_a_host_pool_is_not_named() -> None:
    app = with_an_image_of_fabrikam()
    theirs = put_pool(app, "mine", mine(app), FABRIKAM)
    assert (theirs.status, "already registered" in theirs.json["detail"], "office" in theirs.text) == (409, True, False)
    own = put_pool(app, "mine", of_pool(app), CONTOSO)
    assert "as pool office" in own.json["detail"]


@pytest.mark.parametrize("seconds", [0, 3600])
def test_the_pool_of_others_that_is_about_to_have_a_host_pool_is_not_named(seconds: int) -> None:
    app = with_an_image_of_fabrikam()
    body = mine(app)
    holder = "office" if seconds else "secret"
    if not seconds:
        app.tables.pools.remove(app.pool())
    app.tables.claims.add(
        ResourceClaim(
            kind=ClaimedKind.HOST_POOL, resource=body["host_pool_id"].lower(), holder=holder, at=app.now, etag=None
        )
    )
    reply = put_pool(app, "mine", body, FABRIKAM)
    assert (reply.status, holder in reply.json["detail"]) == (409, False), reply.text


def test_the_image_of_others_that_has_a_definition_is_not_named() -> None:
    app, _ = two_customers()
    body = {"definition_id": DEFINITION_ID, "accounts": ["fabrikam"]}
    reply = app.send("PUT", "/api/images/mine", body, headers=FABRIKAM)
    assert (reply.status, "as image" in reply.json["detail"]) == (409, False), reply.text
    own = app.send("PUT", "/api/images/mine", body | {"accounts": ["contoso"]}, headers=CONTOSO)
    assert "as image win11" in own.json["detail"]


@pytest.mark.parametrize("tag", ["", "theirs"])
def test_the_pool_of_others_that_has_a_virtual_machine_is_not_named(tag: str) -> None:
    app = with_an_image_of_fabrikam()
    machine = next(iter(app.world.machines.values()))
    app.world.machines[machine.id.lower()] = machine.model_copy(update={"tags": {TEMPLATE_TAG: tag} if tag else {}})
    patch = {"template_vm_id": machine.id}
    reply = app.send("PATCH", "/api/images/theirs", patch, headers=FABRIKAM)
    assert reply.bad_fields >= {"template_vm_id"}
    assert "office" not in reply.text
    if tag:
        assert "session host of a pool" in reply.text
