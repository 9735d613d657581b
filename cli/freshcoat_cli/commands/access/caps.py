"""`freshcoat access caps`: how much of an account may be begun within an hour."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from freshcoat_cli.command import command, default
from freshcoat_cli.commands.access.removing import remove
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.options import Change
from freshcoat_cli.output.moments import listed
from freshcoat_cli.output.tables import Column, Item
from freshcoat_cli.output.words import plain
from freshcoat_cli.session import Session

Account = Annotated[str, Argument(help="The account.")]


def register(access: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(cls=PlainGroup, help="List caps per hour; set, lift or remove those of an account.")
    default(group)(caps)
    command(group, "set")(set_caps)
    command(group, "lift")(lift_caps)
    command(group, "remove")(remove_caps)
    access.add_typer(group, name="caps")


def caps(session: Session) -> None:
    """List the caps of accounts, and what counts in this hour."""
    zone = session.out.zone
    columns = [
        Column("ACCOUNT", lambda one: plain(one["account"])),
        Column("HOSTS", lambda one: _use(one, "hosts"), right=True),
        Column("SIGN-OUTS", lambda one: _use(one, "sign_outs"), right=True),
        Column("POOLS", lambda one: _use(one, "pools"), right=True),
        Column(
            "LIFTED", lambda one: f"until {listed(one['override']['until'], zone)}" if one["override"] else "", spare=1
        ),
    ]
    session.out.items(session.client.pages("access/caps"), columns, lambda one: one["account"], "No caps.")


def _use(view: Item, what: str) -> str:
    """`12 of 40`."""
    used, cap = view["used"][what], view[f"{what}_per_hour"]
    return f"{len(used) if isinstance(used, list) else used} of {'any' if cap is None else cap}"


def set_caps(
    session: Session,
    account: Account,
    given: Change,
    hosts: Annotated[int | None, Option("--hosts", min=1, help="Hosts begun within an hour.")] = None,
    sign_outs: Annotated[int | None, Option("--sign-outs", min=0, help="Sessions ended within an hour.")] = None,
    pools: Annotated[int | None, Option("--pools", min=1, help="Pools worked in within an hour.")] = None,
) -> None:
    """Set the caps of an account. What is not named has no cap any more."""
    wanted = {"hosts_per_hour": hosts, "sign_outs_per_hour": sign_outs, "pools_per_hour": pools}
    body = {name: value for name, value in wanted.items() if value is not None}
    session.ask(f"Set the caps of {account}? Those not named here are removed.", given)
    view = session.send("PUT", f"access/caps/{account}", body, given).data
    session.out.item(view, lambda: [f"✔ The caps of {plain(account)} are set"], view["account"])


def lift_caps(
    session: Session,
    account: Account,
    hours: Annotated[int, Option("--hours", min=0, max=72, help="For so many hours; 0 ends it.")],
    reason: Annotated[str, Option("--reason", help="Why; it is kept in the record.")],
    given: Change,
) -> None:
    """Lift the caps of an account for some hours."""
    session.ask(f"Lift the caps of {account} for {hours} h?", given)
    body = {"hours": hours, "reason": reason}
    view = session.send("POST", f"access/caps/{account}/override", body, given).data
    said = f"✔ The caps of {plain(account)} {'are lifted' if view['override'] else 'hold'}"
    session.out.item(view, lambda: [said], view["account"])


def remove_caps(session: Session, account: Account, given: Change) -> None:
    """Remove the caps of an account."""
    remove(session, f"access/caps/{account}", f"the caps of {account}", given)
