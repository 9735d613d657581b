"""A first visit from nothing to a plan, the settings of pools and images, and accounts."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from local.sim.core import names
from tests.browser.visit import Visit, check_for_all, check_look, look_at
from tests.end_to_end.conftest import Freshcoat

PORTAL = "https://portal.azure.com/#@contoso.com/resource{}/overview"


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def step(page: Page, text: str) -> Locator:
    """A step of the first visit."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", level=3, name=text))


def test_the_first_visit_leads_from_an_empty_app_to_a_plan(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/pools")
    expect(page.get_by_role("heading", name="Three steps to a first update")).to_be_visible()
    expect(step(page, "Register an image")).to_have_attribute("aria-current", "step")
    expect(page.get_by_role("button", name="Register pool")).to_have_attribute("aria-disabled", "true")
    look_at(visit, "/pools", "first-visit", "VDI Pools")

    page.get_by_role("button", name="Register image").click()
    title(page, "Register image")
    page.get_by_role("textbox", name="Image definition").fill(PORTAL.format(names.DEFINITION_ID))
    page.get_by_role("textbox", name="Template VM").fill(names.TEMPLATE_VM_ID)
    expect(page.get_by_role("textbox", name="Name in Freshcoat")).to_have_value("win11-office")
    check_for_all(page)
    page.get_by_role("button", name="Register image").click()
    expect(page.get_by_role("heading", name="win11-office is registered")).to_be_focused()
    expect(page.get_by_role("definition").filter(has_text="2.0.0")).to_be_visible()
    check_look(page, "registered-image")

    page.goto("/console/pools")
    expect(step(page, "Register an image")).to_contain_text("done")
    page.get_by_role("button", name="Register pool").click()
    title(page, "Register pool")
    expect(page.get_by_role("combobox", name="Image")).to_have_value("win11-office")
    page.get_by_role("textbox", name="Host pool").fill(names.OFFICE_POOL_ID)
    page.get_by_role("textbox", name="Name in Freshcoat").fill("first")
    page.get_by_role("combobox", name="Time zone").select_option("Europe/Amsterdam")
    check_for_all(page)
    page.get_by_role("button", name="Register pool").click()
    expect(page.get_by_role("heading", name="first is registered")).to_be_focused()
    expect(page.get_by_text("2 hosts, 2 on 1.0.0")).to_be_visible()
    check_look(page, "registered-pool")

    page.goto("/console/pools")
    page.get_by_role("button", name="See the plan").click()
    title(page, "Update image of first")
    expect(page.get_by_role("button", name="Publish 2.0.0 to 2 hosts")).to_be_visible()
    assert freshcoat.get("/pools/first")["time_zone"] == "Europe/Amsterdam"
    assert freshcoat.get("/rollouts")["items"] == []


def test_what_is_registered_is_not_written_over(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/pools/new?image=win11-office")
    page.get_by_role("textbox", name="Name in Freshcoat").fill("first")
    page.get_by_role("textbox", name="Host pool").fill(names.OFFICE_POOL_ID)
    with visit.expecting("412"):
        page.get_by_role("button", name="Register pool").click()
        expect(page.get_by_text(re.compile("exists already"))).to_be_visible()
    check_for_all(page)
    assert freshcoat.get("/pools/first")["time_zone"] == "Europe/Amsterdam"


def test_what_the_app_refuses_stands_beside_its_field(visit: Visit) -> None:
    page = visit.open("/pools/new")
    page.get_by_role("textbox", name="Name in Freshcoat").fill("second")
    page.get_by_role("textbox", name="Host pool").fill("/subscriptions/none")
    page.get_by_role("combobox", name="Image").fill("win11-office")
    with visit.expecting("400"):
        page.get_by_role("button", name="Register pool").click()
        field = page.get_by_role("textbox", name="Host pool")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
    check_for_all(page)


def test_settings_are_changed_and_only_those(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/pools/first/settings")
    title(page, "Settings of first")
    save = page.get_by_role("button", name="Save settings")
    expect(save).to_have_attribute("aria-disabled", "true")
    page.get_by_role("combobox", name="Ring").select_option("pilot")
    page.get_by_role("textbox", name="Hosts that may fail").fill("3")
    check_look(page, "pool-settings")
    save.click()
    expect(page.get_by_role("tab", name="Policy")).to_have_attribute("aria-selected", "true")
    pool = freshcoat.get("/pools/first")
    assert (pool["ring"], pool["policy"]["max_failed"], pool["time_zone"]) == ("pilot", 3, "Europe/Amsterdam")


def test_the_settings_of_an_image_are_changed_over_what_was_read(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/images/win11-office")
    page.get_by_role("main").get_by_role("button", name=re.compile("^Actions")).first.click()
    page.get_by_role("menuitem", name="Settings").click()
    title(page, "Settings of win11-office")
    page.get_by_role("textbox", name="Keep the last").fill("7")
    freshcoat.send("PATCH", "/images/win11-office", {"retention": {"days": 90}})
    with visit.expecting("412"):
        page.get_by_role("button", name="Save settings").click()
        page.get_by_role("button", name="Read it again").click()
    expect(page.get_by_role("textbox", name="And those replaced within days")).to_have_value("90")
    check_look(page, "image-settings")
    page.get_by_role("button", name="Save settings").click()
    expect(page).to_have_url(re.compile("/console/images/win11-office$"))
    assert freshcoat.get("/images/win11-office")["retention"] == {"backups": 7, "days": 90}


def test_the_forms_for_everybody(visit: Visit) -> None:
    look_at(visit, "/images/new", "register-image", "Register image")
    look_at(visit, "/pools/new", "register-pool", "Register pool")


def test_an_account_is_registered_and_changed(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/accounts")
    page.get_by_role("button", name="Register account").first.click()
    panel = page.get_by_role("dialog", name="Register account")
    panel.get_by_role("textbox", name="Name").fill("contoso")
    panel.get_by_role("textbox", name="Title").fill("Contoso Ltd")
    check_for_all(page)
    panel.get_by_role("button", name="Register contoso").click()
    expect(panel).to_have_count(0)
    expect(page.get_by_role("row", name=re.compile("contoso"))).to_contain_text("Contoso Ltd")
    page.get_by_role("button", name="Edit contoso").click()
    panel = page.get_by_role("dialog", name="Edit contoso")
    panel.get_by_role("textbox", name="Title").fill("Contoso Holding")
    panel.get_by_role("button", name="Save contoso").click()
    expect(page.get_by_role("row", name=re.compile("contoso"))).to_contain_text("Contoso Holding")
    assert freshcoat.get("/accounts/contoso")["title"] == "Contoso Holding"


def test_somebody_elses_change_is_not_written_over(visit: Visit, freshcoat: Freshcoat) -> None:
    freshcoat.send("PUT", "/accounts/fabrikam", {"title": "Fabrikam"})
    page = visit.open("/accounts?edit=fabrikam")
    panel = page.get_by_role("dialog", name="Edit fabrikam")
    panel.get_by_role("textbox", name="Title").fill("Mine")
    freshcoat.send("PUT", "/accounts/fabrikam", {"title": "Theirs"})
    with visit.expecting("412"):
        panel.get_by_role("button", name="Save fabrikam").click()
        expect(panel.get_by_role("button", name=re.compile("[Rr]ead"))).to_be_visible()
    check_for_all(page)
    assert freshcoat.get("/accounts/fabrikam")["title"] == "Theirs"


def test_the_accounts_for_everybody(visit: Visit) -> None:
    look_at(visit, "/accounts", "accounts", "Accounts")
