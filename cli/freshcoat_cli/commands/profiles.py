"""`freshcoat profile`: which Freshcoats this machine knows, and which one is meant by default."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer
from typer import Argument

from freshcoat_cli import completing
from freshcoat_cli.command import command
from freshcoat_cli.commands.panels import SET_UP
from freshcoat_cli.config.profiles import read_config, write_config
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.output.tables import Column
from freshcoat_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(cls=PlainGroup, help="List the profiles, or choose the default.", no_args_is_help=True)
    command(group, "list")(list_profiles)
    command(group, "use")(use_profile)
    app.add_typer(group, name="profile", rich_help_panel=SET_UP)


def list_profiles(session: Session) -> None:
    """List the profiles. The default is marked."""
    config = read_config()
    items = [asdict(one) | {"default": one.name == config.default} for _, one in sorted(config.profiles.items())]
    session.out.items(items, COLUMNS, lambda item: item["name"], "No profiles yet. Add one with: freshcoat login URL")


COLUMNS = [
    Column("PROFILE", lambda one: one["name"]),
    Column("DEFAULT", lambda one: "yes" if one["default"] else ""),
    Column("ADDRESS", lambda one: one["url"]),
    Column("SIGN-IN", lambda one: one["auth"]),
    Column("OUTPUT", lambda one: one["output"], spare=1),
]


def use_profile(
    session: Session, name: Annotated[str, Argument(help="The profile.", autocompletion=completing.profiles)]
) -> None:
    """Make this profile the default."""
    config = read_config()
    found = config.named(name)
    write_config(replace(config, default=found.name))
    session.out.say(f"✔ {found.name} ({found.url}) is the default now.")
