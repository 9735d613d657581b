"""Big pools: hundreds of pools in the list, thousands of hosts, drawn quickly and reached by keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.in_memory import ORIGIN, InMemory, big_rollout
from tests.browser.visit import Visit, check_for_all, settle
from tests.fixtures.app import office

MOST_SECONDS = 0.45
"""Three times the aim, 150 ms on a machine of its own: here others use the processor too (docs/performance.md)."""
ROUNDS = 5
_DRAW = """async ([view, drawn]) => {
  const buttons = [...document.querySelectorAll("[role=group][aria-label=View] button")];
  buttons.find((each) => each.textContent === view).click();
  while (!document.querySelector(drawn)) await new Promise((done) => requestAnimationFrame(done));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}"""
"""Presses a button of the view, and waits until its first rows are painted."""
_LIGHT = """(tile) => {
  const [one] = document.querySelectorAll(tile);
  const { position, overflow } = getComputedStyle(one);
  return [position, overflow, getComputedStyle(one, "::before").content, one.querySelectorAll("*").length];
}"""
"""What makes a tile dear a thousand times over: a layer or a clip of its own, a painted edge, elements inside."""
ROW, TILE = "table tr[data-index]", "ul[aria-label='Hosts by name'] button"


@pytest.fixture
def visit(browser: Browser) -> Visit:
    return Visit(browser, ORIGIN)


def watch(visit: Visit, hosts: int) -> Page:
    app, rollout = big_rollout(hosts)
    page = visit.open(f"/rollouts/{rollout}", prepare=InMemory(app).prepare)
    expect(page.get_by_role("list", name="Hosts by name")).to_be_visible(timeout=60_000)
    settle(page)
    return page


def seconds_of_pages(browser: Browser) -> float:
    """Processor time of all pages up to now: unlike the clock's, it does not grow with what else the machine does."""
    session = browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(process["cpuTime"] for process in found if process["type"] == "renderer")


def seconds_to_draw(browser: Browser, page: Page, view: str, drawn: str) -> float:
    before = seconds_of_pages(browser)
    page.evaluate(_DRAW, [view, drawn])
    return seconds_of_pages(browser) - before


@pytest.mark.parametrize("hosts", [1_000, 10_000])
def test_hosts_are_drawn_without_a_wait(browser: Browser, visit: Visit, hosts: int) -> None:
    page = watch(visit, hosts)
    took: dict[str, list[float]] = {"Table": [], "Grid": []}
    for _ in range(ROUNDS):
        took["Table"].append(seconds_to_draw(browser, page, "Table", ROW))
        took["Grid"].append(seconds_to_draw(browser, page, "Grid", TILE))
    assert max(min(times) for times in took.values()) < MOST_SECONDS, took
    if hosts == 1_000:
        assert page.evaluate(_LIGHT, TILE) == ["static", "visible", "none", 2]
    visit.end()


def test_ten_thousand_hosts_are_reached_by_keys(visit: Visit) -> None:
    page = watch(visit, 10_000)
    rows = page.get_by_role("list", name="Hosts by name").get_by_role("button")
    assert rows.count() < 100
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name=re.compile("^office-00002"))).to_be_focused()
    page.keyboard.press("End")
    last = page.get_by_role("button", name=re.compile("^office-10000"))
    expect(last).to_be_focused()
    page.keyboard.type("777")
    expect(page.get_by_role("button", name=re.compile("^office-00777"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name=re.compile("^Host office-00777"))).to_be_visible()
    page.keyboard.press("Escape")
    check_for_all(page)
    page.get_by_role("button", name="Table", exact=True).click()
    table = page.get_by_role("table", name="Hosts")
    expect(table).to_have_attribute("aria-rowcount", "10001")
    header = table.get_by_role("button", name="Host", exact=True)
    header.press("Enter")
    header.press("Enter")
    expect(table.get_by_role("row").nth(1)).to_contain_text("office-10000")
    table.get_by_role("button", name="office-10000").press("Enter")
    expect(page.get_by_role("region", name=re.compile("^Host office-10000"))).to_be_visible()
    visit.end()


def test_hundreds_of_pools_are_searched_sorted_and_paged(visit: Visit) -> None:
    app = office()
    pool = app.pool()
    app.tables.pools.write_many([pool.model_copy(update={"name": f"crowd-{n:03d}", "etag": None}) for n in range(250)])
    page = visit.open("/pools", prepare=InMemory(app).prepare)
    rows = page.get_by_role("table", name="VDI Pools").get_by_role("row")
    expect(rows).to_have_count(201)
    page.get_by_role("button", name="Next page").click()
    expect(rows).to_have_count(52)
    expect(page.get_by_role("link", name="office", exact=True)).to_be_visible()
    page.get_by_role("button", name="Pool", exact=True).click()
    expect(rows.nth(1)).to_contain_text("office")
    expect(rows).to_have_count(201)
    page.get_by_role("searchbox", name="Search pools").fill("crowd-24")
    expect(rows).to_have_count(11)
    expect(rows.nth(1)).to_contain_text("crowd-249")
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)
    visit.end()
