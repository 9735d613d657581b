"""The versions that a pool is offered, and that what is offered is what an update accepts."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureForbidden
from shared.models.images import Image
from shared.models.pools import Ring
from tests.fixtures.app import App, Reply, change_pool, office, update
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID


def offered(app: App, query: str = "", **headers: str) -> dict[tuple[str, str], Any]:
    """The versions by image and number, in the order of the answer."""
    reply = app.send("GET", f"/api/pools/office/versions{query}", headers=headers)
    assert reply.status == 200, reply.text
    return {(one["image"], one["version"]): one for one in reply.json["items"]}


def what_if(app: App, **body: Any) -> Reply:
    return app.send("POST", "/api/pools/office/update-image?what_if=true", {"schedule": {"mode": "now"}, **body})


def with_staged(**pool: Any) -> App:
    """2.0.0 active, 3.0.0 staged, 1.0.0 a backup."""
    app = office()
    app.world.add_version("3.0.0", staged=True)
    record_family(app.tables.versions, version_set(staged="3.0.0"))
    if pool:
        change_pool(app, **pool)
    return app


def test_versions_come_highest_first_with_what_counts() -> None:
    found = offered(office())
    assert [version for _, version in found] == ["2.0.0", "1.0.0"]
    new, old = found.values()
    assert new["selectable"] and new["why_not"] is None and new["state"] == "active" and not new["current"]
    assert new["replicas"] is not None and new["replicas"] > 0
    assert old["current"] and old["selectable"]


@pytest.mark.parametrize(("ring", "selectable"), [(Ring.PRODUCTION, False), (Ring.TEST, True)])
def test_a_staged_version_is_for_test_pools(ring: Ring, selectable: bool) -> None:
    app = with_staged(ring=ring)
    found = offered(app)["win11", "3.0.0"]
    assert found["selectable"] is selectable
    assert bool(found["why_not"]) is not selectable
    can = what_if(app, version="3.0.0")
    assert (can.json.get("can_start") is True) is selectable


def test_an_older_version_is_offered_as_a_downgrade() -> None:
    app = office()
    change_pool(app, version="2.0.0")
    found = offered(app)["win11", "1.0.0"]
    assert (found["selectable"], found["as_downgrade"]) == (False, True)
    assert what_if(app, version="1.0.0").json["can_start"] is False
    assert what_if(app, version="1.0.0", allow_downgrade=True).json["can_start"] is True


def test_what_is_not_where_the_hosts_are_is_not_offered() -> None:
    app = office()
    for version in app.world.versions[DEFINITION_ID.lower()].values():
        if version.version == "2.0.0":
            app.world.versions[DEFINITION_ID.lower()]["2.0.0"] = version.model_copy(update={"replicas": {"eastus": 1}})
    found = offered(app)["win11", "2.0.0"]
    assert (found["selectable"], found["as_downgrade"], found["replicas"]) == (False, False, 0)
    assert found["why_not"]["text"].startswith("It is not replicated to ")


def test_a_gallery_that_cannot_be_read_is_said_for_each_version() -> None:
    app = office()
    app.world.fail("versions", AzureForbidden("list versions", 403, "AuthorizationFailed", "no right"), times=9)
    found = offered(app)
    assert found and not any(one["selectable"] or one["as_downgrade"] for one in found.values())


def test_other_images_follow_and_those_of_other_accounts_do_not() -> None:
    app = office()
    for name, accounts in (("sales", None), ("theirs", ("fabrikam",))):
        app.tables.images.add(Image(name=name, definition_id=DEFINITION_ID, accounts=accounts, registered_at=app.now))
    found = offered(app)
    assert [image for image, _ in found] == ["win11", "win11", "sales", "sales"]
    assert not found["sales", "2.0.0"]["current"]
    assert {image for image, _ in offered(app, "?search=SALES")} == {"sales"}
    assert len(offered(app, "?limit=1")) == 1


def test_it_changes_nothing() -> None:
    app = office()
    before = app.rows_written()
    offered(app)
    assert app.rows_written() == before
    assert update(app).status == 202
