"""The result of the demo: what each scene returned, the final state, and the checks on both."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from local.stack.app_client import NEW, OLD
from shared.api.images import ImageView, VersionView
from shared.api.rollout_pages.hosts import RolloutHostView
from shared.api.rollouts import RolloutView
from shared.api.tasks import TaskBrief, TaskView
from shared.core.states import RolloutState, TaskState
from shared.models.base import UtcTime, Value
from shared.models.messages import text_of


class Captured(Value):
    """Result of the scene that captures a version. `power_before` and `power_after` belong to the template VM."""

    task: TaskView
    image: ImageView
    power_before: str
    power_after: str


class BurstHost(Value):
    """A host that the autoscaler added. `version` is the version of its disk in the simulated Azure."""

    host: str
    asked_at: UtcTime
    moment: str
    """When in the demo the host was requested, in words."""
    version: str | None
    reason: str
    """The app's reason for the version."""
    result: str


class Trial(Value):
    """Result of the scene that updates the test pool to the staged version and records a verdict."""

    rollout: RolloutView
    hosts: list[RolloutHostView]
    version: VersionView


class Activated(Value):
    """Result of the scene that activates the version. `rollout` is the id of the rollout that this started."""

    deadline: UtcTime
    task: TaskView
    image: ImageView
    rollout: str


class Updated(Value):
    """Result of the scene that updates the production pool. `task` is the activation, which ends with the rollout."""

    rollout: RolloutView
    hosts: list[RolloutHostView]
    task: TaskView


class Outcome(Value):
    """Result of the whole demo. `azure` and `latest` come from the simulated Azure, not from the app's reports."""

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
    """Versions in the gallery that are not excluded from "latest"."""
    expected: dict[str, int]
    """How many hosts each host pool must have at the end."""
    seconds: dict[str, float]
    """Duration of each scene, by its title."""

    def hosts(self, host_pool: str) -> dict[str, list[str]]:
        """The host names of a host pool, grouped by the version on their disks."""
        found: dict[str, list[str]] = defaultdict(list)
        for host in self.azure["hosts"]:
            if host["pool"] == host_pool:
                found[str(host["version"])].append(str(host["host"]))
        return dict(found)

    def save(self, directory: Path) -> None:
        """Write the result of each scene and the final state of the simulated Azure as JSON files."""
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


def problems(outcome: Outcome) -> list[str]:
    """All differences from the expected result; empty when the demo succeeded."""
    return [
        *_host_problems(outcome),
        *_burst_host_problems(outcome),
        *_image_problems(outcome),
        *_unsuccessful_work(outcome),
    ]


def _host_problems(outcome: Outcome) -> list[str]:
    found_problems = []
    for host_pool, expected in outcome.expected.items():
        found = outcome.hosts(host_pool)
        there = sum(len(names) for names in found.values())
        if there != expected:
            found_problems.append(f"{host_pool} has {there} hosts, not {expected}")
        behind = {version: names for version, names in found.items() if version != NEW}
        found_problems += [
            f"{host} is on {version}, not on {NEW}" for version, names in behind.items() for host in names
        ]
    if outcome.azure["violations"]:
        found_problems.append("the simulated Azure recorded violations: see the list below")
    found_problems += [f"{left['id']} was not deleted" for left in outcome.azure["temporary"]]
    return found_problems


def _burst_host_problems(outcome: Outcome) -> list[str]:
    wanted = ((outcome.before, OLD), (outcome.after, NEW))
    return [
        f"{burst.host}, requested {burst.moment}, was created from {burst.version}, not from {version} ({burst.result})"
        for burst, version in wanted
        if (burst.version, burst.result) != (version, "available")
    ]


def _image_problems(outcome: Outcome) -> list[str]:
    captured, verdict = outcome.captured, outcome.trial.version.verdict
    facts = {
        f"{NEW} was not staged beside an active {OLD}": (captured.image.current, captured.image.staged) == (OLD, NEW),
        "the power state of the template VM was not restored": captured.power_before == captured.power_after,
        f"{NEW} has not passed its test": verdict is not None and verdict.result == "passed",
        f"the active version is {outcome.image.current}, not {NEW}": outcome.image.current == NEW,
        f"the backup is not {OLD}": outcome.image.backups == [OLD],
        f'"latest" in the gallery is not {NEW}': outcome.latest == [NEW],
    }
    return [problem for problem, holds in facts.items() if not holds]


def _unsuccessful_work(outcome: Outcome) -> list[str]:
    rollouts = [outcome.trial.rollout, outcome.updated.rollout]
    tasks = [outcome.captured.task, outcome.updated.task]
    return [
        *(f"the rollout of pool {each.pool} is {each.state}: {text_of(each.note)}" for each in rollouts
          if each.state is not RolloutState.SUCCEEDED),
        *(f"the task {each.kind} is {each.state}: {text_of(each.note)}" for each in tasks
          if each.state is not TaskState.SUCCEEDED),
    ]  # fmt: skip
