"""One host gets a version: the only thing here that changes something, and only when a host is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from freshcoat_cli.client.http import Client
from freshcoat_cli.errors import CliError
from tools.smoke.results import Check, failed, passed, warned
from tools.smoke.target import words

DEADLINE = timedelta(days=1)
"""Nobody is signed out by it: the host is empty, and a user who comes has a day."""
LONGEST = 7_200.0
"""Seconds to wait for its end: two attempts of a re-image with a join take less."""
ENDED = {"succeeded", "failed", "cancelled", "rolled_back"}
REASON = "smoke check of this installation"


@dataclass(frozen=True)
class Canary:
    """The host to update, and the version that it gets."""

    pool: str
    host: str
    version: str


def update_one(
    client: Client,
    canary: Canary,
    say: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
    every: float = 10.0,
) -> Check:
    """Update one empty host, and follow it to its end."""
    name = f"canary {canary.host}"
    try:
        host = _find(client, canary)
        if problem := _unfit(host, canary):
            return failed(name, problem, "name another host, or another version")
        begun = client.send("POST", f"pools/{canary.pool}/update-image", _request(canary, host["host"])).data
        say(f"      rollout {begun['id']} begins; this takes some minutes")
        rollout = _follow(client, begun, say, wait, every)
        return _judge(name, rollout, client, canary)
    except CliError as error:
        return failed(name, words(error), "do what the text says, and check again")


def _request(canary: Canary, host: str) -> dict[str, Any]:
    deadline = (datetime.now(UTC) + DEADLINE).isoformat()
    return {
        "version": canary.version,
        "only": [host],
        "schedule": {"mode": "on_logoff", "deadline": deadline},
        "allow_downgrade": True,
        "reason": REASON,
    }


def _find(client: Client, canary: Canary) -> Mapping[str, Any]:
    """The host, by its whole name or by what stands before the first dot; empty when there is none, or several."""
    wanted = canary.host.lower()
    found = client.pages(f"pools/{canary.pool}/hosts", search=canary.host)
    fitting = [one for one in found if wanted in {one["host"].lower(), one["host"].lower().partition(".")[0]}]
    return fitting[0] if len(fitting) == 1 else {}


def _unfit(host: Mapping[str, Any], canary: Canary) -> str:
    """Why this host must be left alone; empty when it may be taken."""
    if not host:
        return f"pool {canary.pool} has no host of this name"
    if host["sessions"]:
        return f"users are on it (sessions: {host['sessions']}), so it was left alone"
    if host["version"] == canary.version:
        return f"it is on version {canary.version} already, so nothing would be shown"
    return ""


def _follow(
    client: Client, begun: Mapping[str, Any], say: Callable[[str], None], wait: Callable[[float], None], every: float
) -> Mapping[str, Any]:
    """The rollout when it has ended, waits for a person, or the time is over."""
    rollout, said, left = begun, "", LONGEST
    while rollout["state"] not in ENDED | {"paused", "awaiting_approval"} and left > 0:
        state = ", ".join(f"{count} {state}" for state, count in rollout["counts"].items() if count)
        if state and state != said:
            say(f"      {state.replace('_', ' ')}")
            said = state
        wait(every)
        left -= every
        rollout = client.get(f"rollouts/{begun['id']}")
    return rollout


def _judge(name: str, rollout: Mapping[str, Any], client: Client, canary: Canary) -> Check:
    note = (rollout.get("note") or {}).get("text", "")
    if rollout["state"] == "succeeded":
        hosts = client.get(f"rollouts/{rollout['id']}/hosts")["items"]
        if any(host["state"] == "done" for host in hosts):
            return passed(name, f"it was updated to {canary.version}, and the broker reports it as healthy")
        return failed(name, "the rollout ended without updating it", f"freshcoat hosts {canary.pool} says why")
    if rollout["state"] == "awaiting_approval":
        return warned(name, f"it waits for a person. {note}".strip(), f"freshcoat approve {rollout['id']}")
    if rollout["state"] in ENDED:
        advice = f"freshcoat watch {rollout['id']} shows the failed step; the host stays drained until it is repaired"
        return failed(name, f"the rollout has {rollout['state'].replace('_', ' ')}. {note}".strip(), advice)
    advice = f"freshcoat watch {rollout['id']}; freshcoat cancel {rollout['id']} ends it"
    return failed(name, f"the rollout is still {rollout['state']}. {note}".strip(), advice)
