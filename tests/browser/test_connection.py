"""An app that goes away under an open page, and comes back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.visit import Visit, check_for_all, picture
from tests.end_to_end.conftest import Freshcoat


def look_again(page: Page) -> None:
    """What a browser tells a page when somebody comes back to it."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")


def test_old_numbers_stay_with_their_age_and_new_ones_come_by_themselves(visit: Visit, freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("kept", 2)
    page = visit.open("/pools")
    expect(page.get_by_text(re.compile("^Live"))).to_be_visible()
    with visit.expecting("ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|503"):
        freshcoat.kill_host()
        look_again(page)
        expect(page.get_by_text(re.compile("old, trying again"))).to_be_visible(timeout=60_000)
        expect(page.get_by_role("link", name="kept", exact=True)).to_be_visible()
        check_for_all(page)
        picture(page, "pools-lost-connection")
        freshcoat.await_host(freshcoat.start_host())
        expect(page.get_by_text(re.compile("^Live"))).to_be_visible(timeout=60_000)
