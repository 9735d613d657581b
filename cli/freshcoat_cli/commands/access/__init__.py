"""`freshcoat access`: app keys, grants, limits, caps, probes and join profiles."""

from __future__ import annotations

import typer

from freshcoat_cli.commands.access import caps, grants, keys, limits, probes, profiles
from freshcoat_cli.commands.panels import ACCESS
from freshcoat_cli.helping import PlainGroup


def register(app: typer.Typer) -> None:
    """Add the groups of this folder."""
    group = typer.Typer(
        cls=PlainGroup, help="Say who may do what, and what nobody may go beyond.", no_args_is_help=True
    )
    for module in (keys, grants, limits, caps, probes, profiles):
        module.register(group)
    app.add_typer(group, name="access", rich_help_panel=ACCESS)
