"""The pages of images: the list, one image, and every dialog, on the running stack."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from local.sim.core import names
from tests.browser.visit import Visit, check_for_all, look_at
from tests.end_to_end.conftest import Freshcoat
from tests.end_to_end.image_requests import add_image, add_pool, wait_until


@pytest.fixture(autouse=True, scope="module")
def _images(freshcoat: Freshcoat) -> None:
    add_image(freshcoat, "desk", template_vm_id=names.TEMPLATE_VM_ID)
    add_image(freshcoat, "shop")
    add_pool(freshcoat, "desk-pool", "desk")


def ask(visit: Visit, image: str, action: str | re.Pattern[str], **how: str) -> Page:
    page = visit.open("/images", **how)
    page.get_by_role("button", name=f"Actions of {image}").click()
    page.get_by_role("menuitem", name=action).click()
    return page


def test_a_version_is_staged_tested_activated_and_rolled_back(visit: Visit, freshcoat: Freshcoat) -> None:
    page = ask(visit, "desk", "Stage a version of the gallery")
    page.get_by_role("textbox", name="Version").fill("2.0.0")
    check_for_all(page)
    page.get_by_role("button", name="Stage the version").click()
    row = page.get_by_role("row", name=re.compile("desk"))
    expect(row).to_contain_text("Not tested")

    page.get_by_role("button", name="Actions of desk").click()
    page.get_by_role("menuitem", name="Record verdict").click()
    page.get_by_role("button", name="Record the verdict").click()
    expect(row).to_contain_text("Test passed")

    page.get_by_role("button", name="Actions of desk").click()
    page.get_by_role("menuitem", name="Activate staged image").click()
    dialog = page.get_by_role("dialog", name="Activate desk 2.0.0")
    expect(dialog.get_by_text("2.0.0 becomes the current version of desk.")).to_be_visible()
    dialog.get_by_role("radio", name="All of the image").click()
    expect(dialog.get_by_text("1 pool is updated: 2 hosts.")).to_be_visible()
    check_for_all(page)
    dialog.get_by_role("button", name="Activate 2.0.0 and update pools").click()
    expect(page.get_by_role("heading", level=1, name="Activate: desk 2.0.0")).to_be_visible()
    expect(page.get_by_role("link", name="desk-pool")).to_be_visible()
    wait_until(lambda: freshcoat.get("/images/desk")["current"] == "2.0.0", 60)
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=60_000)

    page = ask(visit, "desk", "Roll back to 1.0.0")
    dialog = page.get_by_role("dialog", name="Roll desk back to 1.0.0")
    dialog.get_by_role("button", name="Roll back to 1.0.0").click()
    wait_until(lambda: freshcoat.get("/images/desk")["current"] == "1.0.0", 60)


def test_set_as_image_makes_a_staged_version(visit: Visit, freshcoat: Freshcoat) -> None:
    page = ask(visit, "desk", re.compile("et as image$"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("is made and staged")).to_be_visible()
    with page.expect_response(re.compile("what_if=true")):  # else it may arrive when the task has begun
        dialog.get_by_label("Notes").fill("November patches")
    check_for_all(page)
    dialog.get_by_role("button", name=re.compile("et as image$")).click()
    expect(page.get_by_role("heading", level=1, name=re.compile("^Set as image: desk"))).to_be_visible()
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=90_000)
    assert freshcoat.get("/images/desk")["staged"]


def test_an_image_without_a_template_says_why_not(visit: Visit) -> None:
    page = visit.open("/images")
    page.get_by_role("button", name="Actions of shop").click()
    item = page.get_by_role("menuitem", name=re.compile("^Set as image"))
    expect(item).to_have_attribute("aria-disabled", "true")
    expect(item).to_contain_text("has no template VM")


def test_a_version_that_is_not_in_the_gallery_is_refused_in_the_dialog(visit: Visit) -> None:
    page = ask(visit, "shop", "Stage a version of the gallery")
    page.get_by_role("textbox", name="Version").fill("9.9.9")
    with visit.expecting("40[049]|422"):
        page.get_by_role("button", name="Stage the version").click()
        expect(page.get_by_role("dialog").get_by_text(re.compile("9.9.9")).first).to_be_visible()


def test_a_reader_changes_nothing(visit: Visit) -> None:
    page = visit.open("/images", role="reader")
    page.get_by_role("button", name="Actions of desk").click()
    expect(page.get_by_role("menuitem", name=re.compile("^Activate"))).to_have_attribute("aria-disabled", "true")


def test_the_images_for_everybody(visit: Visit) -> None:
    look_at(visit, "/images", "images", "Global Images")
    look_at(visit, "/images/desk", "image", "desk")
