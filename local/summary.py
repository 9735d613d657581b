"""The last screen of the demo: what came of it, as the simulated Azure and the tables have it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from shared.models.views import RolloutHostView, RolloutView
from shared.states import RolloutState


@dataclass(frozen=True)
class Outcome:
    """The end of a demo. `azure` is the simulated Azure's own state: what is, not what was reported."""

    view: RolloutView
    hosts: list[RolloutHostView]
    azure: dict[str, Any]
    seconds: float

    @property
    def versions(self) -> dict[str, list[str]]:
        """Names of the hosts by the version that is on their disks."""
        found: dict[str, list[str]] = defaultdict(list)
        for host in self.azure["hosts"]:
            found[str(host["version"])].append(str(host["host"]))
        return dict(found)

    @property
    def succeeded(self) -> bool:
        """Whether every host is on the target, and nothing was done on the way that must not be."""
        everywhere = set(self.versions) == {self.view.version} and bool(self.azure["hosts"])
        return everywhere and not self.azure["violations"] and self.view.state is RolloutState.SUCCEEDED

    def save(self, directory: Path) -> None:
        """Keep the rollout, its hosts and Azure's state as JSON, to be read after everything has ended."""
        directory.mkdir(parents=True, exist_ok=True)
        contents = {
            "rollout": self.view.model_dump(mode="json"),
            "hosts": [host.model_dump(mode="json") for host in self.hosts],
            "azure": self.azure,
        }
        for name, content in contents.items():
            (directory / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")


def print_summary(console: Console, outcome: Outcome, records: Path, tables: Path, logs: Path) -> None:
    """Say how it ended."""
    view, total = outcome.view, len(outcome.azure["hosts"])
    current = len(outcome.versions.get(view.version, []))
    style = "bold green" if outcome.succeeded else "bold red"
    console.print()
    console.print(Text(f"{current} of {total} hosts are on {view.version}; the rollout has {view.state}.", style=style))
    for version, names in sorted(outcome.versions.items()):
        console.print(f"version {version}:", highlight=False)
        console.print(Columns(sorted(names), padding=(0, 2)))
    for host in outcome.hosts:
        if host.error:
            console.print(f"{host.host}: {host.state}: {host.error}", highlight=False, markup=False)
    for name, text in _facts(outcome, records, tables, logs).items():
        console.print(f"{name + ':':<24}{text}", highlight=False, markup=False, soft_wrap=True)


def _facts(outcome: Outcome, records: Path, tables: Path, logs: Path) -> dict[str, str]:
    violations = outcome.azure["violations"]
    told = "".join(f"\n  {v}" for v in violations)
    return {
        "sign-outs forced": str(outcome.azure["counters"]["signed_out_forced"]),
        "people turned away": str(outcome.azure["turned_away"]),
        "violations": f"{len(violations)}{told}",
        "duration": f"{outcome.seconds:.0f} s",
        "records": f"{records} (rollout.json, hosts.json, azure.json)",
        "tables": f"{tables} (Rollouts, RolloutHosts, Audit; Azurite's files)",
        "logs": str(logs),
    } | ({"note": outcome.view.note} if outcome.view.note else {})
