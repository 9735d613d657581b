"""The commands, by resource. Each module adds its own to the app."""

from __future__ import annotations

import typer

from freshcoat_cli.commands import (
    access,
    activating,
    audit,
    completion,
    history,
    hosts,
    images,
    making,
    opening,
    pools,
    profiles,
    registering,
    signing_in,
    steering,
    updates,
    watch,
)

LOOK = (pools, hosts, images, history, watch, audit)
CHANGE = (updates, steering, making, activating)
SET_UP = (registering, access, signing_in, profiles, opening, completion)


def register(app: typer.Typer) -> None:
    """Add every command, in the order in which the help lists them."""
    for module in (*LOOK, *CHANGE, *SET_UP):
        module.register(app)
