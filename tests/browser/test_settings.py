"""Accounts, Audit and Access: what is set there is what the app has, and nobody sets what they may not."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visit import NARROW, Visit, check_for_all, check_look, look_at, settle
from tests.end_to_end.conftest import Freshcoat

ANN = "11111111-2222-4333-8444-555555555555.aaaaaaaa-0000-4000-8000-000000000001"
WINDOW = {"days": ["mon", "tue"], "from": "22:00", "to": "05:00"}


@pytest.fixture(autouse=True, scope="module")
def _settings(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("printers", 2)
    put = {
        "/accounts/contoso": {"title": "Contoso", "time_zone": "Europe/Amsterdam"},
        "/access/limits/default/production": {"least_min_available": "30%", "windows": [WINDOW]},
        "/access/caps/default": {"hosts_per_hour": 40, "pools_per_hour": 5},
        "/access/probes/default/spooler": {"script": "if (-not (Get-Printer)) { exit 1 }"},
    }
    for path, body in put.items():
        assert freshcoat.send("PUT", path, body).status_code == 201, path
    freshcoat.send("PATCH", "/pools/printers", {"policy": {"probe": "spooler"}})


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def choose(page: Page, of: str, action: str) -> None:
    page.get_by_role("button", name=f"Actions of {of}").click()
    page.get_by_role("menuitem", name=action).click()


def test_an_account_is_registered_and_then_changed(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/accounts")
    page.get_by_role("button", name="Register account").click()
    page.get_by_role("textbox", name="Name").fill("tailspin")
    page.get_by_role("textbox", name="Title").fill("Tailspin Toys")
    page.get_by_role("combobox", name="Time zone").select_option("Europe/Amsterdam")
    check_look(page, "accounts-register")
    page.get_by_role("button", name="Register tailspin").click()
    expect(row(page, "tailspin")).to_contain_text("Tailspin Toys")
    page.get_by_role("button", name="Edit tailspin").click()
    page.get_by_role("textbox", name="Own subscriptions and resource groups").fill("rg-tailspin")
    with visit.expecting("status of 400"):
        page.get_by_role("button", name="Save tailspin").click()
        expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    page.get_by_role("textbox", name="Own subscriptions and resource groups").fill("")
    page.get_by_role("textbox", name="Title").fill("Tailspin BV")
    page.get_by_role("button", name="Save tailspin").click()
    expect(row(page, "tailspin")).to_contain_text("Tailspin BV")
    assert freshcoat.get("/accounts/tailspin")["title"] == "Tailspin BV"


def test_an_account_that_somebody_else_changed_is_not_written_over(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/accounts?edit=contoso")
    page.get_by_role("textbox", name="Title").fill("Contoso BV")
    freshcoat.send("PATCH", "/accounts/contoso", {"time_zone": "Europe/London"})
    with visit.expecting("status of 412"):
        page.get_by_role("button", name="Save contoso").click()
        expect(page.get_by_text("Somebody else changed this meanwhile")).to_be_visible()
    check_for_all(page)
    page.get_by_role("button", name="Read it again").click()
    expect(page.get_by_role("combobox", name="Time zone")).to_have_value("Europe/London")
    page.get_by_role("button", name="Save contoso").click()
    expect(row(page, "contoso")).to_contain_text("Contoso BV")
    stored = freshcoat.get("/accounts/contoso")
    assert (stored["title"], stored["time_zone"]) == ("Contoso BV", "Europe/London")


def test_an_entry_of_the_record_is_found_opened_and_saved(visit: Visit) -> None:
    page = visit.open("/audit?kind=outcome")
    page.get_by_role("combobox", name="Account").fill("contoso")
    expect(page).to_have_url(re.compile("kind=outcome&account=contoso"))
    entry = row(page, "PUT accounts/{account}").filter(has_text="contoso")
    expect(entry).to_contain_text("Ended, 201")
    entry.get_by_role("button", name="PUT accounts").click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("region", name="After")).to_contain_text('"title": "Contoso"')
    check_look(page, "audit-entry")
    panel.get_by_role("button", name="All entries of this request").click()
    expect(page.get_by_role("row")).to_have_count(1 + 3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert (lines[0].split(",")[:2], len(lines)) == (["id", "at"], 1 + 3)
    page.get_by_role("button", name="Verify the record").click()
    expect(page.get_by_text("No broken link was found")).to_be_visible()


def test_the_headers_of_a_long_table_stay_while_its_rows_go_by(visit: Visit, freshcoat: Freshcoat) -> None:
    entry = freshcoat.get("/audit?limit=1")["items"][0]
    many = {"items": [entry | {"id": str(number)} for number in range(100)], "continuation": None}
    played = {"prepare": lambda page: page.route("**/api/audit?*", lambda route: route.fulfill(json=many))}
    page = visit.open("/audit", **played)
    header = page.get_by_role("columnheader", name="Subject")
    expect(page.get_by_role("row")).to_have_count(1 + 100)
    page.get_by_role("row").last.scroll_into_view_if_needed()
    expect(header).to_be_in_viewport(ratio=1)
    bar, box = page.get_by_role("banner").bounding_box(), header.bounding_box()
    assert bar and box
    assert abs(box["y"] - bar["height"]) <= 1
    assert page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('th') !== null", [box["x"] + 5, box["y"] + 10]
    )
    check_for_all(page)


def test_filters_that_find_nothing_say_so(visit: Visit) -> None:
    page = visit.open("/audit?who=nobody")
    expect(page.get_by_text("No entry matches these filters.")).to_be_visible()
    check_for_all(page)


def test_a_grant_is_given_and_taken(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/access")
    page.get_by_role("button", name="Give a grant").click()
    tenant, _, person = ANN.partition(".")
    page.get_by_role("textbox", name="Tenant id").fill(tenant)
    page.get_by_role("textbox", name="Object id").fill(person)
    page.get_by_role("textbox", name="Name").fill("Ann")
    page.get_by_role("checkbox", name="contoso").check()
    check_look(page, "access-grant")
    page.get_by_role("button", name="Give the grant").click()
    expect(row(page, "Ann")).to_contain_text("contoso")
    assert freshcoat.get(f"/access/grants/{ANN}")["accounts"] == ["contoso"]
    choose(page, "Ann", "Take the grant")
    expect(page.get_by_text("It is the last grant.")).to_be_visible()
    page.get_by_role("textbox", name="Type Ann to confirm").fill("Ann")
    check_for_all(page)
    page.get_by_role("button", name="Take the grant").click()
    expect(page.get_by_text("Nobody has a grant")).to_be_visible()


def test_a_key_is_shown_once_and_revoked(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/access?tab=keys")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("textbox", name="Name").fill("nightly")
    page.get_by_role("checkbox", name="default").check()
    page.get_by_role("button", name="Make the key nightly").click()
    key = page.get_by_text(re.compile("^fck_")).inner_text()
    assert freshcoat.send("GET", "/me", **{"x-freshcoat-key": key}).json()["name"] == "key nightly"
    check_for_all(page)
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text(key)).to_have_count(0)
    choose(page, "nightly", "Revoke")
    page.get_by_role("textbox", name="Type nightly to confirm").fill("nightly")
    page.get_by_role("button", name="Revoke nightly").click()
    expect(row(page, "nightly")).to_contain_text("Revoked")


def test_limits_caps_and_probes_are_changed(visit: Visit, freshcoat: Freshcoat) -> None:
    page = visit.open("/access?tab=limits")
    choose(page, "default, production", "Edit")
    page.get_by_role("textbox", name="Least notice, in minutes").fill("60")
    check_look(page, "access-limits")
    page.get_by_role("button", name="Save the limits").click()
    expect(row(page, "production")).to_contain_text("60 min or more")
    limits = freshcoat.get("/access/limits/default/production")
    assert (limits["notice_minutes"], limits["windows"]) == (60, [WINDOW])
    page.get_by_role("tab", name="Caps").click()
    choose(page, "default", "Lift for some hours")
    page.get_by_role("textbox", name="Reason").fill("Security fix")
    page.get_by_role("button", name="Lift the caps").click()
    expect(row(page, "default")).to_contain_text("Security fix")
    page.get_by_role("tab", name="Probes").click()
    expect(row(page, "spooler")).to_contain_text("printers")
    choose(page, "spooler", "Edit")
    page.get_by_role("textbox", name="Script (PowerShell)").fill("exit 0")
    check_look(page, "access-probe")
    page.get_by_role("button", name="Save the probe").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert freshcoat.get("/access/probes/default/spooler")["script"] == "exit 0"


def test_a_reader_is_told_why(visit: Visit) -> None:
    page = visit.open("/access?tab=limits", role="reader")
    expect(page.get_by_role("button", name="Set limits")).to_have_attribute("aria-disabled", "true")
    expect(row(page, "production")).to_be_visible()
    page.goto("/console/audit")
    told = page.get_by_role("main").get_by_role("paragraph")
    expect(told.filter(has_text="Reading the audit needs the role admin.")).to_be_visible()
    check_for_all(page)


def test_accounts_and_access_for_everybody(visit: Visit) -> None:
    look_at(visit, "/accounts", "accounts", "Accounts")
    look_at(visit, "/access?tab=caps", "access-caps", "Access")


@pytest.mark.parametrize("tab", ["grants", "keys", "limits", "probes", "profiles"])
def test_each_tab_of_access_fits_a_phone(visit: Visit, tab: str) -> None:
    page = visit.open(f"/access?tab={tab}", dark=True, size=NARROW)
    expect(page.get_by_role("heading", level=1, name="Access")).to_be_visible()
    settle(page)
    check_look(page, f"access-{tab}-dark-360")
