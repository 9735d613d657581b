"""Tasks, one task, promotions and the list of rollouts, on the running stack."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.visit import Visit, check_for_all, look_at
from tests.end_to_end.conftest import Freshcoat
from tests.end_to_end.image_requests import add_image, add_pool, stage


@pytest.fixture(autouse=True, scope="module")
def _work(freshcoat: Freshcoat) -> None:
    """An activation whose second ring waits for somebody, and a promotion of another image."""
    add_image(freshcoat, "rings")
    stage(freshcoat, "rings")
    add_pool(freshcoat, "first", "rings", ring="test")
    add_pool(freshcoat, "second", "rings", ring="pilot")
    body = {
        "version": "2.0.0",
        "pools": ["first", "second"],
        "schedule": {"mode": "now"},
        "gate": "approve",
        "soak_minutes": 0,
    }
    answer = freshcoat.send("POST", "/rollouts", body)
    assert answer.status_code == 202, answer.text
    add_image(freshcoat, "later")
    stage(freshcoat, "later")
    due = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    answer = freshcoat.send("POST", "/promotions", {"image": "later", "at": due, "time_zone": "Europe/Amsterdam"})
    assert answer.status_code == 201, answer.text


def test_a_ring_that_waits_is_found_and_approved(visit: Visit) -> None:
    page = visit.open("/tasks?tab=needs-you")
    page.get_by_role("table").get_by_role("link").first.click(timeout=60_000)
    approve = page.get_by_role("button", name=re.compile("^Approve ring"))
    approve.click(timeout=60_000)
    check_for_all(page)
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Approve ring")).click()
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("link", name="second")).to_be_visible()


def test_a_promotion_is_moved_and_cancelled(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/promotions")
    page.get_by_role("button", name="Actions of later 2.0.0").click()
    page.get_by_role("menuitem", name="Move").click()
    date = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    page.get_by_label("Date").fill(date)
    check_for_all(page)
    page.get_by_role("button", name="Move the promotion").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (promotion,) = freshcoat.get("/promotions?open=true")["items"]
    assert promotion["due_local"].startswith(date)
    page.get_by_role("button", name="Actions of later 2.0.0").click()
    page.get_by_role("menuitem", name="Cancel").click()
    page.get_by_role("button", name="Cancel the promotion").click()
    expect(page.get_by_text("Nothing is scheduled.")).to_be_visible()


def test_lists_filter_by_what_has_ended(visit: Visit) -> None:
    page = visit.open("/rollouts")
    expect(page.get_by_role("link", name="first to 2.0.0")).to_be_visible()
    page.get_by_label("State").select_option("ended")
    expect(page).to_have_url(re.compile("open=false"))
    expect(page.get_by_role("link", name="first to 2.0.0")).to_be_visible()


def test_the_lists_for_everybody(visit: Visit) -> None:
    look_at(visit, "/tasks", "tasks", "Tasks")
    look_at(visit, "/promotions?state=all", "promotions", "Promotions")
    look_at(visit, "/rollouts", "rollouts", "Rollouts")
