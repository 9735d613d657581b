"""The last screen of the demo: its result according to the simulated Azure and the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from local.demo.outcome import BurstHost, Outcome, problems
from local.stack.app_client import NEW


@dataclass(frozen=True)
class Places:
    """The folders with the files that a demo leaves behind."""

    records: Path
    tables: Path
    logs: Path


def print_summary(console: Console, outcome: Outcome, places: Places) -> None:
    """Print the result, the hosts per version, and the details."""
    found = problems(outcome)
    console.print()
    for line in _result(outcome, found):
        console.print(Text(line, style="bold red" if found else "bold green"), soft_wrap=True)
    for host_pool in outcome.expected:
        for version, names in sorted(outcome.hosts(host_pool).items()):
            console.print(f"\n{host_pool}, version {version}:", highlight=False, markup=False)
            console.print(Columns(map(Text, sorted(names)), padding=(0, 2)))
    for line in _details(outcome, places):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _result(outcome: Outcome, found: list[str]) -> Iterator[str]:
    for host_pool in outcome.expected:
        versions = outcome.hosts(host_pool)
        total = sum(len(names) for names in versions.values())
        yield f"{len(versions.get(NEW, []))} of {total} hosts of {host_pool} are on {NEW}."
    yield "All checks passed." if not found else f"Failed checks: {len(found)}"
    yield from (f"  {each}" for each in found)


def _details(outcome: Outcome, places: Places) -> Iterator[str]:
    yield "\nBurst hosts:"
    yield from (f"  {_burst(burst)}" for burst in (outcome.before, outcome.after))
    with_errors = [host for host in (*outcome.trial.hosts, *outcome.updated.hosts) if host.error]
    yield from (f"{host.host}: {host.state}: {host.error}" for host in with_errors)
    yield "\nSeconds:"
    yield from (f"  {title:<36}{seconds:4.0f}" for title, seconds in outcome.seconds.items())
    yield f"  {'total':<36}{sum(outcome.seconds.values()):4.0f}\n"
    for name, text in _facts(outcome, places).items():
        yield f"{name + ':':<24}{text}"


def _burst(burst: BurstHost) -> str:
    at = f"{burst.asked_at.astimezone():%H:%M:%S %Z}"
    return f"{burst.host}  requested at {at}, {burst.moment}: created from {burst.version} ({burst.reason})"


def _facts(outcome: Outcome, places: Places) -> dict[str, str]:
    violations, temporary = outcome.azure["violations"], outcome.azure["temporary"]
    return {
        "forced sign-outs": str(outcome.azure["counters"]["signed_out_forced"]),
        "logons refused": str(outcome.azure["turned_away"]),
        "violations": _counted([str(violation) for violation in violations]),
        "not deleted in Azure": _counted([str(left["id"]) for left in temporary]),
        "records": f"{places.records} (a file per scene, tasks, image, azure)",
        "tables": f"{places.tables} (Images, ImageVersions, Tasks, Rollouts, RolloutHosts, Audit; Azurite's files)",
        "logs": str(places.logs),
    }


def _counted(found: list[str]) -> str:
    return "".join([str(len(found)), *(f"\n  {each}" for each in found)])
