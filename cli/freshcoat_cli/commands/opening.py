"""`freshcoat open`: the console in the browser."""

from __future__ import annotations

import webbrowser
from typing import Annotated
from urllib.parse import quote

import typer
from typer import Argument

from freshcoat_cli.command import command
from freshcoat_cli.commands.panels import SET_UP
from freshcoat_cli.commands.subjects import find, is_id
from freshcoat_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "open", panel=SET_UP)(open_console)


def open_console(
    session: Session,
    what: Annotated[
        str | None, Argument(metavar="POOL|ID", help="A pool, or the id of a rollout, a task or a promotion.")
    ] = None,
) -> None:
    """Open the console in the browser, and print its address."""
    address = f"{session.profile.url}/console/{_page(session, what)}"
    session.out.line(address)
    if session.out.for_people and session.out.out.is_terminal:
        webbrowser.open(address)


def _page(session: Session, what: str | None) -> str:
    if what is None:
        return "pools"
    if not is_id(what):
        return f"pools/{quote(what)}"
    found = find(session, what)
    return "promotions" if found.kind == "promotions" else found.path
