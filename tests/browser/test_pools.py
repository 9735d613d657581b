"""VDI Pools: the list, its search and filters, its actions, and that it is alive."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visit import Visit, check_for_all, check_look, look_at
from tests.end_to_end.conftest import Freshcoat, in_seconds


@pytest.fixture(autouse=True, scope="module")
def _pools(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("finance", 3)
    freshcoat.add_pool("lab", 2)
    freshcoat.add_pool("sales", 2)


def row(page: Page, pool: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=pool, exact=True))


def test_every_pool_has_a_row_with_its_version_and_hosts(visit: Visit) -> None:
    page = visit.open("/pools")
    expect(row(page, "finance")).to_contain_text("win11-office 1.0.0")
    expect(row(page, "finance").get_by_role("cell", name="3", exact=True)).to_be_visible()
    expect(row(page, "lab")).to_be_visible()


def test_a_search_narrows_the_list_and_stands_in_the_address(visit: Visit) -> None:
    page = visit.open("/pools")
    page.get_by_role("searchbox", name="Search pools").fill("lab")
    expect(row(page, "finance")).to_have_count(0)
    expect(row(page, "lab")).to_be_visible()
    expect(page).to_have_url(re.compile("search=lab"))
    page.get_by_role("searchbox", name="Search pools").fill("nothing like it")
    page.get_by_role("button", name="Clear filters").click()
    expect(row(page, "finance")).to_be_visible()


def test_in_a_narrow_window_every_column_that_is_shown_has_room_for_a_word(visit: Visit) -> None:
    page = visit.open("/pools", size=(768, 1000))
    expect(row(page, "finance")).to_be_visible()
    widths = page.get_by_role("columnheader").evaluate_all("all => all.map(one => one.offsetWidth).filter(Boolean)")
    assert min(widths) >= 48, widths


def test_the_actions_of_a_pool_lead_to_its_pages(visit: Visit) -> None:
    page = visit.open("/pools")
    page.get_by_role("button", name="Actions of finance").click()
    check_for_all(page, floating=True)
    page.get_by_role("menuitem", name="Update Image").click()
    expect(page).to_have_url(re.compile("/console/pools/finance/update-image$"))


def test_a_reader_is_told_why_updating_is_not_for_them(visit: Visit) -> None:
    page = visit.open("/pools", role="reader")
    page.get_by_role("button", name="Actions of finance").click()
    item = page.get_by_role("menuitem", name="Update Image")
    expect(item).to_have_attribute("aria-disabled", "true")
    expect(item).to_contain_text("operator")
    check_for_all(page, floating=True)


def test_a_rollout_moves_and_ends_without_a_reload(visit: Visit, freshcoat: Freshcoat) -> None:
    host = next(iter(freshcoat.azure("finance")))
    freshcoat.sim("POST", "/logon", {"host": host, "user": "ann@contoso.com"})
    rollout = freshcoat.publish("finance", {"mode": "on_logoff", "deadline": in_seconds(3_600)})
    page = visit.open("/pools?rollout=open")
    moving = row(page, "finance")
    expect(moving.get_by_role("link", name=re.compile("% to 2.0.0, running"))).to_be_visible()
    expect(moving.get_by_role("img", name="2 done, 1 waiting for log off")).to_be_visible(timeout=60_000)
    check_look(page, "pools-with-a-rollout")
    freshcoat.sim("POST", "/logoff", {"host": host, "user": "ann@contoso.com"})
    freshcoat.finish(rollout)
    expect(page.get_by_text("No pool matches.")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Clear filters").click()
    expect(moving).to_contain_text("win11-office 2.0.0")
    expect(moving.get_by_role("progressbar")).to_have_count(0)


def test_the_pools_for_everybody(visit: Visit) -> None:
    look_at(visit, "/pools", "pools", "VDI Pools")
