"""Who asks: Entra ID tokens, app keys, App Service authentication, and the identity of a local run."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from shared.caches.signing_keys import SigningKeys
from shared.core.settings import IN_AZURE, BadSettings, Settings
from shared.services import APP_KEYS, GRANTS, TASKS
from tests.api.access.world import two_customers
from tests.fixtures.app import NOW, SETTINGS, App, Reply
from tests.fixtures.tokens import ANN, AUDIENCE, OTHER_TENANT, TENANT, published, token

ENTRA = SETTINGS.model_copy(update={"dev_identity": "", "entra_tenants": (TENANT,), "entra_audience": AUDIENCE})
ME = f"{TENANT}.{ANN}"


def entra(**settings: Any) -> App:
    """An app of two customers that takes Entra ID tokens; nothing but the settings is changed."""
    app, _ = two_customers()
    app.settings = ENTRA.model_copy(update=settings)
    app.signing_keys = SigningKeys(lambda: published("k1"), lambda: 0.0, behind=lambda work: work())
    return app


def as_bearer(**claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**claims)}"}


def me(app: App, headers: dict[str, str]) -> Reply:
    return app.send("GET", "/api/me", headers=headers)


def grant(app: App, *accounts: str, principal: str = ME, **headers: str) -> Reply:
    admin = as_bearer(roles=["admin"]) | headers
    return app.send("PUT", f"/api/access/grants/{principal}", {"accounts": list(accounts)}, headers=admin)


def principal(**changes: Any) -> dict[str, str]:
    """The header that App Service authentication sets for somebody in Entra ID."""
    given = {"tid": TENANT, "oid": ANN, "roles": "operator", "name": "Ann"} | changes
    names = {
        "tid": "http://schemas.microsoft.com/identity/claims/tenantid",
        "oid": "http://schemas.microsoft.com/identity/claims/objectidentifier",
    }
    claims = [{"typ": names.get(name, name), "val": value} for name, value in given.items() if value is not None]
    text = json.dumps({"auth_typ": "aad", "name_typ": "name", "role_typ": "roles", "claims": claims})
    return {"x-ms-client-principal": base64.b64encode(text.encode()).decode()}


class TestTokens:
    """Authorization: Bearer."""

    def test_the_role_comes_from_the_token_and_the_accounts_from_the_grant(self) -> None:
        app = entra()
        assert me(app, as_bearer()).json["accounts"] == []
        app.tables.grants.add(app.tables.grants.all(GRANTS)[0].model_copy(update={"principal": ME, "etag": None}))
        found = me(app, as_bearer()).json
        assert (found["id"], found["roles"], found["accounts"]) == (ME, ["operator"], ["contoso"])
        assert found["may"] == ["read", "plan", "publish", "steer"]
        assert [pool["name"] for pool in app.send("GET", "/api/pools", headers=as_bearer()).json["items"]] == ["office"]

    def test_without_a_grant_somebody_sees_nothing(self) -> None:
        app = entra()
        assert app.send("GET", "/api/pools", headers=as_bearer()).json["items"] == []
        assert app.send("GET", "/api/pools/office", headers=as_bearer()).status == 404

    def test_without_a_role_somebody_is_told_what_is_missing(self) -> None:
        reply = entra().send("GET", "/api/pools", headers=as_bearer(roles=[]))
        assert (reply.status, "no role" in reply.json["detail"]) == (403, True)

    def test_the_first_grant_is_made_by_an_admin_who_has_none(self) -> None:
        app = entra()
        for row in app.tables.grants.all(GRANTS):
            app.tables.grants.remove(row)
        assert me(app, as_bearer(roles=["admin"])).json["accounts"] == ["*"]
        assert me(app, as_bearer()).json["accounts"] == []
        assert grant(app, "*").status == 201
        assert me(app, as_bearer(roles=["admin"], oid="aaaaaaaa-0000-4000-8000-00000000000f")).json["accounts"] == []

    @pytest.mark.parametrize("scheme", ["Basic abc", "Bearer", "Bearer ", "bearer x.y.z", "token"])
    def test_a_bad_token_is_not_made_good_by_another_proof(self, scheme: str) -> None:
        app = entra(dev_identity="developer", trust_principal=True)
        reply = me(app, {"Authorization": scheme, **principal()})
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")

    def test_an_app_without_tenants_takes_no_tokens(self) -> None:
        app = entra(entra_tenants=())
        assert "takes no Entra ID tokens" in me(app, as_bearer()).json["detail"]


class TestKeys:
    """x-freshcoat-key."""

    def make(self, app: App, name: str = "ci", **body: Any) -> Reply:
        asked = {"role": "operator", "accounts": ["contoso"], **body}
        return app.send("POST", f"/api/access/keys/{name}", asked, headers=as_bearer(roles=["admin"]))

    def ready(self) -> App:
        app = entra()
        for row in app.tables.grants.all(GRANTS):
            app.tables.grants.remove(row)
        return app

    def test_a_key_is_shown_once_and_kept_nowhere(self) -> None:
        app = self.ready()
        made = self.make(app)
        text = made.json["key"]
        assert (made.status, text.startswith("fck_")) == (201, True)
        stored = app.tables.app_keys.find(APP_KEYS, "ci")
        assert stored
        assert text not in stored.model_dump_json()
        kept = [entry.model_dump_json() for entry in app.tables.audit.every()]
        assert not any(text in entry for entry in kept)
        listed = app.send("GET", "/api/access/keys", headers=as_bearer(roles=["admin"]))
        assert text not in listed.text

    def test_a_key_has_the_role_and_accounts_it_was_given(self) -> None:
        app = self.ready()
        key = {"x-freshcoat-key": self.make(app).json["key"]}
        found = me(app, key).json
        assert (found["id"], found["signed_in_by"], found["roles"]) == ("key:ci", "key", ["operator"])
        assert app.send("GET", "/api/pools/office", headers=key).status == 200
        assert app.send("PUT", "/api/accounts/x", {}, headers=key).status == 403

    @pytest.mark.parametrize("role", ["approver", "admin"])
    def test_a_key_never_approves_or_configures(self, role: str) -> None:
        assert self.make(self.ready(), role=role).bad_fields == {"role"}

    def test_a_key_ends(self) -> None:
        app = self.ready()
        key = {"x-freshcoat-key": self.make(app, days=1).json["key"]}
        app.later(hours=23)
        assert me(app, key).status == 200
        app.later(hours=2)
        assert "expired" in me(app, key).json["detail"]

    def test_a_revoked_key_is_not_known_and_its_name_stays_taken(self) -> None:
        app = self.ready()
        key = {"x-freshcoat-key": self.make(app).json["key"]}
        gone = app.send("DELETE", "/api/access/keys/ci", headers=as_bearer(roles=["admin"]))
        assert (gone.status, gone.json["revoked_at"] is not None) == (200, True)
        assert me(app, key).status == 401
        assert self.make(app).status == 409

    @pytest.mark.parametrize("text", ["fck_", "fck_guess", "x", "fck_" + "a" * 500])
    def test_a_made_up_key_is_refused(self, text: str) -> None:
        assert me(self.ready(), {"x-freshcoat-key": text}).status == 401

    def test_a_key_in_the_address_does_not_count(self) -> None:
        app = self.ready()
        text = self.make(app).json["key"]
        assert app.send("GET", f"/api/me?code={text}").status == 401

    def test_a_key_for_accounts_of_others_is_refused(self) -> None:
        app, _ = two_customers()
        body = {"role": "reader", "accounts": ["fabrikam"]}
        headers = {"x-dev-role": "admin", "x-dev-accounts": "contoso"}
        assert app.send("POST", "/api/access/keys/ci", body, headers=headers).bad_fields == {"accounts"}
        body = {"role": "reader", "accounts": ["*"]}
        assert app.send("POST", "/api/access/keys/ci", body, headers=headers).bad_fields == {"accounts"}


class TestPrincipal:
    """The header of App Service authentication."""

    def test_it_counts_only_while_the_platform_says_so(self) -> None:
        assert me(entra(trust_principal=True), principal()).json["id"] == ME
        assert me(entra(), principal()).status == 401

    def test_what_is_missing_is_401(self) -> None:
        assert me(entra(trust_principal=True), {"x-ms-client-principal-name": "ann@contoso.com"}).status == 401

    @pytest.mark.parametrize(
        "changes",
        [{"tid": None}, {"oid": None}, {"tid": OTHER_TENANT}, {"oid": "ann"}],
    )
    def test_a_principal_of_nobody_here_is_refused(self, changes: dict[str, Any]) -> None:
        assert me(entra(trust_principal=True), principal(**changes)).status == 401

    @pytest.mark.parametrize("text", ["", "!", "e30=", "W10=", base64.b64encode(b'{"auth_typ":"github"}').decode()])
    def test_a_header_that_cannot_be_read_is_refused(self, text: str) -> None:
        assert me(entra(trust_principal=True), {"x-ms-client-principal": text}).status == 401

    @pytest.mark.parametrize(
        ("site", "status"), [(None, 403), ("cross-site", 403), ("same-site", 403), ("same-origin", 404), ("none", 404)]
    )
    def test_a_page_of_another_site_cannot_write(self, site: str | None, status: int) -> None:
        headers = principal() | ({"Sec-Fetch-Site": site} if site else {})
        reply = entra(trust_principal=True).send("POST", "/api/pools/office/roll-back", {}, headers=headers)
        assert reply.status == status


class TestLocalRun:
    """The development identity."""

    def test_everything_may_be_tried(self) -> None:
        app, _ = two_customers()
        assert set(me(app, {}).json["may"]) == {
            *("read", "plan", "publish", "steer"),
            *("approve", "configure", "audit", "hint"),
        }
        assert me(app, {"x-dev-role": "reader", "x-dev-accounts": "contoso", "x-dev-name": "bob"}).json == {
            "name": "bob",
            "id": "development:bob",
            "signed_in_by": "development",
            "roles": ["reader"],
            "accounts": ["contoso"],
            "may": ["read"],
        }

    def test_an_unknown_role_is_refused(self) -> None:
        app, _ = two_customers()
        assert "reader" in me(app, {"x-dev-role": "king"}).json["detail"]

    @pytest.mark.parametrize("variable", IN_AZURE)
    def test_it_refuses_to_start_in_azure(self, variable: str) -> None:
        given = {"FRESHCOAT_TABLES_CONNECTION": "x", "FRESHCOAT_DEV_IDENTITY": "developer"}
        assert Settings.read(given).dev_identity == "developer"
        with pytest.raises(BadSettings, match="FRESHCOAT_DEV_IDENTITY"):
            Settings.read({**given, variable: "fc-contoso"})

    def test_its_headers_mean_nothing_elsewhere(self) -> None:
        assert me(entra(), {"x-dev-role": "admin", "x-dev-name": "ann"}).status == 401


class TestAbout:
    """Open to everybody."""

    def test_it_says_how_to_sign_in(self) -> None:
        found = entra(environment="test").send("GET", "/api/about").json
        assert found["auth"] == {
            "kind": "entra",
            "tenants": [TENANT],
            "client_id": AUDIENCE,
            "scope": f"{AUDIENCE}/.default",
            "authority": "https://login.microsoftonline.com",
        }
        assert (found["name"], found["environment"], found["simulated"]) == ("Freshcoat", "test", False)
        assert entra(entra_tenants=()).send("GET", "/api/about").json["auth"]["kind"] == "key"
        assert two_customers()[0].send("GET", "/api/about").json["auth"]["kind"] == "development"


class TestRecords:
    """Work remembers whose it is by an id that does not change."""

    def test_a_rollout_and_a_promotion_keep_the_callers_id(self) -> None:
        app, names = two_customers()
        assert app.rollout(names["rollout"]).requester == "development:developer"
        app.send("POST", f"/api/rollouts/{names['rollout']}/cancel", {"how": "leave"})
        body = {"version": "2.0.0", "schedule": NOW, "pools": ["office"], "gate": "auto"}
        task = app.send("POST", "/api/rollouts", body, headers={"x-dev-name": "ann"}).json["id"]
        found = app.tables.tasks.find(TASKS, task)
        assert found
        assert (found.requested_by, found.requester) == ("ann", "development:ann")
