"""`freshcoat access grants`: which accounts a person or a program has."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from freshcoat_cli.command import command, default
from freshcoat_cli.commands.access.removing import remove
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.options import Change
from freshcoat_cli.output.moments import listed
from freshcoat_cli.output.tables import Column
from freshcoat_cli.output.words import plain
from freshcoat_cli.session import Session

Principal = Annotated[str, Argument(help="Tenant id, dot, object id: both of Entra ID.")]


def register(access: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(cls=PlainGroup, help="List grants; give or take one.")
    default(group)(grants)
    command(group, "give")(give)
    command(group, "take")(take)
    access.add_typer(group, name="grants")


def grants(session: Session) -> None:
    """List the grants: which accounts a person or a program may see and change."""
    zone = session.out.zone
    columns = [
        Column("NAME", lambda one: plain(one["name"]), spare=1),
        Column("PRINCIPAL", lambda one: plain(one["principal"])),
        Column("ACCOUNTS", lambda one: ", ".join(map(plain, one["accounts"]))),
        Column("PROGRAM", lambda one: "yes" if one["program"] else "", spare=3),
        Column(f"CHANGED ({session.out.zone_title})", lambda one: listed(one["changed_at"], zone), spare=4),
        Column("BY", lambda one: plain(one["changed_by"]), spare=2),
    ]
    session.out.items(session.client.pages("access/grants"), columns, lambda one: one["principal"], "No grants.")


def give(
    session: Session,
    principal: Principal,
    account: Annotated[list[str], Option("--account", help="An account, or *; several times.")],
    given: Change,
    name: Annotated[str, Option("--name", help="Whose it is, for people.")] = "",
    program: Annotated[bool, Option("--program", help="It is a program, and does not count as a person.")] = False,
) -> None:
    """Say which accounts a person or a program has. What they may do there, their role says."""
    body = {"accounts": account, "name": name, "program": program}
    view = session.send("PUT", f"access/grants/{principal}", body, given).data
    accounts = ", ".join(map(plain, view["accounts"]))
    said = f"✔ {plain(view['name'] or view['principal'])} has {accounts}"
    session.out.item(view, lambda: [said], view["principal"])


def take(session: Session, principal: Principal, given: Change) -> None:
    """Take all accounts from a person or a program."""
    remove(session, f"access/grants/{principal}", f"the grant of {principal}", given)
