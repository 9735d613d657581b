"""`freshcoat access keys`: keys for programs that cannot get a token."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer import Argument, Option

from freshcoat_cli.command import command, default
from freshcoat_cli.errors import usage
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.options import Change
from freshcoat_cli.output.moments import listed, moment_of, now
from freshcoat_cli.output.tables import Column, Item
from freshcoat_cli.output.words import plain
from freshcoat_cli.session import Session


class KeyRole(StrEnum):
    """What a key may do. None approves or configures."""

    READER = "reader"
    OPERATOR = "operator"
    AGENT = "agent"


Name = Annotated[str, Argument(help="Its name.")]


def register(access: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(cls=PlainGroup, help="List app keys; make or revoke one.")
    default(group)(keys)
    command(group, "new")(new_key)
    command(group, "revoke")(revoke_key)
    access.add_typer(group, name="keys")


def keys(session: Session) -> None:
    """List the app keys. The keys themselves are kept nowhere."""
    zone = session.out.zone
    columns = [
        Column("KEY", lambda one: plain(one["name"])),
        Column("ROLE", lambda one: plain(one["role"])),
        Column("ACCOUNTS", lambda one: ", ".join(map(plain, one["accounts"]))),
        Column("STATE", _state, style=lambda one: "" if _state(one) == "valid" else "yellow"),
        Column(f"EXPIRES ({session.out.zone_title})", lambda one: listed(one["expires_at"], zone), spare=1),
        Column("MADE BY", lambda one: plain(one["created_by"]), spare=2),
    ]
    session.out.items(session.client.pages("access/keys"), columns, lambda one: one["name"], "No app keys.")


def _state(key: Item) -> str:
    if key["revoked_at"]:
        return "revoked"
    expires = moment_of(key["expires_at"])
    return "expired" if expires and expires <= now() else "valid"


def new_key(
    session: Session,
    name: Name,
    role: Annotated[KeyRole, Option("--role", help="reader, operator or agent.")],
    account: Annotated[list[str], Option("--account", help="An account that it has, or *; several times.")],
    given: Change,
    days: Annotated[int, Option("--days", min=1, max=365, help="Days until it expires.")] = 90,
) -> None:
    """Make an app key. It is printed once, alone on stdout, and kept nowhere: put it where it belongs."""
    body = {"role": role, "accounts": account, "days": days}
    made = session.send("POST", f"access/keys/{name}", body, given).data
    session.out.item(made, lambda: [made["key"]], made["key"])
    if session.out.for_people:
        session.out.say(f"✔ Key {name} of role {role}. It is not shown again.", "green")


def revoke_key(session: Session, name: Name, given: Change) -> None:
    """Revoke an app key. It counts no longer after half a minute."""
    if not name:
        raise usage("Say which key.")
    session.ask(f"Revoke the key {name}? What uses it is refused from then on.", given)
    view = session.send("DELETE", f"access/keys/{name}", None, given).data
    session.out.item(view, lambda: [f"✔ Key {plain(view['name'])} is revoked"], view["name"])
