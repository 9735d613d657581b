"""An app that goes away under an open page, and comes back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.visit import Visit, check_for_all, picture
from tests.end_to_end.conftest import Freshcoat, in_seconds

LOST = "ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|503"


def look_again(page: Page) -> None:
    """What a browser tells a page when somebody comes back to it."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")


def test_old_numbers_stay_with_their_age_and_new_ones_come_by_themselves(visit: Visit, freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("kept", 2)
    page = visit.open("/pools")
    expect(page.get_by_text(re.compile("^Live"))).to_be_visible()
    with visit.expecting(LOST):
        freshcoat.kill_host()
        look_again(page)
        expect(page.get_by_text(re.compile("old, trying again"))).to_be_visible(timeout=60_000)
        expect(page.get_by_role("link", name="kept", exact=True)).to_be_visible()
        check_for_all(page)
        picture(page, "pools-lost-connection")
        freshcoat.await_host(freshcoat.start_host())
        expect(page.get_by_text(re.compile("^Live"))).to_be_visible(timeout=60_000)


def test_a_rollout_that_is_watched_goes_on_when_the_app_is_there_again(visit: Visit, freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("restarted", 2)
    freshcoat.sim("POST", "/logon", {"host": hosts[1], "user": "ann@contoso.com"})
    rollout = freshcoat.publish("restarted", {"mode": "on_logoff", "deadline": in_seconds(172_800)})
    page = visit.open(f"/rollouts/{rollout}", prepare=lambda page: page.clock.install())
    tiles = page.get_by_role("list", name="Hosts by name").get_by_role("button")
    expect(tiles.filter(has_text="Done")).to_have_count(1, timeout=90_000)
    with visit.expecting(LOST):
        freshcoat.kill_host()
        look_again(page)
        expect(page.get_by_text(re.compile("old, trying again"))).to_be_visible(timeout=60_000)
        page.clock.fast_forward(61_000)
        expect(page.get_by_text(re.compile("^Could not be read for"))).to_be_visible()
        expect(tiles.filter(has_text="Done")).to_have_count(1)
        check_for_all(page)
        picture(page, "rollout-lost-connection")
        freshcoat.sim("POST", "/logoff", {"host": hosts[1], "user": "ann@contoso.com"})
        freshcoat.await_host(freshcoat.start_host())
        expect(page.get_by_text("It is done.")).to_be_visible(timeout=120_000)
    expect(tiles.filter(has_text="Done")).to_have_count(2)
    expect(page.get_by_text(re.compile("^Could not be read for"))).to_have_count(0)
