"""A name in the filter of a list that exists nowhere is refused, like one in a request."""

from __future__ import annotations

import pytest

from shared.services import IMAGES, POOLS
from tests.fixtures.app import office


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/rollouts?pool=ofice", "pool"),
        ("/api/tasks?image=win1l", "image"),
        ("/api/tasks?image=win1l&kind=rollout", "image"),
        ("/api/promotions?image=win1l", "image"),
        ("/api/images?account=contosso", "account"),
    ],
)
def test_an_unknown_name_is_refused_with_its_field(path: str, field: str) -> None:
    reply = office().send("GET", path)
    assert (reply.status, reply.bad_fields) == (400, {field})
    assert "there is no" in reply.text


@pytest.mark.parametrize(
    "path",
    [
        "/api/rollouts?pool=office",
        "/api/tasks?image=win11",
        "/api/promotions?image=win11",
        "/api/images?account=default",
    ],
)
def test_a_known_name_without_results_gives_an_empty_list_or_its_items(path: str) -> None:
    assert office().send("GET", path).status == 200


def test_what_was_unregistered_can_still_be_asked_for() -> None:
    app = office()
    asked = {"version": "2.0.0", "schedule": {"mode": "on_logoff", "deadline": "2026-11-02T23:00"}}
    assert app.send("POST", "/api/pools/office/update-image", asked).status == 202
    pool, image = app.tables.pools.find(POOLS, "office"), app.tables.images.find(IMAGES, "win11")
    assert pool is not None and image is not None
    app.tables.pools.remove(pool)
    app.tables.images.remove(image)
    assert len(app.send("GET", "/api/rollouts?pool=office").json["items"]) == 1
    assert len(app.send("GET", "/api/tasks?image=win11").json["items"]) == 1
