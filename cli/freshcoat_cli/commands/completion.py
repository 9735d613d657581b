"""`freshcoat completion`: what a shell needs to complete commands and names."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer import Argument

from freshcoat_cli.command import command
from freshcoat_cli.commands.panels import SET_UP
from freshcoat_cli.session import Session

VARIABLE = "_FRESHCOAT_COMPLETE"


class Shell(StrEnum):
    """The shells."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    PWSH = "pwsh"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "completion", panel=SET_UP)(completion)


def completion(session: Session, shell: Annotated[Shell, Argument(help="bash, zsh, fish or pwsh.")]) -> None:
    """Print the script that completes commands and names; docs/cli.md says where each shell wants it."""
    from typer._completion_shared import get_completion_script  # noqa: PLC0415 - only here

    session.out.line(get_completion_script(prog_name="freshcoat", complete_var=VARIABLE, shell=shell))
