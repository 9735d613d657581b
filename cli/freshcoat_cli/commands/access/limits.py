"""`freshcoat access limits`: what no pool and no request of an account's ring goes beyond."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer import Argument, Option

from freshcoat_cli.command import command, default
from freshcoat_cli.commands.access.removing import remove
from freshcoat_cli.errors import usage
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.options import Change
from freshcoat_cli.output.tables import Column, Item
from freshcoat_cli.output.words import number, plain, words
from freshcoat_cli.session import Session


class Ring(StrEnum):
    """The rings."""

    TEST = "test"
    PILOT = "pilot"
    PRODUCTION = "production"


class TwoPeople(StrEnum):
    """Whether rollouts wait for a second person."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Mode(StrEnum):
    """The modes of a schedule."""

    NOW = "now"
    AT = "at"
    ON_LOGOFF = "on_logoff"


Account = Annotated[str, Argument(help="The account.")]
OfRing = Annotated[Ring, Argument(help="The ring.")]


def register(access: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(cls=PlainGroup, help="List limits; set or remove those of an account's ring.")
    default(group)(limits)
    command(group, "set")(set_limits)
    command(group, "remove")(remove_limits)
    access.add_typer(group, name="limits")


def limits(session: Session) -> None:
    """List the limits of accounts and rings."""
    items = session.client.pages("access/limits")
    session.out.items(items, COLUMNS, lambda one: f"{one['account']}/{one['ring']}", "No limits.")


def set_limits(
    session: Session,
    account: Account,
    ring: OfRing,
    given: Change,
    min_available: Annotated[str | None, Option("--min-available", help="min_available may not be less.")] = None,
    max_unavailable: Annotated[str | None, Option("--max-unavailable", help="max_unavailable may not be more.")] = None,
    canary_hosts: Annotated[int | None, Option("--canary-hosts", min=0, help="At least so many.")] = None,
    mode: Annotated[list[Mode] | None, Option("--mode", help="An allowed mode; several times. None: all.")] = None,
    window: Annotated[list[str] | None, Option("--window", metavar="FROM-TO", help="Like 22:00-06:00.")] = None,
    notice: Annotated[int | None, Option("--notice-minutes", min=0, help="From request to sign-out.")] = None,
    two_people: Annotated[TwoPeople | None, Option("--two-people", help="auto, always or never.")] = None,
) -> None:
    """Set the limits of an account's ring. What is not named is no limit any more."""
    wanted = {
        "least_min_available": _share(min_available),
        "most_max_unavailable": _share(max_unavailable),
        "least_canary_hosts": canary_hosts,
        "modes": mode,
        "windows": [_window(one) for one in window] if window else None,
        "notice_minutes": notice,
        "two_people": two_people,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    session.ask(f"Set the limits of {account}, ring {ring}? Those not named here are removed.", given)
    view = session.send("PUT", f"access/limits/{account}/{ring}", body, given).data
    session.out.item(view, lambda: [f"✔ {plain(account)}, ring {ring}: {_says(view)}"], f"{account}/{ring}")


def remove_limits(session: Session, account: Account, ring: OfRing, given: Change) -> None:
    """Remove the limits of an account's ring."""
    remove(session, f"access/limits/{account}/{ring}", f"the limits of {account}, ring {ring}", given)


def _share(text: str | None) -> int | str | None:
    return int(text) if text and text.isdecimal() else text


def _window(text: str) -> dict[str, str]:
    begins, dash, ends = text.partition("-")
    if not dash:
        raise usage(f"--window {text}: write it like --window 22:00-06:00")
    return {"from": begins, "to": ends}


def _windows(windows: Sequence[Item]) -> str:
    return ", ".join(f"{plain(one['from'])}-{plain(one['to'])}" for one in windows)


def _says(view: Any) -> str:
    said = [f"{column.title.lower()} {text}" for column in COLUMNS[2:] if (text := column.text(view)) not in {"", "-"}]
    return ", ".join(said) or "none"


COLUMNS = [
    Column("ACCOUNT", lambda one: plain(one["account"])),
    Column("RING", lambda one: plain(one["ring"])),
    Column("MIN AVAILABLE", lambda one: number(one["least_min_available"])),
    Column("MAX UNAVAILABLE", lambda one: number(one["most_max_unavailable"])),
    Column("CANARY HOSTS", lambda one: str(one["least_canary_hosts"] or ""), spare=1, right=True),
    Column("NOTICE", lambda one: f"{one['notice_minutes']} min" if one["notice_minutes"] else "", spare=2, right=True),
    Column("MODES", lambda one: ", ".join(words(mode) for mode in one["modes"]), spare=3),
    Column("WINDOWS", lambda one: _windows(one["windows"]), spare=4),
    Column("TWO PEOPLE", lambda one: words(one["two_people"]), spare=5),
]
