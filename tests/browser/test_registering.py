"""A first visit without pools, the settings of a pool, and accounts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from local.sim.core import names
from tests.browser.visit import Visit, check_for_all, check_look, look_at
from tests.end_to_end.conftest import Freshcoat

ID = re.compile("Resource id")


@pytest.fixture(autouse=True, scope="module")
def _an_image(freshcoat: Freshcoat) -> None:
    freshcoat.send("PUT", "/images/win11-office", {"definition_id": names.DEFINITION_ID})


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def test_the_first_visit_leads_through_a_registration_to_a_plan(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/pools")
    expect(page.get_by_text("No pool is registered.")).to_be_visible()
    check_look(page, "pools-empty")
    page.get_by_role("main").get_by_role("button", name="Register pool").last.click()
    title(page, "Register pool")
    register = page.get_by_role("button", name="Register pool")
    expect(register).to_have_attribute("aria-disabled", "true")
    page.get_by_role("textbox", name="Name").fill("first")
    page.get_by_role("textbox", name=ID).fill(names.OFFICE_POOL_ID)
    page.get_by_role("combobox", name="Image").select_option("win11-office")
    page.get_by_role("combobox", name="Time zone").select_option("Europe/Amsterdam")
    check_look(page, "register-pool")
    register.click()
    title(page, "Update image of first")
    expect(page.get_by_role("button", name="Publish 2.0.0 to 2 hosts")).to_be_visible()
    assert freshcoat.get("/pools/first")["time_zone"] == "Europe/Amsterdam"


def test_what_the_app_refuses_stands_beside_its_field(visit: Visit) -> None:
    page = visit.open("/pools/new")
    page.get_by_role("textbox", name="Name").fill("second")
    page.get_by_role("textbox", name=ID).fill("/subscriptions/none")
    page.get_by_role("combobox", name="Image").select_option("win11-office")
    with visit.expecting("400"):
        page.get_by_role("button", name="Register pool").click()
        field = page.get_by_role("textbox", name=ID)
        expect(field).to_have_attribute("aria-invalid", "true")
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
