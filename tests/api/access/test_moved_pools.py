"""A pool moves to another customer only while nothing of the old one works on it."""

from __future__ import annotations

from shared.models.pools import Refresh
from shared.services import IMAGES
from tests.api.access.test_reach import FABRIKAM
from tests.api.access.world import two_customers

BOTH = {"x-dev-role": "admin", "x-dev-accounts": "contoso,fabrikam"}


def test_a_pool_whose_hosts_are_being_refreshed_does_not_move() -> None:
    """Its refresh would stay with the old customer, who could go on to read and change it."""
    app, names = two_customers()
    app.send("POST", f"/api/rollouts/{names['rollout']}/cancel", {"how": "leave"})
    app.tables.rollouts.replace(app.rollout(names["rollout"]).model_copy(update={"state": "cancelled"}))
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    app.tables.images.replace(image.replace(accounts=None))
    patch = {"refresh": Refresh.DAILY.value}
    assert app.send("PATCH", "/api/pools/office", patch, headers=BOTH).status == 200
    refresh = app.pool().refresh_rollout
    assert app.rollout(refresh).account == "contoso"
    reply = app.send("PATCH", "/api/pools/office", {"account": "fabrikam"}, headers=BOTH)
    assert (reply.status, reply.json["rollout"]) == (409, refresh), reply.text
    assert app.pool().account == "contoso"
    assert app.send("GET", "/api/pools/office", headers=FABRIKAM).status == 404
