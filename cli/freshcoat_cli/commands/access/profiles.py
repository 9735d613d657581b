"""`freshcoat access join-profiles`: how hosts join a domain."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument, Option

from freshcoat_cli.command import command, default
from freshcoat_cli.commands.access.removing import remove
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.options import Change
from freshcoat_cli.output.tables import Column
from freshcoat_cli.output.words import plain
from freshcoat_cli.session import Session

Account = Annotated[str, Argument(help="The account.")]
Name = Annotated[str, Argument(help="Its name.")]


def register(access: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(cls=PlainGroup, help="List join profiles; set or remove one.")
    default(group)(profiles)
    command(group, "set")(set_profile)
    command(group, "remove")(remove_profile)
    access.add_typer(group, name="join-profiles")


def profiles(session: Session) -> None:
    """List the join profiles of accounts."""
    items = session.client.pages("access/join-profiles")
    session.out.items(items, COLUMNS, lambda one: f"{one['account']}/{one['name']}", "No join profiles.")


COLUMNS = [
    Column("ACCOUNT", lambda one: plain(one["account"])),
    Column("PROFILE", lambda one: plain(one["name"])),
    Column("DOMAIN", lambda one: plain(one["domain"])),
    Column("USER", lambda one: plain(one["user"])),
    Column("PASSWORD SETTING", lambda one: plain(one["password_setting"]), spare=1),
    Column("OU", lambda one: plain(one["ou"] or ""), spare=2),
]


def set_profile(
    session: Session,
    account: Account,
    name: Name,
    domain: Annotated[str, Option("--domain", help="Like corp.example.")],
    user: Annotated[str, Option("--user", help="Who joins hosts.")],
    setting: Annotated[str, Option("--password-setting", help="The app setting with the password: JOIN_…")],
    given: Change,
    ou: Annotated[str | None, Option("--ou", help="Where computer objects are put.")] = None,
) -> None:
    """Set a join profile. The password stays in the app setting that it names."""
    body = {"domain": domain, "user": user, "password_setting": setting} | ({"ou": ou} if ou else {})
    view = session.send("PUT", f"access/join-profiles/{account}/{name}", body, given).data
    session.out.item(view, lambda: [f"✔ Join profile {plain(name)} of {plain(account)}"], f"{account}/{name}")


def remove_profile(session: Session, account: Account, name: Name, given: Change) -> None:
    """Remove a join profile that no pool names."""
    remove(session, f"access/join-profiles/{account}/{name}", f"join profile {name} of {account}", given)
