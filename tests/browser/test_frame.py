"""What stands around every page: the way in, navigation, keys, theme, role, and what a visit costs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from local.stack.options import ROOT
from tests.browser.visit import NARROW, Visit, check_for_all, look_at, settle
from tests.end_to_end.conftest import Freshcoat

DIST = ROOT / "console/dist"


@pytest.fixture(autouse=True, scope="module")
def _a_pool(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("finance", 2)


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def test_the_address_of_the_app_leads_to_the_pools(visit: Visit) -> None:
    page = visit.open("/../")
    title(page, "VDI Pools")
    assert page.url == f"{visit.origin}/console/pools"
    expect(page).to_have_title(re.compile("VDI Pools.*Freshcoat"))


def test_it_says_that_azure_is_simulated_and_who_is_signed_in(visit: Visit) -> None:
    page = visit.open("/pools")
    expect(page.get_by_role("banner")).to_contain_text("simulated Azure")
    expect(page.get_by_role("banner")).to_contain_text("developer")


def test_an_unknown_address_says_so_and_leads_back(visit: Visit) -> None:
    page = visit.open("/no-such-page")
    title(page, "There is no such page")
    page.get_by_role("link", name="Go to VDI Pools").click()
    title(page, "VDI Pools")


def test_a_page_can_be_loaded_again_at_its_own_address(visit: Visit) -> None:
    page = visit.open("/pools?search=fin")
    title(page, "VDI Pools")
    page.reload()
    expect(page.get_by_role("link", name="finance", exact=True)).to_be_visible()
    assert page.url.endswith("/console/pools?search=fin")


def test_keys_lead_to_places_and_to_the_search(visit: Visit) -> None:
    page = visit.open("/no-such-page")
    title(page, "There is no such page")
    settle(page)
    page.keyboard.press("g")
    page.keyboard.press("p")
    title(page, "VDI Pools")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search pools")).to_be_focused()
    page.get_by_role("searchbox", name="Search pools").blur()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog")
    expect(keys).to_be_visible()
    check_for_all(page)
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)


def test_the_first_stop_of_the_tab_key_leads_past_the_navigation(visit: Visit) -> None:
    page = visit.open("/pools")
    title(page, "VDI Pools")
    settle(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_a_chosen_theme_is_kept(visit: Visit) -> None:
    page = visit.open("/pools")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    page.reload()
    title(page, "VDI Pools")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_another_role_is_tried_in_the_menu_of_the_account(visit: Visit) -> None:
    page = visit.open("/pools")
    page.get_by_role("button", name=re.compile(", account$")).click()
    check_for_all(page, floating=True)
    page.get_by_role("menuitemradio", name="Reader").click()
    expect(page.get_by_role("banner")).to_contain_text("reader")
    page.reload()
    expect(page.get_by_role("banner")).to_contain_text("reader")


def test_on_a_phone_the_navigation_is_behind_menu(visit: Visit) -> None:
    page = visit.open("/no-such-page", size=NARROW)
    title(page, "There is no such page")
    expect(page.get_by_role("navigation", name="Main")).to_have_count(0)
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("dialog").get_by_role("link", name="VDI Pools").click()
    title(page, "VDI Pools")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_unknown_page_for_everybody(visit: Visit) -> None:
    look_at(visit, "/no-such-page", "not-found", "There is no such page")


def test_a_second_visit_loads_nothing_but_the_page(visit: Visit) -> None:
    page = visit.open("/pools")
    title(page, "VDI Pools")
    page.goto("/console/pools")
    title(page, "VDI Pools")
    sent = page.evaluate(
        """performance.getEntriesByType("resource").filter((one) => one.name.includes("/console/assets/"))
           .map((one) => one.transferSize)"""
    )
    assert sent
    assert set(sent) == {0}


def test_the_first_page_does_not_grow(visit: Visit) -> None:
    """Menus, toasts and dialogs are loaded when somebody comes near, not a moment after the page is there."""
    page = visit.open("/pools")
    expect(page.get_by_role("link", name="finance", exact=True)).to_be_visible()
    settle(page)
    page.wait_for_load_state("networkidle")
    names = loaded(page)
    assert len(names) <= 6, names
    for end, budget in ((".gz", 170_000), (".br", 145_000)):
        sizes = {name: (DIST / f"{name}{end}").stat().st_size for name in names}
        assert sum(sizes.values()) <= budget, sizes


def loaded(page: Page) -> set[str]:
    """The files of the build that the page has asked for."""
    paths: list[str] = page.evaluate(
        """performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname)
           .filter((path) => path.startsWith("/console/assets/"))"""
    )
    return {path.removeprefix("/console/") for path in paths}


def test_a_menu_is_loaded_by_keys_and_gives_the_focus_back(visit: Visit) -> None:
    page = visit.open("/pools")
    button = page.get_by_role("button", name="Theme")
    button.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menu", name="Theme")).to_be_visible()
    expect(page.get_by_role("menuitemradio", name="Light")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="Light")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile(", account$"))).to_be_focused()


def test_a_second_press_closes_a_menu(visit: Visit) -> None:
    page = visit.open("/pools")
    button = page.get_by_role("button", name="Theme")
    button.click()
    expect(page.get_by_role("menu")).to_be_visible()
    button.click()
    expect(page.get_by_role("menu")).to_have_count(0)


def test_everything_stays_within_its_budget() -> None:
    """Besides the library that signs in with Entra ID, which is loaded only where people do."""
    for end, budget in ((".gz", 360_000), (".br", 310_000)):
        sizes = {path.name: path.stat().st_size for path in (DIST / "assets").glob(f"*{end}")}
        assert sum(size for name, size in sizes.items() if not name.startswith("entra-")) <= budget, sizes
