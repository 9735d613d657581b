"""The commands, by resource. Each module adds its own to the app."""

from __future__ import annotations

import typer

from freshcoat_cli.commands import hosts, pools, profiles, signing_in


def register(app: typer.Typer) -> None:
    """Add every command, in the order in which the help lists them."""
    for module in (pools, hosts, signing_in, profiles):
        module.register(app)
