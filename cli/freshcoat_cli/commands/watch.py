"""`freshcoat watch`: follow a rollout or a task."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument

from freshcoat_cli.command import command
from freshcoat_cli.commands.panels import LOOK
from freshcoat_cli.commands.subjects import find
from freshcoat_cli.options import Following
from freshcoat_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "watch", panel=LOOK, watches=True)(watch)


def watch(
    session: Session,
    what: Annotated[str, Argument(metavar="ID|POOL", help="A rollout or a task, or the pool whose rollout is open.")],
    following: Following,
) -> None:
    """Follow a rollout or a task until its end. Ctrl-C leaves it running."""
    from freshcoat_cli.watch.run import wait_for  # noqa: PLC0415 - the other commands start quicker without it

    wait_for(session, find(session, what, ("rollouts", "tasks")).path, stop_when_waiting=following.stop_when_waiting)
