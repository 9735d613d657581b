"""Options of commands that follow what they have begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from typer import Option

from freshcoat_cli.options import OptionGroup

_PANEL = "Following it"


@dataclass(frozen=True)
class Following(OptionGroup):
    """When to stop looking."""

    stop_when_waiting: Annotated[
        bool,
        Option(
            "--stop-when-waiting",
            help="End with exit code 9 when it waits for a person: paused, or an approval.",
            rich_help_panel=_PANEL,
        ),
    ] = False


@dataclass(frozen=True)
class Waiting(Following):
    """Whether to follow what was begun."""

    wait: Annotated[bool, Option("--wait", help="Follow it until its end.", rich_help_panel=_PANEL)] = False
