"""Every write is in the record before it happens, with who, from where and what; and with how it ended."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest

from shared.core.errors import AzureBusy, Conflict
from shared.models.access.roles import Need
from shared.models.accounts import Account
from shared.models.audit import AuditEntry, EntryKind
from tests.api.access.world import two_customers
from tests.fixtures.app import NOW, App, office, update
from tests.fixtures.audit import BESIDES
from triggers.http.contract import ENDPOINTS, Answer, Call, Endpoint
from triggers.http.respond import respond

WRITES = [one for one in ENDPOINTS if one.method != "GET" and one.needs is not Need.HINT]
FROM = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7:50123", "User-Agent": "freshcoat-cli/1"}
BUSY = AzureBusy("table Audit", 503, "ServerBusy", "later")


def entries(app: App) -> list[AuditEntry]:
    return list(reversed(app.tables.audit.every()))


def ask(app: App, endpoint: Endpoint, names: dict[str, str], work: Any) -> func.HttpResponse:
    """Send a request whose handler is replaced by `work`."""
    bare = replace(endpoint, handler=work, takes=None, takes_any=False, patches=None, query=None, conditional=False)
    parts = re.findall(r"{(\w+)}", endpoint.path)
    request = func.HttpRequest(
        method=endpoint.method,
        url=f"http://test/api/{endpoint.path}",
        headers=FROM,
        route_params={name: names[name] for name in parts},
        body=b"",
    )
    return respond(bare, request, lambda: app.services, app.engine)


def add_account(call: Call, **_: object) -> Answer[None]:
    rows = len(call.services.accounts.every())
    before = len(call.services.audit.every())
    call.services.accounts.add(Account(name="new"))
    assert (len(call.services.accounts.every()), len(call.services.audit.every())) == (rows + 1, before + 1)
    return Answer(None)


@pytest.mark.parametrize("endpoint", WRITES, ids=lambda one: f"{one.method} {one.path}")
class TestEveryRoute:
    """Each route that is no GET, whatever its handler does."""

    def test_a_write_has_its_intent_before_and_its_outcome_after(self, endpoint: Endpoint) -> None:
        app, names = two_customers()
        before = len(app.tables.audit.every())
        answer = ask(app, endpoint, names, add_account)
        assert answer.status_code == endpoint.status
        intent, outcome = entries(app)[before:]
        assert (intent.kind, outcome.kind, outcome.status) == (EntryKind.INTENT, EntryKind.OUTCOME, endpoint.status)
        assert intent.action == outcome.action == f"{endpoint.method} {endpoint.path}"
        assert intent.correlation == outcome.correlation == answer.headers["x-ms-correlation-request-id"]
        assert (intent.who, intent.caller) == ("developer", "development:developer")
        assert (intent.address, intent.client) == ("203.0.113.7", "freshcoat-cli/1")

    def test_a_write_whose_intent_cannot_be_recorded_does_not_happen(self, endpoint: Endpoint) -> None:
        app, names = two_customers()
        app.tables.audit.failures["add"] = [BUSY] * 9
        answer = ask(app, endpoint, names, add_account)
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
        assert app.tables.accounts.find("account", "new") is None

    def test_what_changes_nothing_leaves_no_entries(self, endpoint: Endpoint) -> None:
        def refuse(call: Call, **_: object) -> Answer[None]:
            raise Conflict("Not now.")

        app, names = two_customers()
        before = len(app.tables.audit.every())
        assert ask(app, endpoint, names, refuse).status_code == 409
        assert len(app.tables.audit.every()) == before
        (count,) = app.tables.refusals.every()
        assert (count.route, count.status, count.count) == (f"{endpoint.method} {endpoint.path}", 409, 1)


def test_every_table_of_a_handler_asks_for_the_intent() -> None:
    app, names = two_customers()
    tried = []

    def write(call: Call, **_: object) -> Answer[None]:
        for name, rows in vars(app.tables).items():
            guarded = getattr(call.services, name)
            for row in rows.every() if name not in BESIDES else ():
                tried.append(name)
                with pytest.raises(AzureBusy):
                    guarded.replace(row)
                with pytest.raises(AzureBusy):
                    guarded.remove(row)
                with pytest.raises(AzureBusy):
                    guarded.write_many([row])
        return Answer(None)

    app.tables.audit.failures["add"] = [BUSY] * 99
    assert ask(app, WRITES[0], names, write).status_code < 300
    assert {"pools", "images", "rollouts", "tasks", "grants", "accounts", "versions"} <= set(tried)


def test_an_update_says_what_was_asked_and_what_changed() -> None:
    app = office()
    rollout = update(app, {"reason": "patch day"}, **FROM, **{"x-dev-name": "ann"}).json["id"]
    intent, change, outcome = entries(app)
    assert [one.kind for one in (intent, change, outcome)] == ["intent", "change", "outcome"]
    assert len({one.correlation for one in (intent, change, outcome)}) == 1
    assert json.loads(intent.asked)["reason"] == "patch day"
    assert {one.who for one in (intent, change, outcome)} == {"ann"}
    assert {one.caller for one in (intent, change, outcome)} == {"development:ann"}
    assert {one.accounts for one in (intent, change, outcome)} == {("default",)}
    assert {one.pool for one in (intent, change, outcome)} == {"office"}
    assert (outcome.rollout, outcome.status) == (rollout, 202)
    assert (json.loads(outcome.before)["running_rollout"], json.loads(outcome.after)["running_rollout"]) == (
        "",
        rollout,
    )


def test_a_changed_account_has_its_fields_before_and_after() -> None:
    app = office()
    app.send("PUT", "/api/accounts/contoso", {"title": "Contoso"})
    app.send("PATCH", "/api/accounts/contoso", {"title": "Contoso AG"})
    outcome = entries(app)[-1]
    assert (json.loads(outcome.before), json.loads(outcome.after)) == ({"title": "Contoso"}, {"title": "Contoso AG"})
    assert json.loads(entries(app)[-3].asked) == {"title": "Contoso AG"}


def test_a_question_what_would_happen_is_no_write() -> None:
    app, asked = office(), {"version": "2.0.0", "schedule": NOW}
    assert app.send("POST", "/api/pools/office/update-image?what_if=true", asked).status == 200
    assert entries(app) == []


def test_an_unexpected_end_is_an_outcome_too() -> None:
    def fail(call: Call, **_: object) -> Answer[None]:
        call.services.accounts.add(Account(name="new"))
        raise RuntimeError("bug")

    app, names = two_customers()
    assert ask(app, WRITES[0], names, fail).status_code == 500
    assert entries(app)[-1].status == 500


def test_a_repeated_key_is_one_write() -> None:
    app = office()
    for _ in range(3):
        update(app, None, **{"Idempotency-Key": "k-1"})
    assert [one.kind for one in entries(app)] == ["intent", "change", "outcome"]
