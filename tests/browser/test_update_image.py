"""Update Image: the plan beside the form, each schedule, what is asked before harm, and what is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visit import NARROW, WIDE, Visit, check_for_all, check_look, look_at
from tests.end_to_end.conftest import Freshcoat, in_seconds


@pytest.fixture(autouse=True, scope="module")
def _pools(freshcoat: Freshcoat) -> None:
    for pool in ("gentle", "later", "hard", "changing", "taken", "looked-at"):
        freshcoat.add_pool(pool, 3)


def form(visit: Visit, pool: str, **how: Any) -> Page:
    """The page of a pool, with its first plan."""
    page = visit.open(f"/pools/{pool}/update-image", **how)
    expect(page.get_by_role("heading", level=1, name=f"Update image of {pool}")).to_be_visible()
    return page


def publish_button(page: Page) -> Locator:
    return page.get_by_role("complementary").get_by_role("button", name="Publish 2.0.0 to 3 hosts")


def rollout_of(page: Page, freshcoat: Freshcoat) -> dict[str, Any]:
    """The rollout whose page has been opened, as the app has it."""
    expect(page).to_have_url(re.compile("/console/rollouts/"))
    found: dict[str, Any] = freshcoat.get(f"/rollouts/{page.url.rpartition('/')[2]}")
    return found


def arrive(freshcoat: Freshcoat, pool: str, number: int) -> None:
    """One more person works on the host of this number."""
    host = sorted(freshcoat.azure(pool))[number]
    freshcoat.sim("POST", "/logon", {"host": host, "user": f"user{number}@contoso.com"})


def test_on_log_off_until_next_monday_is_proposed_and_published(visit: Visit, freshcoat: Freshcoat) -> None:
    page = form(visit, "gentle")
    expect(page.get_by_role("radio", name="On log off")).to_be_checked()
    publish_button(page).click()
    dialog = page.get_by_role("dialog", name="Publish 2.0.0 to gentle?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    check_for_all(page)
    dialog.get_by_role("button", name="Publish 2.0.0 to 3 hosts").click()
    rollout = rollout_of(page, freshcoat)
    deadline = datetime.fromisoformat(rollout["schedule"]["force_at"])
    assert rollout["schedule"]["mode"] == "on_logoff"
    assert (deadline.strftime("%a %H:%M"), deadline > datetime.now(UTC)) == ("Mon 01:00", True)
    freshcoat.finish(rollout["id"])


def test_a_time_is_read_back_and_sent_as_it_was_typed(visit: Visit, freshcoat: Freshcoat) -> None:
    page = form(visit, "later")
    page.get_by_role("radio", name="Schedule at").click()
    page.get_by_role("textbox", name="Date").fill("2027-01-04")
    page.get_by_label("Time", exact=True).fill("22:30")
    page.get_by_label("Time zone").select_option("America/New_York")
    expect(page.get_by_text("22:30 in New York")).to_be_visible()
    expect(page.get_by_text(re.compile(r"UTC: .*03:30"))).to_be_visible()
    page.get_by_label("Reason").fill("patches of January")
    expect(publish_button(page)).to_be_visible()
    check_for_all(page)
    publish_button(page).click()
    page.get_by_role("dialog").get_by_role("button", name="Publish 2.0.0 to 3 hosts").click()
    rollout = rollout_of(page, freshcoat)
    assert rollout["schedule"]["force_at"].startswith("2027-01-05T03:30:00")
    assert (rollout["schedule"]["mode"], rollout["reason"]) == ("at", "patches of January")


def test_people_are_signed_out_now_only_by_the_pools_name(visit: Visit, freshcoat: Freshcoat) -> None:
    arrive(freshcoat, "hard", 0)
    page = form(visit, "hard")
    page.get_by_role("radio", name="Schedule now").click()
    publish_button(page).click()
    dialog = page.get_by_role("alertdialog", name="Sign out 1 person and publish 2.0.0 to hard?")
    send = dialog.get_by_role("button", name="Sign out 1 person and publish")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    check_for_all(page)
    dialog.get_by_role("textbox").fill("har")
    expect(send).to_have_attribute("aria-disabled", "true")
    dialog.get_by_role("textbox").fill("hard")
    send.click()
    rollout = rollout_of(page, freshcoat)
    assert rollout["schedule"]["mode"] == "now"
    assert freshcoat.finish(rollout["id"])["sessions_signed_out"] == 1


def test_escape_goes_back_and_nothing_is_written(visit: Visit, freshcoat: Freshcoat) -> None:
    page = form(visit, "looked-at")
    publish_button(page).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(publish_button(page)).to_be_focused()
    assert freshcoat.get("/rollouts?pool=looked-at")["items"] == []


def test_what_has_changed_since_it_was_agreed_on_is_shown_first(visit: Visit, freshcoat: Freshcoat) -> None:
    arrive(freshcoat, "changing", 0)
    page = form(visit, "changing")
    page.get_by_role("radio", name="Schedule now").click()
    publish_button(page).click()
    page.get_by_role("alertdialog").get_by_role("textbox").fill("changing")
    arrive(freshcoat, "changing", 1)
    with visit.expecting("409"):
        page.get_by_role("button", name="Sign out 1 person and publish").click()
        expect(page.get_by_role("alertdialog", name="Sign out 2 people and publish 2.0.0 to changing?")).to_be_visible()
    assert freshcoat.get("/rollouts?pool=changing")["items"] == []
    page.get_by_role("button", name="Sign out 2 people and publish").click()
    freshcoat.finish(rollout_of(page, freshcoat)["id"])


def test_a_pool_with_a_rollout_says_what_stops_it(visit: Visit, freshcoat: Freshcoat) -> None:
    arrive(freshcoat, "taken", 0)
    rollout = freshcoat.publish("taken", {"mode": "on_logoff", "deadline": in_seconds(3_600)})
    page = visit.open("/pools/taken/update-image")
    expect(page.get_by_role("complementary").get_by_text(re.compile("stop|runs")).first).to_be_visible()
    check_for_all(page)
    freshcoat.send("POST", f"/rollouts/{rollout}/cancel", {"how": "leave"})


def test_select_new_searches_and_says_why_a_version_cannot_be_chosen(visit: Visit) -> None:
    page = form(visit, "looked-at")
    page.get_by_role("button", name="Select new").click()
    dialog = page.get_by_role("dialog", name="Select new image")
    expect(dialog.get_by_role("row", name=re.compile("2.0.0"))).to_be_visible()
    check_for_all(page)
    dialog.get_by_role("searchbox").fill("no such version")
    expect(dialog.get_by_text("No version matches.")).to_be_visible()
    dialog.get_by_role("searchbox").fill("2.0")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(publish_button(page)).to_be_visible()


def test_a_field_that_is_refused_says_so_beside_it(visit: Visit) -> None:
    page = form(visit, "looked-at")
    expect(publish_button(page)).to_be_visible()
    with visit.expecting("400"):
        page.get_by_role("button", name=re.compile("^Policy")).click()
        page.get_by_label("At most at once").fill("150%")
        expect(page.get_by_role("alert").filter(has_text=re.compile("100"))).to_be_visible()
    button = page.get_by_role("complementary").get_by_role("button", name="Publish")
    expect(button).to_have_attribute("aria-disabled", "true")
    check_for_all(page)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_only_some_hosts_and_all_of_the_policy(visit: Visit, freshcoat: Freshcoat, size: tuple[int, int]) -> None:
    page = form(visit, "looked-at", size=size)
    expect(publish_button(page)).to_be_visible()
    host = min(freshcoat.azure("looked-at")).partition(".")[0]
    page.get_by_role("button", name=re.compile("^Policy")).click()
    page.get_by_role("button", name="More of the policy").click()
    page.get_by_role("combobox", name="Maintenance windows").select_option("Own windows")
    page.get_by_role("button", name=re.compile("^More options")).click()
    page.get_by_role("textbox", name="Only these hosts").fill(host)
    page.get_by_role("textbox", name="Not these hosts").focus()
    expect(page.get_by_role("textbox", name="Only these hosts")).to_have_value(re.compile(rf"^{host}\..+"))
    expect(page.get_by_role("complementary").get_by_role("button", name="Publish 2.0.0 to 1 host")).to_be_visible()
    check_look(page, f"update-image-options-{size[0]}")


def test_a_reader_sees_why_nothing_can_be_published(visit: Visit) -> None:
    page = form(visit, "looked-at", role="reader")
    button = page.get_by_role("complementary").get_by_role("button", name="Publish")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_text(re.compile("Publishing needs the role operator")).first).to_be_visible()


def test_on_a_phone_publishing_stands_after_the_review(visit: Visit) -> None:
    page = form(visit, "looked-at", size=NARROW)
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_in_viewport()


def test_update_image_for_everybody(visit: Visit) -> None:
    look_at(visit, "/pools/looked-at/update-image", "update-image", "Update image of looked-at")
