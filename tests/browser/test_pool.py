"""The page of a pool: hosts, rollouts, policy, roll-back with its plan, unregister."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import Visit, check_for_all, check_look, look_at
from tests.end_to_end.conftest import DOMAIN, Freshcoat


@pytest.fixture(autouse=True, scope="module")
def _pools(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("plain", 3)
    freshcoat.add_pool("gone", 1)
    freshcoat.add_pool("updated", 2, join=DOMAIN)
    freshcoat.finish(freshcoat.publish("updated", {"mode": "now"}))


def opened(visit: Visit, pool: str, query: str = "", **how: Any) -> Page:
    page = visit.open(f"/pools/{pool}{query}", **how)
    expect(page.get_by_role("heading", level=1, name=pool)).to_be_visible()
    return page


def test_it_shows_each_host_and_finds_one(visit: Visit) -> None:
    page = opened(visit, "plain")
    table = page.get_by_role("table", name="Hosts of plain")
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.get_by_role("row", name=re.compile("plain-0001"))).to_contain_text("Accepts people")
    page.get_by_role("searchbox", name="Find a host").fill("0002")
    expect(table.get_by_role("row")).to_have_count(2)


def test_its_rollouts_and_its_policy_have_addresses_of_their_own(visit: Visit) -> None:
    page = opened(visit, "updated")
    page.get_by_role("tab", name="Rollouts").click()
    expect(page).to_have_url(re.compile("tab=rollouts"))
    expect(page.get_by_role("table").get_by_text("2.0.0").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("tab", name="Rollouts")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("table").get_by_text("2.0.0").first).to_be_visible()
    check_look(page, "pool-rollouts")
    page.get_by_role("tab", name="Policy").click()
    expect(page.get_by_text("(set on the pool)").first).to_be_visible()
    check_look(page, "pool-policy")


def test_it_leads_to_update_image(visit: Visit) -> None:
    page = opened(visit, "plain")
    page.get_by_role("button", name="Update Image").click()
    expect(page.get_by_role("heading", level=1, name="Update image of plain")).to_be_visible()


def test_a_roll_back_shows_its_plan_and_is_done(visit: Visit, freshcoat: Freshcoat) -> None:
    page = opened(visit, "updated")
    page.get_by_role("button", name="Roll back to 1.0.0").click()
    dialog = page.get_by_role("dialog", name="Roll updated back to 1.0.0?")
    send = dialog.get_by_role("button", name="Roll 2 hosts back to 1.0.0")
    expect(send).to_be_visible()
    check_for_all(page)
    send.click()
    expect(page).to_have_url(re.compile("/console/rollouts/"))
    rollout = freshcoat.finish(page.url.rpartition("/")[2])
    assert (rollout["kind"], rollout["version"], rollout["state"]) == ("roll_back", "1.0.0", "succeeded")


def test_a_pool_is_unregistered_by_its_name(visit: Visit, freshcoat: Freshcoat) -> None:
    page = opened(visit, "gone")
    page.get_by_role("button", name="Actions of gone").click()
    page.get_by_role("menuitem", name="Unregister").click()
    dialog = page.get_by_role("alertdialog")
    check_for_all(page)
    dialog.get_by_role("textbox").fill("gone")
    dialog.get_by_role("button", name="Unregister gone").click()
    expect(page.get_by_role("heading", level=1, name="VDI Pools")).to_be_visible()
    expect(page.get_by_role("link", name="gone", exact=True)).to_have_count(0)
    assert freshcoat.send("GET", "/pools/gone").status_code == 404


def test_a_reader_sees_all_of_it_and_changes_nothing(visit: Visit) -> None:
    page = opened(visit, "updated", role="reader")
    for name in ("Update Image", re.compile("^Roll back")):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-disabled", "true")


def test_a_pool_that_is_not_registered_says_so(visit: Visit) -> None:
    with visit.expecting("404"):
        page = visit.open("/pools/nowhere")
        page.get_by_role("link", name="All pools").click()
    expect(page.get_by_role("heading", level=1, name="VDI Pools")).to_be_visible()


def test_the_pool_for_everybody(visit: Visit) -> None:
    look_at(visit, "/pools/plain", "pool", "plain")
