"""`freshcoat hosts POOL`: the session hosts of a pool."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from freshcoat_cli import completing
from freshcoat_cli.command import command
from freshcoat_cli.commands.panels import LOOK
from freshcoat_cli.output.tables import Column, Item
from freshcoat_cli.output.words import message, number, plain, style_of, words
from freshcoat_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "hosts", panel=LOOK)(hosts)


def hosts(
    session: Session,
    pool: Annotated[str, Argument(help="The pool.", autocompletion=completing.pools)],
    limit: Annotated[int | None, Option("--limit", min=1, help="At most so many.")] = None,
) -> None:
    """List the hosts of a pool: version, people, power, and why each is as it is."""
    items = session.client.pages(f"pools/{pool}/hosts", limit)
    session.out.items(items, COLUMNS, lambda item: item["host"], f"Pool {pool} has no hosts.")


def _short(host: Item) -> str:
    return plain(host["host"]).partition(".")[0]


def _state(host: Item) -> str:
    return words(host["state"]) if host["state"] else words(host["status"]).lower()


def _drain(host: Item) -> str:
    if host["drain"] == "none":
        return "yes" if host["accepting"] else "no"
    return f"no, {plain(host['drain'])}"


COLUMNS = [
    Column("HOST", _short),
    Column("VERSION", lambda one: number(one["version"])),
    Column("GETS", lambda one: plain(one["target"] or ""), spare=2),
    Column("PEOPLE", lambda one: number(one["sessions"]), right=True),
    Column("STATE", _state, style=lambda one: style_of(one["state"])),
    Column("POWER", lambda one: words(one["power"]), spare=3),
    Column("ACCEPTS", _drain, spare=4),
    Column("WHY", lambda one: message(one["reason"]), spare=1),
]
