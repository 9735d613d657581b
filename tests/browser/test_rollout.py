"""The page of a rollout: watched live to its end, its hosts, its commands, its people and its history."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import Visit, check_for_all, check_look, look_at, settle
from tests.end_to_end.conftest import Freshcoat


def on_logoff(hours: float = 48) -> dict[str, Any]:
    return {"mode": "on_logoff", "deadline": (datetime.now(UTC) + timedelta(hours=hours)).isoformat()}


def watch(visit: Visit, rollout: str, pool: str, query: str = "", **how: Any) -> Page:
    page = visit.open(f"/rollouts/{rollout}{query}", **how)
    expect(page.get_by_role("heading", level=1, name=f"{pool} to 2.0.0")).to_be_visible()
    return page


@pytest.fixture(scope="module")
def waiting(freshcoat: Freshcoat) -> str:
    """A rollout of three hosts that waits for one person."""
    hosts = freshcoat.add_pool("waiting", 3)
    freshcoat.sim("POST", "/logon", {"host": hosts[2], "user": "ann@contoso.com"})
    rollout = freshcoat.publish("waiting", on_logoff(), reason="November patches")
    freshcoat.follow(rollout, lambda view: view["counts"].get("done") == 2)
    return rollout


def test_a_publish_is_watched_to_its_end_without_a_press(visit: Visit, freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("watched", 4)
    freshcoat.sim("POST", "/logon", {"host": hosts[3], "user": "bob@contoso.com"})
    page = watch(visit, freshcoat.publish("watched", on_logoff()), "watched")
    tiles = page.get_by_role("list", name="Hosts by name").get_by_role("button")
    expect(tiles).to_have_count(4, timeout=60_000)
    expect(tiles.filter(has_text="Done")).to_have_count(3, timeout=60_000)
    expect(tiles.nth(3)).to_contain_text("Waits")
    freshcoat.sim("POST", "/logoff", {"host": hosts[3], "user": "bob@contoso.com"})
    expect(page.get_by_text("It is done.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("All 4 hosts are on 2.0.0. 0 people were signed out.")).to_be_visible()
    expect(tiles.filter(has_text="Done")).to_have_count(4)
    assert re.match(r".*watched to 2.0.0, 100 %", page.title())


def test_a_host_is_reached_by_keys_and_says_what_it_waits_for(visit: Visit, waiting: str) -> None:
    page = watch(visit, waiting, "waiting")
    tiles = page.get_by_role("list", name="Hosts by name").get_by_role("button")
    tiles.first.focus()
    page.keyboard.press("End")
    expect(tiles.nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name=re.compile("^Host waiting-0003"))
    expect(panel.get_by_text("Waiting for log off")).to_be_visible()
    expect(panel.get_by_text("Waits until")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(tiles.nth(2)).to_be_focused()


def test_the_legend_filters_and_the_table_sorts(visit: Visit, waiting: str) -> None:
    page = watch(visit, waiting, "waiting")
    page.get_by_role("button", name=re.compile("^Waiting for log off")).click()
    expect(page.get_by_role("list", name="Hosts by name").get_by_role("button")).to_have_count(1)
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("table", name="Hosts").get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile("view=table"))


def test_it_is_paused_and_resumed(visit: Visit, freshcoat: Freshcoat, waiting: str) -> None:
    page = watch(visit, waiting, "waiting")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("region", name="Messages").get_by_role("listitem")).to_be_visible()
    check_for_all(page, floating=True)
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert freshcoat.get(f"/rollouts/{waiting}")["state"] == "running"


def test_its_deadline_moves(visit: Visit, freshcoat: Freshcoat, waiting: str) -> None:
    before = freshcoat.get(f"/rollouts/{waiting}")["schedule"]["force_at"]
    page = watch(visit, waiting, "waiting")
    page.get_by_role("button", name="Move deadline").click()
    dialog = page.get_by_role("dialog", name=re.compile("Move the deadline"))
    dialog.get_by_label("Date").fill((datetime.now(UTC) + timedelta(days=5)).date().isoformat())
    check_for_all(page)
    dialog.get_by_role("button", name="Move the deadline").click()
    expect(page.get_by_text("The deadline is moved", exact=True)).to_be_visible()
    assert freshcoat.get(f"/rollouts/{waiting}")["schedule"]["force_at"] > before


def test_people_policy_and_events_have_addresses(visit: Visit, waiting: str) -> None:
    page = watch(visit, waiting, "waiting", "?tab=people")
    expect(page.get_by_text("ann@contoso.com")).to_be_visible()
    check_look(page, "rollout-people")
    page.get_by_role("tab", name="Policy").click()
    expect(page.get_by_text("The pool’s own policy")).to_be_visible()
    check_look(page, "rollout-policy")
    page.get_by_role("tab", name="Events").click()
    expect(
        page.get_by_role("tabpanel").get_by_text(re.compile("waiting-0001.* is on version 2.0.0")).first
    ).to_be_visible()
    check_look(page, "rollout-events")


def test_a_reader_steers_nothing_and_sees_no_names(visit: Visit, waiting: str) -> None:
    page = watch(visit, waiting, "waiting", "?tab=people", role="reader")
    for name in ("Pause", "Move deadline"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_text("Names of people are not shown to you.")).to_be_visible()


def test_all_is_taken_back_by_the_pools_name(visit: Visit, freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("taken", 2)
    freshcoat.sim("POST", "/logon", {"host": hosts[1], "user": "eve@contoso.com"})
    rollout = freshcoat.publish("taken", on_logoff())
    freshcoat.follow(rollout, lambda view: view["counts"].get("done") == 1)
    page = watch(visit, rollout, "taken")
    page.get_by_role("button", name="Stop or take back").click()
    page.get_by_role("menuitem", name="Take everything back to 1.0.0").click()
    dialog = page.get_by_role("alertdialog", name="Take taken back to 1.0.0?")
    check_for_all(page)
    dialog.get_by_label("Type taken to confirm").fill("taken")
    dialog.get_by_role("button", name="Take taken back to 1.0.0").click()
    expect(page.get_by_text(re.compile("It goes back to 1.0.0|It has ended"))).to_be_visible()
    assert freshcoat.finish(rollout)["state"] == "rolled_back"
    assert freshcoat.violations("taken") == []


def test_a_host_that_failed_is_told_and_tried_again(visit: Visit, freshcoat: Freshcoat) -> None:
    hosts = freshcoat.add_pool("failing", 2, canary_hosts=0, proof="none", retries=0, max_failed=2)
    vm = hosts[0].split(".", 1)[0]
    freshcoat.sim("POST", "/faults", {"match": vm, "kind": "lro_fail", "count": 1})
    rollout = freshcoat.publish("failing", {"mode": "now"})
    freshcoat.finish(rollout)
    page = watch(visit, rollout, "failing")
    page.get_by_role("button", name="Show the failed host").click()
    page.get_by_role("list", name="Hosts by name").get_by_role("button").first.click()
    panel = page.get_by_role("region", name=re.compile("^Host failing-"))
    expect(panel.get_by_text("What to do:")).to_be_visible()
    check_look(page, "rollout-failed")
    panel.get_by_role("button", name="Retry").click()
    page.get_by_role("button", name=re.compile("^Retry failing-")).click()
    expect(page.get_by_text(re.compile("is tried again")).first).to_be_visible()


def test_one_that_is_not_there_says_so(visit: Visit) -> None:
    with visit.expecting("404"):
        page = visit.open("/rollouts/nothing-of-this-name")
        page.get_by_role("link", name="All rollouts").click()
    expect(page.get_by_role("heading", level=1, name="Rollouts")).to_be_visible()
    settle(page)


def test_the_rollout_for_everybody(visit: Visit, waiting: str) -> None:
    look_at(visit, f"/rollouts/{waiting}", "rollout", "waiting to 2.0.0")


def test_somebody_approves_after_the_first_host(visit: Visit, freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("approved", 3, canary_hosts=1, canary_hold="approve")
    rollout = freshcoat.publish("approved", on_logoff())
    freshcoat.follow(rollout, lambda view: view["state"] == "awaiting_approval")
    page = watch(visit, rollout, "approved")
    expect(page.get_by_text("It waits for somebody to approve it.")).to_be_visible()
    page.get_by_role("button", name="Approve", exact=True).click()
    dialog = page.get_by_role("dialog")
    check_for_all(page)
    dialog.get_by_role("button", name="Approve 2.0.0").click()
    expect(dialog).to_have_count(0)
    assert freshcoat.finish(rollout)["state"] == "succeeded"
