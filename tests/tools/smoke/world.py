"""An app that answers as a test says, and `make smoke` against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.core.names import RELEASE
from tests.cli.app import ME, App, Asked, Says, problem
from tools.smoke.__main__ import main

ENTRA = {"kind": "entra", "tenants": ["t"], "client_id": "c", "scope": "api://c/.default"}
FINDINGS = [
    {"check": "rights", "result": "pass", "detail": "all rights are there", "what_to_do": ""},
    {"check": "downgrade", "result": "warn", "detail": "the pool has version 1.0.0 already", "what_to_do": "nothing"},
]
POOL = {"name": "office", "version": "1.0.0", "registered_at": "2026-01-01T00:00:00Z", "seen_at": None}
IMAGE = {"name": "win11", "problem": "", "current": "1.0.0"}


def pool(name: str, version: str | None = "1.0.0", **fields: Any) -> dict[str, Any]:
    """A pool as the list shows it; the timer has just looked at it."""
    return POOL | {"name": name, "version": version, "seen_at": datetime.now(UTC).isoformat()} | fields


class World:
    """An app with one pool and one image, all of it well. A test changes what it needs."""

    def __init__(self) -> None:
        self.about: dict[str, Any] = {"name": "Freshcoat", "version": RELEASE, "simulated": False, "auth": ENTRA}
        self.about |= {"environment": "test"}
        self.apart = timedelta()
        self.stranger = 401
        self.forged = 401
        self.me: dict[str, Any] = ME | {"may": ["read", "plan"]}
        self.health: dict[str, str] = {"tables": "ok", "azure": "ok"}
        self.images: list[dict[str, Any]] = [IMAGE]
        self.pools: list[dict[str, Any]] = [pool("office")]
        self.instead: Callable[[Asked], Says | None] = lambda _: None
        """What answers instead of it; None: it answers itself."""
        self.plan: Callable[[Mapping[str, Any]], Says] = lambda _: Says(body={"preflight": FINDINGS})

    def answer(self, asked: Asked) -> Says:
        return self.instead(asked) or self._answer(asked)

    def _answer(self, asked: Asked) -> Says:
        path = urlsplit(asked.path).path.removeprefix("/api/")
        known = "x-freshcoat-key" in asked.headers
        if path == "about":
            return Says(body=self.about | {"now": (datetime.now(UTC) + self.apart).isoformat()})
        if not known:
            return Says(self.forged if "x-ms-client-principal" in asked.headers else self.stranger, {})
        if path == "health/live":
            fine = self.health == {"tables": "ok", "azure": "ok"}
            return Says(200 if fine else 503, {"checks": self.health}, {"Retry-After": "10"})
        if path.endswith("/update-image"):
            return self.plan(asked.body)
        if path in {"images", "pools"} and (refusal := _too_much(asked.path)):
            return refusal
        lists = {"images": self.images, "pools": self.pools}
        return Says(body={"items": lists[path]} if path in lists else self.me)


def _too_much(path: str) -> Says | None:
    """Like the app: what is read from Azure comes in pages of 50."""
    query = parse_qs(urlsplit(path).query)
    live = query.get("live", ["true"])[0] == "true"
    return problem(400, "bad-request", "The request is not valid") if live and int(query["limit"][0]) > 50 else None


def run(app: App, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    code = main(["--url", app.url, *more])
    return code, capsys.readouterr().out
