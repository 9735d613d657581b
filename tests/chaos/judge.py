"""Judges a run by the simulated Azure's own record and by what the app has answered."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.chaos.operators import Operators
from tests.chaos.stack import Answer, ChaosStack
from tests.end_to_end.conftest import ENDED

SECONDS_OF_AN_ANSWER = 20.0
"""The most that any request may take, also while the tables are slow and the machine is busy."""
HOST_ENDS = {"done", "skipped", "failed"}
STOPPED = ("the rollout is being rolled back", "when the rollout was stopped")
"""Errors of canary hosts that nobody may use because an operator has stopped the rollout before they were checked."""
OUR_TAGS = {"ScalingPlanExclusion", "FreshcoatRollout", "FreshcoatFailed"}


def judge(stack: ChaosStack, operators: Operators) -> list[str]:
    """What was broken; empty when all is well."""
    found = [*_answers(stack)]
    rollouts = operators.rollouts(0)
    assert rollouts is not None
    azure = stack.azure(operators.pool)
    rows = {rollout["id"]: _rows(stack, rollout["id"]) for rollout in rollouts}
    found += [f"Azure's record: {violation}" for violation in stack.violations(operators.pool)]
    found += _one_at_a_time(stack, rollouts, operators)
    for rollout in rollouts:
        found += _ends(rollout, rows[rollout["id"]])
    found += _repeated(stack, azure, rows)
    found += _given_back(azure, rollouts, rows)
    return found


def _answers(stack: ChaosStack) -> list[str]:
    return [why for answer in stack.answers if (why := _wrong_with(stack, answer))]


def _wrong_with(stack: ChaosStack, answer: Answer) -> str:
    if answer.status >= 500 and not (answer.status == 503 and answer.retry_after):
        return f"{answer}"
    if stack.hosts[answer.host].was_down(answer.began, answer.began + answer.seconds):
        return ""
    if answer.status == 0:
        return f"no answer although the host was up: {answer}"
    return f"too late: {answer}" if answer.seconds > SECONDS_OF_AN_ANSWER else ""


def _rows(stack: ChaosStack, rollout: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = stack.get(f"/rollouts/{rollout}/hosts?limit=500")["items"]
    return rows


def _one_at_a_time(stack: ChaosStack, rollouts: list[dict[str, Any]], operators: Operators) -> list[str]:
    """Nobody has seen two open rollouts of the pool, each has ended before the next one began, and none is lost."""
    known = {rollout["id"] for rollout in rollouts}
    found = [f"rollout {rollout} was accepted and is not there" for rollout in operators.accepted - known]
    for answer in stack.answers:
        if answer.request == operators.listing and answer.status == 200:
            seen = [one["id"] for one in json.loads(answer.text)["items"] if one["state"] not in ENDED]
            found += [f"{answer.began:.2f}: {seen} were all open"] if len(seen) > 1 else []
    begun = sorted((rollout for rollout in rollouts if rollout["started_at"]), key=lambda one: str(one["started_at"]))
    for earlier, later in pairwise(begun):
        if earlier["ended_at"] is None or _moment(earlier["ended_at"]) > _moment(later["started_at"]):
            found.append(f"{_brief(later)} began before the end of {_brief(earlier)}")
    return found


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _brief(rollout: dict[str, Any]) -> str:
    names = ("kind", "state", "created_at", "started_at", "ended_at", "note")
    return f"{rollout['id']} ({', '.join(f'{name} {rollout[name]}' for name in names)})"


def _ends(rollout: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    """The rollout has ended, and each host of it in exactly one state; nothing but chaos happened, so none failed."""
    which = _brief(rollout)
    found = [] if rollout["state"] in ENDED else [f"{which} goes on"]
    names = [row["host"] for row in rows]
    found += [f"{name} is twice in {which}" for name in set(names) if names.count(name) > 1]
    found += [f"{row['host']} is {row['state']} in {which}" for row in rows if row["state"] not in HOST_ENDS]
    failed = [row for row in rows if row["state"] == "failed" and not any(text in row["error"] for text in STOPPED)]
    return found + [f"{row['host']} failed in {which}: {row['error']}" for row in failed]


def _repeated(stack: ChaosStack, azure: dict[str, Any], rows: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A host is rebuilt to the version it has only by a second attempt."""
    second = {_short(row["host"]) for of_rollout in rows.values() for row in of_rollout if row["attempt"] > 1}
    return [
        f"rebuilt again: {rebuild}"
        for rebuild in stack.sim("GET", "/state")["rebuilds"]
        if rebuild["host"] in azure and rebuild["from"] == rebuild["to"] and rebuild["host"] not in second
    ]


def _short(host: str) -> str:
    return host.partition(".")[0]


def _given_back(
    azure: dict[str, Any], rollouts: list[dict[str, Any]], rows: dict[str, list[dict[str, Any]]]
) -> list[str]:
    """Every host accepts sessions again without a mark of ours, unless it has failed, and the newest rollout names its
    true version."""
    found = []
    newest = rows[rollouts[0]["id"]] if rollouts else []
    failed = {_short(row["host"]) for of_rollout in rows.values() for row in of_rollout if row["state"] == "failed"}
    for name, host in azure.items():
        tags = OUR_TAGS & set(host["tags"])
        if name not in failed and (tags or not host["accepting"] or host["status"] != "Available"):
            found.append(f"{name} is left {host['status']}, accepting {host['accepting']}, with {tags or 'no tags'}")
    for row in newest:
        true = azure[_short(row["host"])]["version"]
        if row["version"] != true:
            found.append(f"{row['host']} is on {true} and is said to be on {row['version']}: {row['reason']}")
    return found
