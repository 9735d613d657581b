"""`freshcoat pools`: all pools, or one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Annotated, Any

import typer
from rich.text import Text
from typer import Argument, Option

from freshcoat_cli import completing
from freshcoat_cli.command import command
from freshcoat_cli.commands.facts import facts
from freshcoat_cli.commands.panels import LOOK
from freshcoat_cli.output.moments import dated, distance, full, moment_of, now, zone_of
from freshcoat_cli.output.tables import Column, Item, bar
from freshcoat_cli.output.words import count, number, plain, style_of, words
from freshcoat_cli.session import Session

UNSEEN_READ = 10
"""Pools that nobody has looked at yet and that are read in Azure for a list, at most: two reads each."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "pools", panel=LOOK)(pools)


def pools(
    session: Session,
    pool: Annotated[str | None, Argument(help="Show this pool alone.", autocompletion=completing.pools)] = None,
    search: Annotated[str | None, Option("--search", help="Part of its name, image or host pool.")] = None,
    account: Annotated[str | None, Option("--account", help="Pools of this account.")] = None,
    ring: Annotated[list[str] | None, Option("--ring", help="test, pilot or production; several times.")] = None,
    image: Annotated[str | None, Option("--image", help="Pools of this image.")] = None,
    sort: Annotated[str | None, Option("--sort", help="name, sessions, hosts, behind, unhealthy, …")] = None,
    live: Annotated[bool, Option("--live", help="Read each pool in Azure now, instead of the last look.")] = False,
) -> None:
    """List the pools: image, hosts, people, and what runs on them. Or show one."""
    if pool:
        found = session.get(f"pools/{pool}")
        session.out.item(found, lambda: pool_lines(found, session), found["name"])
        return
    filters: dict[str, Any] = {"search": search, "account": account, "ring": ring, "image": image, "sort": sort}
    items = session.client.pages("pools", page=50 if live else 200, live=live, **filters)
    session.out.items(_seen(session, items), COLUMNS, lambda item: item["name"], "No pools.")


def _seen(session: Session, items: Iterator[Item]) -> Iterator[Item]:
    """The pools, with the numbers of those that nobody has looked at yet."""
    read = 0
    for item in items:
        if item["hosts"] is None and item["seen_at"] is None and not item["problem"] and read < UNSEEN_READ:
            read += 1
            yield session.get(f"pools/{item['name']}")
        else:
            yield item


def goal_of(pool: Item) -> str | None:
    """The version that the pool gets, or has."""
    running = pool["running_rollout"]
    found: str | None = running["version"] if running else pool["version"]
    return found


def _on_it(pool: Item) -> str:
    if pool["hosts"] is None:
        return "-"
    return f"{pool['hosts_per_version'].get(goal_of(pool) or '', 0)}/{pool['hosts']}"


def _rollout(pool: Item) -> str:
    running = pool["running_rollout"]
    if pool["problem"]:
        return plain(pool["problem"])
    if not running:
        return ""
    done = running["percent"]
    return f"{bar(done)} {done:3} % to {plain(running['version'])}, {words(running['state'])}"


def _rollout_style(pool: Item) -> str:
    if pool["problem"]:
        return "red"
    return style_of(pool["running_rollout"]["state"]) if pool["running_rollout"] else ""


COLUMNS = [
    Column("POOL", lambda one: plain(one["name"])),
    Column("RING", lambda one: plain(one["ring"]), spare=3),
    Column("IMAGE", lambda one: f"{plain(one['image'])} {plain(goal_of(one) or '')}".strip(), spare=1),
    Column("ON IT", _on_it, right=True),
    Column("HOSTS", lambda one: number(one["hosts"]), spare=4, right=True),
    Column("PEOPLE", lambda one: number(one["sessions"]), right=True),
    Column("ROLLOUT", _rollout, style=_rollout_style),
]


def pool_lines(pool: Item, session: Session) -> Iterator[Text | str]:
    """A pool as people read it."""
    zone = UTC if session.out.utc else zone_of(pool["time_zone"])
    running, window, new = pool["running_rollout"], pool["next_window"], pool["new_hosts"]
    per_version = ", ".join(f"{number} on {plain(version)}" for version, number in pool["hosts_per_version"].items())
    hosts = (
        "-" if pool["hosts"] is None else f"{count(pool['hosts'], 'host')}: {per_version}" if per_version else "0 hosts"
    )
    title = Text(plain(pool["name"]), "bold")
    title.append(f"   {plain(pool['image'])} {plain(pool['version'] or '')}   ring {plain(pool['ring'])}", "not bold")
    yield from facts(
        title,
        [
            ("problem", plain(pool["problem"])),
            ("rollout", _running(running) if running else ""),
            ("next", dated(running["next"], zone) if running else ""),
            ("hosts", hosts),
            ("people", f"{number(pool['sessions'])}; {number(pool['accepting'])} hosts accept people"),
            ("unhealthy", count(pool["unhealthy"], "host") if pool["unhealthy"] else ""),
            ("staged", f"{plain(pool['staged'])} waits to be activated" if pool["staged"] else ""),
            ("new hosts", f"get {plain(new['version'])}" if new else ""),
            ("before", plain(pool["previous_version"] or "")),
            ("window", _window(window, zone) if window else ""),
            ("refresh", words(pool["refresh"]) if pool["refresh"] != "off" else ""),
            ("account", plain(pool["account"])),
            ("time zone", plain(pool["time_zone"])),
            ("seen", distance(seen, now()) if (seen := moment_of(pool["seen_at"])) else ""),
        ],
    )


def _running(rollout: Item) -> str:
    done = f"{rollout['percent']} %, {words(rollout['state'])}"
    return f"{plain(rollout['id'])} to {plain(rollout['version'])}: {done}"


def _window(window: Item, zone: tzinfo) -> str:
    moment = moment_of(window["closes_at"] if window["open"] else window["opens_at"]) or now()
    return f"{'open until' if window['open'] else 'opens'} {full(moment, zone, now())}"
