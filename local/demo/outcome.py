"""What came of the story: what each chapter found, what is there at the end, and whether that is right."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from local.stack.app_client import NEW, OLD
from shared.api.images import ImageView, VersionView
from shared.api.rollouts import RolloutHostView, RolloutView
from shared.api.tasks import TaskBrief, TaskView
from shared.core.states import RolloutState, TaskState
from shared.models.base import UtcTime, Value


class Captured(Value):
    """The chapter in which a version was made. `power`: that of the template VM before and afterwards."""

    task: TaskView
    image: ImageView
    power_before: str
    power_after: str


class BurstHost(Value):
    """A host the autoscaler added. `version`: what its disk was made from, as the simulated Azure has it."""

    host: str
    asked_at: UtcTime
    moment: str
    """Where in the story that was."""
    version: str | None
    reason: str
    """The app's reason for the version."""
    result: str


class Trial(Value):
    """The chapter in which the test pool got the staged version, and the version its verdict."""

    rollout: RolloutView
    hosts: list[RolloutHostView]
    version: VersionView


class Activated(Value):
    """The chapter in which the version became the active one. `rollout`: the one it has begun."""

    deadline: UtcTime
    task: TaskView
    image: ImageView
    rollout: str


class Updated(Value):
    """The chapter in which the production pool was updated. `task`: the activation, which ends with it."""

    rollout: RolloutView
    hosts: list[RolloutHostView]
    task: TaskView


class Outcome(Value):
    """The whole story. `azure` and `latest` are the simulated Azure's own: what is, not what was reported."""

    captured: Captured
    before: BurstHost
    trial: Trial
    activated: Activated
    updated: Updated
    after: BurstHost
    image: ImageView
    versions: list[VersionView]
    tasks: list[TaskBrief]
    azure: dict[str, Any]
    latest: list[str]
    """Versions that "latest" of the gallery includes."""
    expected: dict[str, int]
    """Hosts that each host pool must have at the end."""
    seconds: dict[str, float]
    """How long each part took."""

    def hosts(self, host_pool: str) -> dict[str, list[str]]:
        """Names of a host pool's hosts by the version that is on their disks."""
        found: dict[str, list[str]] = defaultdict(list)
        for host in self.azure["hosts"]:
            if host["pool"] == host_pool:
                found[str(host["version"])].append(str(host["host"]))
        return dict(found)

    def save(self, directory: Path) -> None:
        """Keep what each chapter found, and Azure's state, as JSON, to be read after everything has ended."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, part in self._records().items():
            content = part.model_dump(mode="json") if isinstance(part, Value) else part
            (directory / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")

    def _records(self) -> dict[str, Any]:
        return {
            "1-set-as-image": self.captured,
            "2-burst-host": self.before,
            "3-test": self.trial,
            "4-activate": self.activated,
            "5-update": self.updated,
            "6-burst-host": self.after,
            "tasks": [task.model_dump(mode="json") for task in self.tasks],
            "image": {
                **self.image.model_dump(mode="json"),
                "versions": [version.model_dump(mode="json") for version in self.versions],
                "latest": self.latest,
            },
            "azure": self.azure,
        }


def wrong(outcome: Outcome) -> list[str]:
    """Everything that is not as it must be; nothing when the story went well."""
    return [*_wrong_hosts(outcome), *_wrong_burst_hosts(outcome), *_wrong_image(outcome), *_wrong_ends(outcome)]


def _wrong_hosts(outcome: Outcome) -> list[str]:
    told = []
    for host_pool, expected in outcome.expected.items():
        found = outcome.hosts(host_pool)
        there = sum(len(names) for names in found.values())
        if there != expected:
            told.append(f"{host_pool} has {there} hosts, not {expected}")
        behind = {version: names for version, names in found.items() if version != NEW}
        told += [f"{host} is on {version}, not on {NEW}" for version, names in behind.items() for host in names]
    if outcome.azure["violations"]:
        told.append("something was done that must not be: see the violations")
    told += [f"{left['id']} is left over" for left in outcome.azure["temporary"]]
    return told


def _wrong_burst_hosts(outcome: Outcome) -> list[str]:
    wanted = ((outcome.before, OLD), (outcome.after, NEW))
    return [
        f"{burst.host}, asked for {burst.moment}, was made from {burst.version}, not from {version} ({burst.result})"
        for burst, version in wanted
        if (burst.version, burst.result) != (version, "available")
    ]


def _wrong_image(outcome: Outcome) -> list[str]:
    captured, verdict = outcome.captured, outcome.trial.version.verdict
    facts = {
        f"{NEW} was not staged beside an active {OLD}": (captured.image.current, captured.image.staged) == (OLD, NEW),
        "the template VM is not as it was": captured.power_before == captured.power_after,
        f"{NEW} has not passed its test": verdict is not None and verdict.result == "passed",
        f"the active version is {outcome.image.current}, not {NEW}": outcome.image.current == NEW,
        f"the back-up is not {OLD}": outcome.image.backups == [OLD],
        f"latest of the gallery is not {NEW}": outcome.latest == [NEW],
    }
    return [told for told, holds in facts.items() if not holds]


def _wrong_ends(outcome: Outcome) -> list[str]:
    rollouts = [outcome.trial.rollout, outcome.updated.rollout]
    tasks = [outcome.captured.task, outcome.updated.task]
    return [
        *(f"the rollout of pool {each.pool} is {each.state}: {each.note}" for each in rollouts
          if each.state is not RolloutState.SUCCEEDED),
        *(f"the task {each.kind} is {each.state}: {each.note}" for each in tasks
          if each.state is not TaskState.SUCCEEDED),
    ]  # fmt: skip
