"""The console on the app in memory: no stack is started, and a pool has as many hosts as a test wants."""

from __future__ import annotations

from dataclasses import fields
from urllib.parse import urlsplit

import azure.functions as func
from playwright.sync_api import Page, Route

from shared.caches.console_files import ConsoleFiles
from shared.core.states import HostState, RolloutState
from shared.models.rollouts import RolloutHost
from tests.fixtures.app import App, AppWithCaches, office, update
from triggers.console import BUILT, serve

ORIGIN = "http://localhost:9"
DEADLINE = {"mode": "on_logoff", "deadline": "2026-11-09T01:00"}


class InMemory:
    """Answers everything that a page of ORIGIN asks: files of the build, and the API by the app's own code."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._files = ConsoleFiles(BUILT)

    def prepare(self, page: Page) -> None:
        """For `Visit.open(prepare=…)`."""
        page.route(f"{ORIGIN}/**", self._answer)

    def _answer(self, route: Route) -> None:
        asked = route.request
        where = urlsplit(asked.url)
        if where.path.startswith("/api/"):
            path = f"{where.path}?{where.query}" if where.query else where.path
            reply = self.app.send(asked.method, path, raw=asked.post_data_buffer or b"", headers=asked.headers)
            route.fulfill(status=reply.status, headers=reply.headers, body=reply.text)
            return
        file = func.HttpRequest(
            method="GET",
            url=asked.url,
            headers={},
            params={},
            route_params={"path": where.path.removeprefix("/console/")},
            body=b"",
        )
        answer = serve(file, self._files)
        headers = {"Content-Type": answer.mimetype or "", **answer.headers}
        route.fulfill(status=answer.status_code, headers=headers, body=answer.get_body())


def big_rollout(hosts: int) -> tuple[App, str]:
    """An app with a running rollout of so many hosts, a quarter of them done; and the rollout's id."""
    made = office()
    app = AppWithCaches(**{each.name: getattr(made, each.name) for each in fields(made)})
    rollout = str(update(app, {"schedule": DEADLINE}).json["id"])
    app.tables.rollouts.replace(app.rollout(rollout).replace(state=RolloutState.RUNNING, started_at=app.now))
    app.tables.hosts.write_many([_host(rollout, number) for number in range(1, hosts + 1)])
    return app, rollout


def _host(rollout: str, number: int) -> RolloutHost:
    states = (HostState.DONE, HostState.WAITING_FOR_LOGOFF, HostState.REIMAGING, HostState.PENDING)
    state = states[number % len(states)]
    return RolloutHost(
        rollout=rollout,
        host=f"office-{number:05d}.contoso.local",
        vm_id=f"/vms/{number}",
        version="2.0.0" if state is HostState.DONE else "1.0.0",
        state=state,
        sessions=number % 3 if state is HostState.WAITING_FOR_LOGOFF else 0,
    )
