"""The commands, by resource. Each module adds its own to the app."""

from __future__ import annotations

import typer

from freshcoat_cli.commands import (
    activating,
    history,
    hosts,
    images,
    making,
    pools,
    profiles,
    signing_in,
    steering,
    updates,
    watch,
)


def register(app: typer.Typer) -> None:
    """Add every command, in the order in which the help lists them."""
    for module in (pools, hosts, images, history, updates, steering, making, activating, watch, signing_in, profiles):
        module.register(app)
