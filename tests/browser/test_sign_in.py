"""Signing in with Entra ID, under the content policy of the pages. Entra ID and what the API knows are played here."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from local.stack.options import StackOptions
from local.stack.processes import free_port
from tests.browser.visit import Visit, check_for_all, picture
from tests.end_to_end.conftest import Freshcoat
from tests.fixtures.tokens import ANN, AUDIENCE, AUTHORITY, TENANT

SETTINGS = {
    "FRESHCOAT_DEV_IDENTITY": "",
    "FRESHCOAT_ENTRA_TENANTS": TENANT,
    "FRESHCOAT_ENTRA_AUDIENCE": AUDIENCE,
}
TOKEN = "the-access-token-of-ann"
REFRESH_TOKEN = "the-refresh-token-of-ann"
ME = {
    "name": "ann@contoso.com",
    "id": f"{TENANT}.{ANN}",
    "signed_in_by": "entra",
    "roles": ["operator"],
    "accounts": ["*"],
    "may": ["read", "plan", "publish", "steer"],
}


@pytest.fixture(scope="module")
def entra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Freshcoat]:
    options = StackOptions(
        port=free_port(), sim_port=free_port(), hosts=1, directory_override=tmp_path_factory.mktemp("entra")
    )
    with Freshcoat(options, SETTINGS) as stack:
        yield stack


@pytest.fixture
def visit(browser: Browser, entra: Freshcoat) -> Iterator[Visit]:
    made = Visit(browser, entra.options.app_url, AUTHORITY)
    yield made
    made.end()


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass
class Played:
    """Entra ID as the browser sees it, and the API behind the token."""

    asked: dict[str, str] = field(default_factory=dict)
    """What the page asked the authority for."""
    proofs: list[str | None] = field(default_factory=list)
    """The header `Authorization` of each request to the API."""

    def stand_in(self, page: Page) -> None:
        page.route(f"{AUTHORITY}/**", self._authority)
        page.route("**/api/**", self._api)

    def _authority(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.path.endswith("/oauth2/v2.0/authorize"):
            self.asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            back = (
                f"{self.asked['redirect_uri']}#code=the-code&state={self.asked['state']}&client_info={_client_info()}"
            )
            route.fulfill(
                body=f'<meta http-equiv="refresh" content="0;url={html.escape(back)}">', content_type="text/html"
            )
        elif address.path.endswith("/oauth2/v2.0/token"):
            route.fulfill(json=self._tokens(route.request), headers={"Access-Control-Allow-Origin": "*"})
        else:
            raise AssertionError(f"unexpected: {route.request.url}")

    def _tokens(self, request: Request) -> dict[str, Any]:
        sent = {name: values[0] for name, values in parse_qs(request.post_data or "").items()}
        assert sent["code"] == "the-code"
        assert encoded(hashlib.sha256(sent["code_verifier"].encode()).digest()) == self.asked["code_challenge"]
        now = int(time.time())
        claims = {"aud": AUDIENCE, "iss": f"{AUTHORITY}/{TENANT}/v2.0", "iat": now, "nbf": now, "exp": now + 3_600}
        claims |= {"tid": TENANT, "oid": ANN, "sub": "ann", "ver": "2.0", "preferred_username": "ann@contoso.com"}
        claims |= {"nonce": self.asked["nonce"], "name": "Ann"}
        id_token = f"{encoded(b'{"alg":"none"}')}.{encoded(json.dumps(claims).encode())}.{encoded(b'signed')}"
        return {
            "token_type": "Bearer",
            "scope": f"openid profile {AUDIENCE}/.default",
            "expires_in": 3_600,
            "ext_expires_in": 3_600,
            "access_token": TOKEN,
            "refresh_token": REFRESH_TOKEN,
            "id_token": id_token,
            "client_info": _client_info(),
        }

    def _api(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/api/about":
            route.continue_()
            return
        self.proofs.append(route.request.headers.get("authorization"))
        known = {"/api/me": ME, "/api/overview": {"needs_you": [], "open_rollouts": 0, "running_tasks": 0}}
        route.fulfill(json=known.get(path, {"items": [], "continuation": None}))


def _client_info() -> str:
    return encoded(json.dumps({"uid": ANN, "utid": TENANT}).encode())


EMPTY: dict[str, Any] = {"local": {}, "session": {}, "cookies": "", "databases": []}


def kept_by(page: Page) -> dict[str, Any]:
    """All that a page has stored in the browser."""
    kept: dict[str, Any] = page.evaluate(
        """async () => ({
            local: { ...localStorage },
            session: { ...sessionStorage },
            cookies: document.cookie,
            databases: (await indexedDB.databases()).map(({ name }) => name),
        })"""
    )
    return kept


def test_nobody_sees_a_page_before_signing_in(visit: Visit) -> None:
    played = Played()
    page = visit.open("/pools", prepare=played.stand_in)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    check_for_all(page)
    picture(page, "sign-in")
    assert played.proofs == []


def test_signing_in_leads_back_and_sends_the_token_which_is_stored_nowhere(visit: Visit) -> None:
    played = Played()
    page = visit.open("/pools?search=x", prepare=played.stand_in)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("banner")).to_contain_text("ann@contoso.com")
    expect(page.get_by_role("heading", level=1, name="VDI Pools")).to_be_visible()
    assert played.asked["client_id"] == AUDIENCE
    assert (played.asked["response_type"], played.asked["code_challenge_method"]) == ("code", "S256")
    assert f"{AUDIENCE}/.default" in played.asked["scope"]
    assert set(played.proofs) == {f"Bearer {TOKEN}"}
    assert "the-code" not in page.url
    assert kept_by(page) == EMPTY
    page.get_by_role("link", name="Global Images").click()
    expect(page.get_by_role("heading", level=1, name="Global Images")).to_be_visible()
    assert kept_by(page) == EMPTY


def test_a_page_that_is_loaded_again_has_kept_nothing(visit: Visit) -> None:
    played = Played()
    page = visit.open("/pools", prepare=played.stand_in)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("banner")).to_contain_text("ann@contoso.com")
    proofs = len(played.proofs)
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert kept_by(page) == EMPTY
    assert len(played.proofs) == proofs


def test_a_sign_in_that_was_given_up_leaves_nothing_behind(visit: Visit) -> None:
    played = Played()
    page = visit.open("/pools", prepare=played.stand_in)
    page.route(f"{AUTHORITY}/**", lambda route: route.fulfill(body="<h1>Entra ID</h1>", content_type="text/html"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Entra ID")).to_be_visible()
    page.goto("/console/pools")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert kept_by(page) == EMPTY
