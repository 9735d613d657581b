"""Asking for a plan, and for a rollout that must be refused."""

from __future__ import annotations

from typing import Any

from shared.services import ROLLOUTS
from tests.fixtures.app import NOW, WHAT_IF, App, Reply, findings, update

READS = {
    "host_pool", "session_hosts", "user_sessions", "machines", "marked", "disk_version", "version",
    "scaling_plans", "permissions", "locks", "cores", "definition", "check_registration", "missing_rights",
}  # fmt: skip
"""Calls to Azure that change nothing."""


def planned(app: App, **policy: Any) -> Reply:
    """The plan for version 2.0.0, now, under this policy."""
    reply = app.send("POST", WHAT_IF, {"version": "2.0.0", "schedule": NOW, "policy": policy})
    assert reply.status == 200, reply.text
    return reply


def refused(app: App, check: str, field: str, **body: Any) -> Reply:
    """A rollout that is refused for one reason: nothing was written, and nothing in Azure touched."""
    reply = update(app, dict(body))
    assert (reply.status, findings(reply)[check]) == (422, "fail"), reply.text
    assert reply.bad_fields == {field}
    untouched(app)
    return reply


def untouched(app: App) -> None:
    """Nobody has begun anything."""
    assert app.tables.rollouts.all(ROLLOUTS) == []
    assert app.pool().running_rollout == ""
    assert {method for method, _ in app.world.calls} <= READS


def said(reply: Reply, check: str) -> str:
    """All that one check says, what to do included."""
    found = reply.json.get("findings") or reply.json["preflight"]
    return " | ".join(f"{one['detail']}; {one['what_to_do']}" for one in found if one["check"] == check)
