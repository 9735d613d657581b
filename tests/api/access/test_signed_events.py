"""Log-off events signed with the key of their pool: which are let in, which are not, and whose hosts they name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.core.settings import BadSettings, Settings
from shared.models.base import iso
from shared.models.rollouts import RolloutHost
from shared.services import POOLS, ROLLOUTS
from tests.api.access.test_who_asks import ENTRA, as_bearer, entra
from tests.fixtures.app import App, Reply
from triggers.http.openapi import document

SECRET, OLDER = "a made-up secret of the app, number 2", "a made-up secret of the app, number 1"
NOT_SIGNED_IN = "The signature does not fit. Check the pool's name, its key, the signed text and the clock."


def signed_app(**settings: Any) -> App:
    """An app that takes Entra tokens, with a running rollout of pool office (host h1) and one of pool lab (host h2)."""
    app = entra(**{"event_secret": SECRET, **settings})
    office = next(row for row in app.tables.rollouts.all(ROLLOUTS) if row.pool == "office")
    app.tables.hosts.add(RolloutHost(rollout=office.id, host="h1.contoso.local", vm_id="/h1"))
    lab = office.model_copy(update={"id": "8204680874797-4bd9", "pool": "lab", "account": "fabrikam", "etag": None})
    app.tables.rollouts.add(lab)
    app.tables.hosts.add(RolloutHost(rollout=lab.id, host="h2.fabrikam.local", vm_id="/h2"))
    row = app.pool().model_copy(update={"etag": None})
    app.tables.pools.add(
        row.replace(name="lab", account="fabrikam", host_pool_id=f"{row.host_pool_id}-lab", running_rollout=lab.id)
    )
    return app


def as_admin(app: App) -> App:
    """The same tables and engine with the development identity, who may do everything."""
    return App(
        settings=app.settings.model_copy(update={"dev_identity": "developer"}),
        now=app.now,
        world=app.world,
        tables=app.tables,
        engine=app.engine,
        hints=app.hints,
    )


def key(app: App, pool: str = "office", *, rotate: bool = False) -> str:
    reply = as_admin(app).send("POST", f"/api/pools/{pool}/event-key", {"rotate": rotate})
    assert reply.status == 200, reply.text
    return str(reply.json["key"])


def body_of(app: App, host: str = "h1", ago: int = 0) -> bytes:
    return json.dumps({"host": host, "utc": iso(app.now - timedelta(seconds=ago))}).encode()


def headers_of(app: App, text: str, body: bytes, pool: str = "office", **changes: str) -> dict[str, str]:
    """The headers as the script in docs/ makes them."""
    stamp = changes.pop("stamp", str(int(app.now.timestamp())))
    signed = hmac.new(text.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-freshcoat-pool": pool,
        "x-freshcoat-timestamp": stamp,
        "x-freshcoat-signature": f"v1={signed}",
        **{f"x-freshcoat-{name}": value for name, value in changes.items()},
    }


def post(app: App, headers: dict[str, str], body: bytes) -> Reply:
    return app.send("POST", "/api/events/logoff", raw=body, headers=headers)


def report(app: App, text: str, host: str = "h1", **changes: str) -> Reply:
    body = body_of(app, host)
    return post(app, headers_of(app, text, body, **changes), body)


def refused(reply: Reply) -> bool:
    """401, with the same words whatever was wrong."""
    assert (reply.status, reply.json["detail"]) == (401, NOT_SIGNED_IN), reply.text
    return True


class TestSignatures:
    """x-freshcoat-signature."""

    def test_a_signed_event_makes_the_rollout_of_its_host_look(self) -> None:
        app = signed_app()
        assert report(app, key(app)).status == 202
        assert len(app.engine.signals) == 1

    def test_the_key_is_derived_as_documented(self) -> None:
        app = signed_app()
        extracted = hmac.new(bytes(32), SECRET.encode(), hashlib.sha256).digest()
        derived = hmac.new(extracted, b"freshcoat log-off event key\0office\x001" + b"\x01", hashlib.sha256).digest()
        assert key(app) == "fek_" + base64.urlsafe_b64encode(derived).decode().rstrip("=")

    @pytest.mark.parametrize("seconds", [-299, 299])
    def test_clocks_may_differ_by_five_minutes(self, seconds: int) -> None:
        app = signed_app()
        stamp = str(int((app.now + timedelta(seconds=seconds)).timestamp()))
        assert report(app, key(app), stamp=stamp).status == 202

    @pytest.mark.parametrize("seconds", [-301, 301, -86_400])
    def test_an_older_or_later_signature_is_refused(self, seconds: int) -> None:
        app = signed_app()
        stamp = str(int((app.now + timedelta(seconds=seconds)).timestamp()))
        assert refused(report(app, key(app), stamp=stamp))

    @pytest.mark.parametrize(
        "changes",
        [
            {"pool": "lab"},
            {"pool": "nobody"},
            {"pool": ""},
            {"timestamp": "1"},
            {"timestamp": "soon"},
            {"timestamp": ""},
            {"timestamp": "9" * 400},
            {"timestamp": "１２３"},
            {"signature": "v1=" + "0" * 64},
            {"signature": "v1=" + "é" * 64},
            {"signature": "v2=" + "0" * 64},
            {"signature": "0" * 64},
            {"signature": "v1="},
        ],
    )
    def test_nothing_says_which_part_is_wrong(self, changes: dict[str, str]) -> None:
        app = signed_app()
        body = body_of(app)
        assert refused(post(app, headers_of(app, key(app), body, **changes), body))
        assert not app.engine.signals

    def test_another_body_is_refused(self) -> None:
        app = signed_app()
        assert refused(post(app, headers_of(app, key(app), body_of(app)), body_of(app, "h2")))

    def test_the_same_event_again_is_harmless(self) -> None:
        app = signed_app()
        body = body_of(app)
        headers = headers_of(app, key(app), body)
        assert [post(app, headers, body).status for _ in range(20)] == [202] * 20
        assert len(app.engine.signals) == 1

    def test_rates_hold(self) -> None:
        app = signed_app()
        text = key(app)
        bodies = [body_of(app, ago=number) for number in range(6)]
        replies = [post(app, headers_of(app, text, body), body).status for body in bodies]
        assert replies == [202] * 5 + [429]

    def test_a_bad_signature_is_not_made_good_by_another_proof(self) -> None:
        app = as_admin(signed_app())
        assert refused(report(app, "fek_made-up"))

    def test_an_app_without_a_secret_takes_none(self) -> None:
        app = signed_app()
        text = key(app)
        app.settings = ENTRA
        assert refused(report(app, text))


class TestReach:
    """What a signed event may do: report its own hosts, and nothing else."""

    def test_it_reports_hosts_of_its_own_pool_only(self) -> None:
        app = signed_app()
        assert report(app, key(app), "h2").status == 202
        assert not app.engine.signals
        assert report(app, key(app, "lab"), "h2", pool="lab").status == 202
        assert len(app.engine.signals) == 1

    def test_an_app_key_reports_hosts_of_its_accounts_only(self) -> None:
        app = as_admin(signed_app())
        for account, host in (("contoso", "h2"), ("contoso", "h1")):
            headers = {"x-dev-role": "agent", "x-dev-accounts": account}
            assert post(app, headers, body_of(app, host)).status == 202
        assert len(app.engine.signals) == 1

    def test_a_managed_identity_needs_the_role_and_no_grant(self) -> None:
        app = signed_app()
        assert post(app, as_bearer(roles=["agent"]), body_of(app)).status == 202
        assert len(app.engine.signals) == 1
        assert post(app, as_bearer(roles=["reader"]), body_of(app)).status == 403

    @pytest.mark.parametrize(("method", "path"), [("GET", "/api/pools"), ("POST", "/api/pools/office/event-key")])
    def test_it_may_do_nothing_else(self, method: str, path: str) -> None:
        app = signed_app()
        body = b"" if method == "GET" else b"{}"
        assert app.send(method, path, raw=body, headers=headers_of(app, key(app), body)).status == 403


class TestKeys:
    """POST /api/pools/{pool}/event-key."""

    def test_it_is_shown_and_kept_nowhere(self) -> None:
        app = as_admin(signed_app())
        reply = app.send("POST", "/api/pools/office/event-key", {}, headers={"Idempotency-Key": "again"})
        found = reply.json
        assert (reply.status, found["pool"], found["generation"]) == (200, "office", 1)
        assert app.send("POST", "/api/pools/office/event-key", {}).json == found
        tables = app.tables
        rows = [*tables.pools.every(), *tables.audit.every(), *tables.answers.every()]
        assert not any(found["key"] in row.model_dump_json() for row in rows)
        assert [row.action for row in tables.audit.every()].count("show event key") == 2

    def test_after_a_rotation_the_key_before_counts_until_the_next_one(self) -> None:
        app = signed_app()
        first = key(app)
        second = key(app, rotate=True)
        assert [report(app, text).status for text in (first, second)] == [202, 202]
        third = key(app, rotate=True)
        assert len({first, second, third}) == 3
        assert refused(report(app, first))
        assert [report(app, text).status for text in (second, third)] == [202, 202]
        assert as_admin(app).send("POST", "/api/pools/office/event-key", {}).json["generation"] == 3

    def test_registering_the_pool_again_keeps_its_key(self) -> None:
        app = as_admin(signed_app())
        second = key(app, rotate=True)
        assert app.send("PATCH", "/api/pools/office", {"ring": "production"}).status == 200
        assert key(app) == second

    def test_while_the_secret_is_changed_keys_of_both_count(self) -> None:
        app = signed_app(event_secret=OLDER)
        old = key(app)
        app.settings = app.settings.model_copy(update={"event_secret": SECRET, "event_secret_before": OLDER})
        assert key(app) != old
        assert [report(app, text).status for text in (old, key(app))] == [202, 202]
        app.settings = app.settings.model_copy(update={"event_secret_before": ""})
        assert refused(report(app, old))

    def test_without_a_secret_there_is_no_key(self) -> None:
        app = as_admin(signed_app(event_secret=""))
        reply = app.send("POST", "/api/pools/office/event-key", {"rotate": True})
        assert (reply.status, "FRESHCOAT_EVENT_SECRET" in reply.json["detail"]) == (409, True)
        pool = app.tables.pools.find(POOLS, "office")
        assert pool
        assert pool.event_key == 1


class TestSettings:
    """FRESHCOAT_EVENT_SECRET."""

    @pytest.mark.parametrize("name", ["FRESHCOAT_EVENT_SECRET", "FRESHCOAT_EVENT_SECRET_BEFORE"])
    def test_a_short_secret_is_refused_and_not_shown(self, name: str) -> None:
        with pytest.raises(BadSettings, match=name) as refusal:
            Settings.read({"FRESHCOAT_TABLES_CONNECTION": "x", name: "too-short-to-be-one"})
        assert "too-short" not in str(refusal.value)

    def test_secrets_are_not_in_the_text_of_the_settings(self) -> None:
        given = {"FRESHCOAT_TABLES_CONNECTION": "x", "FRESHCOAT_EVENT_SECRET": SECRET}
        settings = Settings.read({**given, "FRESHCOAT_EVENT_SECRET_BEFORE": OLDER})
        assert settings.event_secret == SECRET
        assert not {word for word in (SECRET, OLDER) if word in repr(settings) or word in str(settings)}


def test_the_contract_names_the_signature_for_events_alone() -> None:
    paths = document()["paths"]
    found = {
        path
        for path, methods in paths.items()
        for one in methods.values()
        if {"signature": []} in one.get("security", ())
    }
    assert found == {"/api/events/logoff"}
