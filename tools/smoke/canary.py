"""One host gets a version: the only thing here that changes something, and only when a host is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from freshcoat_cli.client.http import Client
from freshcoat_cli.errors import CliError, Exit
from freshcoat_cli.watch.words import ENDS, WAITING
from tools.smoke.results import Check, failed, passed, warned
from tools.smoke.target import words

DEADLINE = timedelta(days=1)
"""A user who signs in before the host is drained has so long. The rollout has ended, or is cancelled, long before."""
LONGEST = 7_200.0
"""Seconds to wait for its end: chosen, not measured in Azure."""
REASON = "smoke check of this installation"


@dataclass(frozen=True)
class Canary:
    """The host to update, and the version that it gets."""

    pool: str
    host: str
    version: str


class Stopped(KeyboardInterrupt):
    """Somebody interrupted it. `check`: what has become of the rollout."""

    def __init__(self, check: Check) -> None:
        super().__init__()
        self.check = check


def update_one(
    client: Client,
    canary: Canary,
    say: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
    every: float = 10.0,
) -> Check:
    """Update one empty host, and follow it to its end.

    A rollout that is not followed any more is cancelled: at its deadline it would sign out who came meanwhile. Raises
    Stopped.
    """
    name = f"canary {canary.host}"
    try:
        host = _find(client, canary)
        if problem := _unfit(host, canary):
            return failed(name, problem, "name another host, or another version")
    except CliError as error:
        return failed(name, words(error), "do what the text says, and check again")
    try:
        begun = client.send("POST", f"pools/{canary.pool}/update-image", _request(canary, host["host"])).data
    except CliError as error:
        return _not_begun(name, error, canary)
    try:
        say(f"rollout {begun['id']} begins; this takes some minutes, and Ctrl-C ends it")
        rollout, trouble = _follow(client, begun, say, wait, every)
    except KeyboardInterrupt:
        with suppress(OSError):  # whoever reads may be gone
            say("cancelling the rollout; another Ctrl-C leaves it as it is")
        raise Stopped(_stop(name, client, begun["id"], "it was interrupted")) from None
    except BaseException:
        _stop(name, client, begun["id"], "")
        raise
    if trouble:
        return _stop(name, client, begun["id"], trouble)
    try:
        return _judge(name, rollout, client, canary)
    except CliError as error:
        return failed(name, words(error), f"freshcoat watch {begun['id']} shows how it has ended")


def _not_begun(name: str, error: CliError, canary: Canary) -> Check:
    """Raises Stopped for an interruption."""
    if error.problem is not None:
        return failed(name, words(error), "do what the text says, and check again")
    text = f"nobody knows whether its rollout has begun. {error.title}"
    check = failed(
        name, text, f"look: freshcoat rollouts --open; if it is there: freshcoat cancel {canary.pool} --leave"
    )
    if error.code is Exit.INTERRUPTED:
        raise Stopped(check)
    return check


def _request(canary: Canary, host: str) -> dict[str, Any]:
    """Refused when somebody is on the host by then, as far as the app sees."""
    deadline = (datetime.now(UTC) + DEADLINE).isoformat()
    return {
        "version": canary.version,
        "only": [host],
        "schedule": {"mode": "on_logoff", "deadline": deadline},
        "allow_downgrade": True,
        "sign_outs": 0,
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
) -> tuple[Mapping[str, Any], str]:
    """The rollout when it has ended or waits for a person, and why it is not followed any further, if it has not."""
    rollout, said, left, silent = begun, "", LONGEST, False
    while rollout["state"] not in (*ENDS, *WAITING):
        state = ", ".join(f"{count} {state}" for state, count in rollout["counts"].items() if count)
        if state and state != said:
            say(state.replace("_", " "))
            said = state
        if left <= 0:
            return rollout, f"it has not ended within {LONGEST / 3_600:.0f} hours"
        wait(every)
        left -= every
        try:
            rollout, silent = client.get(f"rollouts/{begun['id']}"), False
        except CliError as error:
            if error.code is not Exit.UNREACHABLE:
                return rollout, words(error)
            if not silent:
                say("the app does not answer; the rollout goes on without it as soon as it does")
            silent = True
    return rollout, ""


def _stop(name: str, client: Client, rollout: str, why: str) -> Check:
    """Cancel it: a host in work is finished, one that waits is given back."""
    try:
        client.send("POST", f"rollouts/{rollout}/cancel", {"how": "leave", "reason": REASON})
    except (CliError, KeyboardInterrupt) as error:
        told = words(error) if isinstance(error, CliError) else "interrupted again"
        if isinstance(error, CliError) and error.code is Exit.NOT_NOW:
            return failed(name, f"{why}, and its rollout was not cancelled: {told}", f"freshcoat watch {rollout}")
        text = f"{why}, and the rollout goes on, because it could not be cancelled: {told}"
        return failed(name, text, f"freshcoat cancel {rollout} --leave; at its deadline, in a day, it signs people out")
    text = f"{why}, so its rollout was cancelled: a host in work is finished, otherwise it is given back as it was"
    return failed(name, text, f"freshcoat watch {rollout} shows its end")


def _judge(name: str, rollout: Mapping[str, Any], client: Client, canary: Canary) -> Check:
    note = (rollout.get("note") or {}).get("text", "")
    if rollout["state"] == "succeeded":
        hosts = client.get(f"rollouts/{rollout['id']}/hosts")["items"]
        if any(host["state"] == "done" for host in hosts):
            return passed(name, f"it was updated to {canary.version}, and the broker reports it as healthy")
        return failed(name, "the rollout ended without updating it", f"freshcoat hosts {canary.pool} says why")
    if rollout["state"] == "awaiting_approval":
        return warned(name, f"it waits for a person. {note}".strip(), f"freshcoat approve {rollout['id']}")
    if rollout["state"] in ENDS:
        advice = f"freshcoat watch {rollout['id']} shows the failed step; the host stays drained until it is repaired"
        return failed(name, f"the rollout has {rollout['state'].replace('_', ' ')}. {note}".strip(), advice)
    advice = (
        f"freshcoat resume {rollout['id']} once the cause is gone; freshcoat cancel {rollout['id']} --leave ends it"
    )
    return failed(name, f"the rollout is {rollout['state']}. {note}".strip(), advice)
