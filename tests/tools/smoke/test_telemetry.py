"""Telemetry is looked for under the trace id that was sent, for ten minutes at most."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
from azure.identity import AzureCliCredential, CredentialUnavailableError

from freshcoat_cli.client.http import Client
from freshcoat_cli.client.signing_in import Nothing
from tests.cli.app import App, Asked, Says, serving
from tools.smoke import telemetry
from tools.smoke.app_checks import TOKENS_FAIL
from tools.smoke.results import Check
from tools.smoke.target import Target
from tools.smoke.telemetry import ARRIVES_WITHIN, BETWEEN, CLOCKS_APART, arrives

WORKSPACE = "11111111-1111-4111-8111-111111111111"


class Workspace:
    """Log Analytics and the app in one: it knows the trace of each request after some questions."""

    def __init__(self) -> None:
        self.late, self.others, self.status = 0, 0, 200
        self.traces: list[str] = []
        self.asked, self.waited = 0, 0.0

    def answer(self, asked: Asked) -> Says:
        if asked.method == "GET":
            self.traces.append(asked.headers["traceparent"].split("-")[1])
            return Says(body={})
        self.asked += 1
        wanted = re.search("'([0-9a-f]{32})'", asked.body["query"])
        ours = int(wanted is not None and wanted[1] in self.traces and self.asked > self.late)
        columns = [{"name": "Seen"}, {"name": "Ours"}]
        rows = [[self.others + ours, ours]]
        return Says(self.status, {"tables": [{"columns": columns, "rows": rows}]})

    def wait(self, seconds: float) -> None:
        self.waited += seconds


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.fixture
def app(workspace: Workspace) -> Iterator[App]:
    with serving(workspace.answer) as app:
        yield app


def look(app: App, workspace: Workspace, meanwhile: Callable[[], None] = lambda: None) -> Check:
    def wait(seconds: float) -> None:
        workspace.wait(seconds)
        meanwhile()

    with httpx.Client(base_url=app.url) as strangers:
        target = Target(app.url, {}, strangers, Client(app.url, Nothing()), Nothing())
        return arrives(target, WORKSPACE, app.url, wait, lambda: workspace.waited)


def test_it_is_found_when_it_arrives(app: App, workspace: Workspace) -> None:
    workspace.late = 3
    assert look(app, workspace).grade == "pass"
    assert workspace.waited == 3 * BETWEEN
    assert app.of("POST")[0].path == f"/v1/workspaces/{WORKSPACE}/query"


def test_a_request_that_the_app_dates_a_little_earlier_is_found(app: App, workspace: Workspace) -> None:
    assert look(app, workspace).grade == "pass"
    (since,) = re.findall(r"datetime\(([^)]+)\)", app.of("POST")[0].body["query"])
    assert datetime.now(UTC) - datetime.fromisoformat(since) >= CLOCKS_APART > TOKENS_FAIL


def test_it_is_not_looked_for_for_ever(app: App, workspace: Workspace) -> None:
    workspace.late = 10_000
    assert (look(app, workspace).grade, workspace.waited) == ("fail", ARRIVES_WITHIN)


def test_requests_under_other_ids_are_a_warning(app: App, workspace: Workspace) -> None:
    workspace.late, workspace.others = 10_000, 4
    assert look(app, workspace).grade == "warn"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_workspace_that_refuses_is_named_at_once(app: App, workspace: Workspace, status: int) -> None:
    workspace.status = status
    found = look(app, workspace)
    assert (found.grade, str(status) in found.detail, "Log Analytics Reader" in found.what_to_do) == (
        "fail",
        True,
        True,
    )
    assert workspace.waited == 0


def test_a_workspace_that_is_away_for_a_moment_is_asked_again(app: App, workspace: Workspace) -> None:
    workspace.status = 503
    found = look(app, workspace, lambda: setattr(workspace, "status", 200))
    assert (found.grade, workspace.waited) == ("pass", BETWEEN)


def test_a_workspace_that_never_answers_is_named_at_the_end(app: App, workspace: Workspace) -> None:
    workspace.status = 500
    found = look(app, workspace)
    assert (found.grade, "500" in found.detail, workspace.waited) == ("fail", True, ARRIVES_WITHIN)


def test_nobody_signed_in_with_the_azure_cli_is_said_at_once(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise CredentialUnavailableError("Azure CLI not found on path")

    monkeypatch.setattr(AzureCliCredential, "get_token", unavailable)
    monkeypatch.setattr(telemetry, "is_this_machine", lambda _: False)
    found = look(app, workspace)
    assert (found.grade, found.what_to_do, workspace.waited) == ("fail", "sign in with: az login", 0)
