"""Join profiles of accounts: pools name one, and the password of another account is out of reach."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.pools import Pool
from shared.tables import keys
from shared.tables.codec import Codec
from tests.fixtures.app import App, Reply, findings, office
from tests.fixtures.audit import changes
from tests.fixtures.profiles import DOMAIN

CORP, THEIRS = "/api/access/join-profiles/default/corp", "/api/access/join-profiles/contoso/theirs"
POOL = "/api/pools/office"
OURS = {"x-dev-role": "admin", "x-dev-accounts": "default"}
AD = {"kind": "ad", "profile": "corp", "intune": None}


def with_profile() -> App:
    app = office()
    assert app.send("PUT", "/api/accounts/contoso", {"title": "Contoso"}).status == 201
    assert app.send("PUT", THEIRS, {**DOMAIN, "password_setting": "JOIN_CONTOSO"}).status == 201
    assert app.send("PUT", CORP, DOMAIN).status == 201
    return app


def change(app: App, changed: dict[str, Any], **headers: str) -> Reply:
    return app.send("PATCH", POOL, changed, headers={"Content-Type": "application/merge-patch+json", **headers})


def join(app: App, **fields: Any) -> Reply:
    """Have the pool join by the profile."""
    return change(app, {"join": AD | fields})


def plan(app: App) -> Reply:
    later = {"mode": "at", "at": "2026-11-03T09:00:00Z"}
    return app.send("POST", f"{POOL}/update-image?what_if=true", {"version": "2.0.0", "schedule": later})


class TestKept:
    """An account's join profiles."""

    def test_a_profile_is_made_read_changed_and_removed(self) -> None:
        app = with_profile()
        made = app.send("GET", CORP)
        assert {name: made.json[name] for name in DOMAIN} == DOMAIN
        changed = DOMAIN | {"ou": "OU=AVD"}
        assert app.send("PUT", CORP, changed, headers={"If-Match": '"other"'}).status == 412
        assert app.send("PUT", CORP, changed, headers={"If-Match": made.headers["ETag"]}).json["ou"] == "OU=AVD"
        assert app.send("PUT", CORP, DOMAIN).bad_fields == {"ou"}
        assert app.send("DELETE", CORP).status == 204
        assert app.send("GET", CORP).status == 404
        told = [entry.action for entry in reversed(changes(app.tables)) if "default" in entry.subject]
        assert told == ["set join profile", "set join profile", "remove join profile"]

    def test_the_password_is_in_no_answer_and_no_record(self) -> None:
        app = with_profile()
        join(app)
        shown = app.send("GET", CORP).text + app.send("GET", "/api/access/join-profiles").text + plan(app).text
        assert "made-up" not in shown
        assert "made-up" not in "".join(entry.model_dump_json() for entry in app.tables.audit.every())

    def test_a_list_shows_those_of_accounts_in_reach(self) -> None:
        app = with_profile()
        listed = app.send("GET", "/api/access/join-profiles", headers=OURS).json["items"]
        assert [(one["account"], one["name"]) for one in listed] == [("default", "corp")]


class TestSecrets:
    """Who configures one account does not get at the password of another."""

    def test_an_admin_of_one_account_names_no_secret(self) -> None:
        app = with_profile()
        stolen = DOMAIN | {"password_setting": "JOIN_CONTOSO"}
        for path in (CORP, "/api/access/join-profiles/default/new"):
            reply = app.send("PUT", path, stolen, headers=OURS)
            assert (reply.status, reply.json["need"]) == (403, "configure"), reply.text
        assert app.send("GET", CORP).json["password_setting"] == "JOIN_PASSWORD"
        assert app.send("GET", "/api/access/join-profiles/default/new").status == 404

    def test_but_changes_the_rest_of_a_profile(self) -> None:
        reply = with_profile().send("PUT", CORP, DOMAIN | {"ou": "OU=AVD"}, headers=OURS)
        assert (reply.status, reply.json["ou"]) == (200, "OU=AVD")

    def test_the_profile_of_another_account_is_unknown(self) -> None:
        app = with_profile()
        assert join(app, profile="theirs").bad_fields == {"join.profile"}
        assert app.send("GET", THEIRS, headers=OURS).status == 404
        assert app.send("DELETE", THEIRS, headers=OURS).status == 404

    @pytest.mark.parametrize("given", [DOMAIN, {"profile": "corp", **DOMAIN}, {"password_setting": "JOIN_CONTOSO"}])
    def test_a_join_with_a_secret_of_its_own_is_refused(self, given: dict[str, Any]) -> None:
        app = with_profile()
        reply = change(app, {"join": {"kind": "ad", "intune": None} | given})
        assert (reply.status, reply.bad_fields) == (400, {"join"})
        assert "name a join profile of the pool's account" in reply.text


class TestNamed:
    """A pool names a profile of its account."""

    def test_a_plan_says_by_what_hosts_join(self) -> None:
        app = with_profile()
        assert join(app).json["join"] == {"kind": "ad", "profile": "corp"}
        assert findings(plan(app))["join"] == "pass"
        assert "hosts join contoso.local" in plan(app).text

    def test_entra_needs_none(self) -> None:
        assert findings(plan(office()))["join"] == "pass"

    def test_a_plan_says_that_there_is_none_of_the_name(self) -> None:
        app = with_profile()
        join(app)
        profile = app.tables.join_profiles.find("default", "corp")
        assert profile
        app.tables.join_profiles.remove(profile)
        assert findings(plan(app))["join"] == "fail"
        assert "account default has no join profile called corp" in plan(app).text

    def test_a_pool_does_not_move_to_an_account_that_lacks_its_profile(self) -> None:
        app = with_profile()
        join(app)
        moved = change(app, {"account": "contoso"})
        assert (moved.status, moved.bad_fields) == (400, {"join.profile"})
        assert change(app, {"account": "contoso", "join": {"profile": "theirs"}}).status == 200

    def test_one_in_use_is_not_removed(self) -> None:
        app = with_profile()
        join(app)
        reply = app.send("DELETE", CORP)
        assert (reply.status, "pool office" in reply.text) == (409, True)
        assert app.send("DELETE", THEIRS).status == 204


def test_who_changed_the_join_profile_last_is_not_the_second_person() -> None:
    app = with_profile()
    join(app)
    assert app.send("PUT", CORP, DOMAIN | {"ou": "OU=AVD"}, headers={"x-dev-name": "carl"}).status == 200
    limits = "/api/access/limits/default/production"
    assert app.send("PUT", limits, {"two_people": "always"}, headers={"x-dev-name": "lisa"}).status == 201
    later = {"mode": "at", "at": "2026-11-03T09:00:00Z"}
    body, oscar = {"version": "2.0.0", "schedule": later}, {"x-dev-name": "oscar"}
    rollout = app.send("POST", f"{POOL}/update-image", body, headers=oscar).json["id"]
    path = f"/api/rollouts/{rollout}/approve"
    assert "You changed its join profile last" in app.send("POST", path, headers={"x-dev-name": "carl"}).text
    assert app.send("POST", path, headers={"x-dev-name": "ann", "x-dev-role": "approver"}).status == 202


def test_rows_from_before_join_profiles_name_one_that_is_called_as_their_domain() -> None:
    app = with_profile()
    join(app)
    codec = Codec(Pool, keys.pool_keys)
    old = '{"kind":"ad","domain":"contoso.local","user":"u","password_setting":"JOIN_A"}'
    read = codec.decode({**codec.encode(app.pool()), "join": old}, "1")
    assert read.join.model_dump() == {"kind": "ad", "profile": "contoso.local"}
