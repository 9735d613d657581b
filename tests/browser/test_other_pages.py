"""Rollouts, images, promotions, tasks and the audit: each page with data, for everybody."""

from __future__ import annotations

import pytest

from local.sim.core import names
from tests.browser.visit import Visit, look_at
from tests.end_to_end.conftest import Freshcoat


@pytest.fixture(autouse=True, scope="module")
def _a_past(freshcoat: Freshcoat) -> None:
    """A pool with a rollout that has ended, and an image."""
    freshcoat.add_pool("seen", 2)
    freshcoat.finish(freshcoat.publish("seen", {"mode": "now"}, reason="November patches"))
    freshcoat.send(
        "PUT",
        "/images/win11-office",
        {"definition_id": names.DEFINITION_ID, "template_vm_id": names.TEMPLATE_VM_ID},
    )


@pytest.mark.parametrize(
    ("path", "name", "title"),
    [
        ("/rollouts", "rollouts", "Rollouts"),
        ("/images", "images", "Global Images"),
        ("/images/win11-office", "image", "win11-office"),
        ("/promotions", "promotions", "Promotions"),
        ("/tasks", "tasks", "Tasks"),
        ("/audit", "audit", "Audit"),
    ],
)
def test_a_page_for_everybody(visit: Visit, path: str, name: str, title: str) -> None:
    look_at(visit, path, name, title)


def test_an_ended_rollout_for_everybody(visit: Visit, freshcoat: Freshcoat) -> None:
    rollout = freshcoat.get("/rollouts?pool=seen")["items"][0]["id"]
    look_at(visit, f"/rollouts/{rollout}", "rollout-ended", "seen to 2.0.0")
