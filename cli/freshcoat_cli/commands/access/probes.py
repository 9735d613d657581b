"""`freshcoat access probes`: the scripts that check canary hosts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from freshcoat_cli.command import command, default
from freshcoat_cli.commands.access.removing import remove
from freshcoat_cli.errors import usage
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.options import Change
from freshcoat_cli.output.moments import listed
from freshcoat_cli.output.tables import Column
from freshcoat_cli.output.words import plain
from freshcoat_cli.session import Session

Account = Annotated[str, Argument(help="The account.")]
Name = Annotated[str, Argument(help="Its name.")]


def register(access: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(cls=PlainGroup, help="List probes; set or remove one.")
    default(group)(probes)
    command(group, "set")(set_probe)
    command(group, "remove")(remove_probe)
    access.add_typer(group, name="probes")


def probes(session: Session) -> None:
    """List the probes of accounts."""
    zone = session.out.zone
    columns = [
        Column("ACCOUNT", lambda one: plain(one["account"])),
        Column("PROBE", lambda one: plain(one["name"])),
        Column("LIMIT", lambda one: f"{one['timeout_minutes']} min", right=True),
        Column("SHA-256", lambda one: plain(one["digest"])[:12], spare=1),
        Column(f"CHANGED ({session.out.zone_title})", lambda one: listed(one["changed_at"], zone), spare=2),
        Column("BY", lambda one: plain(one["changed_by"]), spare=3),
    ]
    items = session.client.pages("access/probes")
    session.out.items(items, columns, lambda one: f"{one['account']}/{one['name']}", "No probes.")


def set_probe(
    session: Session,
    account: Account,
    name: Name,
    file: Annotated[str, Option("--file", help="The PowerShell script; - reads it from a pipe.")],
    given: Change,
    timeout_minutes: Annotated[int, Option("--limit-minutes", min=1, help="Minutes that it may take.")] = 10,
) -> None:
    """Set the script of a probe. Exit code 0 of it is success; put no secret into it."""
    try:
        script = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{file} cannot be read: {error}") from error
    body = {"script": script, "timeout_minutes": timeout_minutes}
    view = session.send("PUT", f"access/probes/{account}/{name}", body, given).data
    said = f"✔ Probe {plain(name)} of {plain(account)}, SHA-256 {plain(view['digest'])}"
    session.out.item(view, lambda: [said], f"{account}/{name}")


def remove_probe(session: Session, account: Account, name: Name, given: Change) -> None:
    """Remove a probe that nothing names."""
    remove(session, f"access/probes/{account}/{name}", f"probe {name} of {account}", given)
