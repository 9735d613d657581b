"""Files of the console that cannot be fetched any more: the page stays, says so, and offers to load it again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.in_memory import ORIGIN, InMemory, big_rollout
from tests.browser.visit import NARROW, Visit, check_for_all, check_look, settle

LOST = "ERR_FAILED|Failed to fetch dynamically imported module|preload (CSS|assets)"
NOT_LOADED = "A part of the console could not be loaded."
ALL_STYLED = "[...document.querySelectorAll('link[rel=stylesheet]')].every(({ sheet }) => sheet?.cssRules.length)"
FILES = re.compile(rf"^{ORIGIN}/console/assets/")


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    made = Visit(browser, ORIGIN)
    with made.expecting(LOST):
        yield made
    made.end()


@contextmanager
def lost_files(page: Page) -> Iterator[None]:
    """The app answers, but none of the console's files arrives: the connection is bad, or there is a new build."""

    def lose(route: Route) -> None:
        route.abort()

    page.route(FILES, lose)
    yield
    page.unroute(FILES, lose)


def opened(visit: Visit, path: str, heading: str, **how: object) -> Page:
    app, _ = big_rollout(3)
    page = visit.open(path, prepare=InMemory(app).prepare, **how)  # type: ignore[arg-type]
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    settle(page)
    page.wait_for_load_state("networkidle")
    return page


@pytest.mark.parametrize("dark", [False, True])
def test_a_menu_that_does_not_arrive_leaves_the_page_and_comes_with_the_next_press(visit: Visit, dark: bool) -> None:
    page = opened(visit, "/pools", "VDI Pools", dark=dark, size=NARROW)
    with lost_files(page):
        page.get_by_role("button", name="Theme").press("Enter")
        expect(page.get_by_text(NOT_LOADED)).to_be_visible()
        expect(page.get_by_role("link", name="office", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Theme")).to_have_attribute("aria-expanded", "false")
        check_look(page, f"not-loaded-{'dark' if dark else 'light'}")
        page.get_by_role("button", name="Menu").press("Enter")
        expect(page.get_by_text(NOT_LOADED)).to_be_visible()
    page.get_by_role("button", name="Menu").press("Enter")
    expect(page.get_by_role("dialog").get_by_role("link", name="VDI Pools")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Theme").press("Enter")
    expect(page.get_by_role("menuitemradio", name="Light")).to_be_focused()
    expect(page.get_by_text(NOT_LOADED)).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(ALL_STYLED)


def test_what_was_typed_stays_when_a_hint_does_not_arrive(visit: Visit) -> None:
    page = opened(visit, "/pools/new", "Register pool")
    page.get_by_role("textbox", name="Name in Freshcoat").fill("second")
    with lost_files(page):
        page.get_by_role("button", name="Register pool").hover()
        expect(page.get_by_text(NOT_LOADED)).to_be_visible()
    expect(page.get_by_role("textbox", name="Name in Freshcoat")).to_have_value("second")
    page.get_by_role("button", name="Load again").click()
    expect(page.get_by_role("heading", level=1, name="Register pool")).to_be_visible()
    expect(page.get_by_text(NOT_LOADED)).to_have_count(0)


def test_what_was_done_is_said_though_the_toasts_do_not_arrive(visit: Visit) -> None:
    app, rollout = big_rollout(3)
    page = visit.open(f"/rollouts/{rollout}", prepare=InMemory(app).prepare)
    pause = page.get_by_role("button", name="Pause", exact=True)
    expect(pause).to_be_visible()
    page.wait_for_load_state("networkidle")
    with lost_files(page):
        pause.press("Enter")
        expect(page.get_by_role("region", name="Messages").get_by_text("Paused")).to_be_visible()
        expect(page.get_by_text(NOT_LOADED)).to_be_visible()
        check_for_all(page, floating=True)
    expect(page.get_by_role("heading", level=1, name="office to 2.0.0")).to_be_visible()


def test_a_page_that_does_not_arrive_says_so_and_is_loaded_again(visit: Visit) -> None:
    page = opened(visit, "/pools", "VDI Pools", size=NARROW)
    with lost_files(page):
        page.get_by_role("link", name="office", exact=True).press("Enter")
        expect(page.get_by_role("heading", level=1, name="This page could not be loaded")).to_be_visible()
        check_for_all(page)
    page.get_by_role("button", name="Load again").press("Enter")
    expect(page.get_by_role("heading", level=1, name="office")).to_be_visible()


def test_a_console_that_does_not_arrive_at_all_is_no_white_page(visit: Visit) -> None:
    app, _ = big_rollout(3)

    def prepare(page: Page) -> None:
        InMemory(app).prepare(page)
        page.route(FILES, lose)

    def lose(route: Route) -> None:
        route.abort()

    page = visit.open("/pools?search=off", prepare=prepare)
    expect(page.get_by_text("Freshcoat is being loaded.")).to_be_visible()
    page.unroute(FILES, lose)
    page.get_by_role("link", name="Load it again").press("Enter")
    expect(page.get_by_role("heading", level=1, name="VDI Pools")).to_be_visible()
    assert page.url.endswith("/console/pools?search=off")


def test_a_page_is_read_again_after_a_drawer_that_was_open_for_a_while(browser: Browser) -> None:
    visit = Visit(browser, ORIGIN)
    page = opened(visit, "/accounts", "Accounts")
    opener = page.get_by_role("main").get_by_role("button", name="Register account").first
    opener.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("#root")).to_have_attribute("aria-hidden", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()
    visit.end()
