"""Rollouts, images, promotions, tasks and the audit: each page with data, for everybody."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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


@pytest.mark.parametrize(
    ("path", "presses"),
    [
        ("/accounts", ["Register account"]),
        ("/access", ["Give a grant"]),
        ("/access?tab=keys", ["Make a key"]),
        ("/access?tab=limits", ["Set limits"]),
        ("/access?tab=caps", ["Set caps"]),
        ("/access?tab=probes", ["Make a probe"]),
        ("/access?tab=profiles", ["Make a join profile"]),
        ("/pools/seen", ["Actions of seen", "Unregister"]),
        ("/pools/seen", ["Roll back to 1.0.0"]),
        ("/pools/seen/update-image", ["Select new"]),
        ("/images", ["Actions of win11-office", "et as image"]),
        ("/images", ["Actions of win11-office", "Stage a version of the gallery"]),
    ],
)
def test_escape_closes_what_was_opened_and_the_focus_is_where_it_was(
    visit: Visit, path: str, presses: list[str]
) -> None:
    page = visit.open(path)
    opener = page.get_by_role("main").get_by_role("button", name=presses[0])
    expect(opener).to_be_visible()
    opener.focus()
    page.keyboard.press("Enter")
    for item in presses[1:]:
        page.get_by_role("menuitem", name=item).focus()
        page.keyboard.press("Enter")
    opened = page.get_by_role("dialog").or_(page.get_by_role("alertdialog"))
    expect(opened).to_have_count(1)
    expect(opened.locator(":focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    expect(opener).to_be_focused()
