"""The page of a rollout: watched live to its end, its hosts, and the commands to it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import LOOKS, Visit, check_for_all, check_look, settle
from tests.end_to_end.conftest import Freshcoat, in_seconds


@pytest.fixture(autouse=True, scope="module")
def _pools(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("watched", 3)
    freshcoat.add_pool("approved", 3, canary_hosts=1, canary_hold="approve")
    freshcoat.add_pool("failing", 3, max_failed=0, retries=0, strategy="reimage")
    freshcoat.add_pool("stopped", 2)


def begin(freshcoat: Freshcoat, pool: str, *busy: int) -> str:
    """A rollout until an hour from now, with one person on each host of these numbers."""
    hosts = sorted(freshcoat.azure(pool))
    for number in busy:
        freshcoat.sim("POST", "/logon", {"host": hosts[number], "user": f"user{number}@contoso.com"})
    return freshcoat.publish(pool, {"mode": "on_logoff", "deadline": in_seconds(3_600)})


def opened(visit: Visit, rollout: str, pool: str) -> Page:
    page = visit.open(f"/rollouts/{rollout}")
    expect(page.get_by_role("heading", level=1, name=f"{pool} to 2.0.0")).to_be_visible()
    return page


def test_a_publish_is_watched_to_its_end_paused_and_resumed(visit: Visit, freshcoat: Freshcoat) -> None:
    rollout = begin(freshcoat, "watched", 0)
    page = opened(visit, rollout, "watched")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert freshcoat.get(f"/rollouts/{rollout}")["state"] == "paused"
    page.get_by_role("button", name="Resume").click()
    grid = page.get_by_role("list", name="Hosts by name")
    expect(grid.get_by_role("button", name=re.compile("0001.*Waiting for log off.*1 person"))).to_be_visible(
        timeout=45_000
    )
    expect(grid.get_by_role("button", name=re.compile("Done"))).to_have_count(2, timeout=60_000)
    for label, dark, size in LOOKS:
        other = visit.open(f"/rollouts/{rollout}", dark=dark, size=size)
        expect(other.get_by_role("heading", level=1, name="watched to 2.0.0")).to_be_visible()
        settle(other)
        check_look(other, f"rollout-{label}")
        other.context.close()
    freshcoat.sim("POST", "/logoff", {"host": sorted(freshcoat.azure("watched"))[0], "user": "user0@contoso.com"})
    expect(page.get_by_text("All 3 hosts are on 2.0.0").first).to_be_visible(timeout=60_000)
    check_for_all(page, floating=True)
    page.get_by_role("tab", name="Events").click()
    check_for_all(page, floating=True)


def test_somebody_approves_after_the_first_host(visit: Visit, freshcoat: Freshcoat) -> None:
    rollout = begin(freshcoat, "approved")
    page = opened(visit, rollout, "approved")
    approve = page.get_by_role("button", name="Approve", exact=True)
    expect(approve).to_be_enabled(timeout=60_000)
    freshcoat.follow(rollout, lambda view: view["state"] == "awaiting_approval")
    expect(page.get_by_text("It waits for somebody to approve it.")).to_be_visible(timeout=30_000)
    approve.click()
    dialog = page.get_by_role("dialog")
    check_for_all(page)
    dialog.get_by_role("button", name=re.compile("^Approve")).click()
    expect(dialog).to_have_count(0)
    assert freshcoat.finish(rollout)["state"] == "succeeded"


def test_a_failed_host_says_what_happened_and_is_tried_again(visit: Visit, freshcoat: Freshcoat) -> None:
    host = sorted(freshcoat.azure("failing"))[2]
    freshcoat.sim("POST", "/faults", {"kind": "lro_fail", "match": f"post *{host}/reimage", "count": 1})
    rollout = begin(freshcoat, "failing")
    freshcoat.follow(rollout, lambda view: bool(view["counts"].get("failed")))
    page = opened(visit, rollout, "failing")
    page.get_by_role("button", name=re.compile("0003.*Failed")).click()
    panel = page.get_by_role("region", name=re.compile("Host failing-0003"))
    expect(panel.get_by_text(re.compile("What to do", re.IGNORECASE)).first).to_be_visible()
    check_look(page, "rollout-failed-host")
    page.get_by_role("button", name="Retry 1 host").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Retry 1 host").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    if freshcoat.get(f"/rollouts/{rollout}")["state"] == "paused":
        page.get_by_role("button", name="Resume").click()
    assert freshcoat.finish(rollout)["counts"] == {"done": 3}


def test_everything_is_taken_back_only_by_the_pools_name(visit: Visit, freshcoat: Freshcoat) -> None:
    rollout = begin(freshcoat, "stopped", 0)
    freshcoat.follow(rollout, lambda view: view["counts"].get("done") == 1)
    page = opened(visit, rollout, "stopped")
    page.get_by_role("button", name="Stop or take back").click()
    page.get_by_role("menuitem", name="Take everything back to 1.0.0").click()
    dialog = page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))
    check_for_all(page)
    if dialog.get_by_role("textbox", name=re.compile("Type stopped")).count():
        dialog.get_by_role("textbox", name=re.compile("Type stopped")).fill("stopped")
    dialog.get_by_role("button", name="Take stopped back to 1.0.0").click()
    expect(dialog).to_have_count(0)
    assert freshcoat.finish(rollout)["state"] == "rolled_back"


def test_an_unknown_rollout_says_so(visit: Visit) -> None:
    with visit.expecting("404"):
        page = visit.open("/rollouts/8204001026537-0000")
        expect(page.get_by_role("link", name="All rollouts")).to_be_visible()
