"""`freshcoat`: all commands in one place."""

from __future__ import annotations

import inspect
import os
import sys
from typing import Annotated, Any

import typer

from freshcoat_cli import __version__
from freshcoat_cli.command import options_of
from freshcoat_cli.commands import register
from freshcoat_cli.commands.completion import VARIABLE
from freshcoat_cli.errors import Exit
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.options import Common

app = typer.Typer(
    cls=PlainGroup,
    name="freshcoat",
    help="Publish desktop images to Azure Virtual Desktop pools without throwing people out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"freshcoat {__version__}\n")
        raise typer.Exit


_VERSION = inspect.Parameter(
    "version",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version of this command.")
    ],
)
_CONTEXT = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)


def _before(ctx: typer.Context, **given: Any) -> None:
    """Publish desktop images to Azure Virtual Desktop pools without throwing people out."""
    given.pop("version")
    ctx.obj = Common(**given)


_BEFORE = [_CONTEXT, _VERSION, *options_of(Common)]
_before.__signature__ = inspect.Signature(_BEFORE)  # type: ignore[attr-defined]
_before.__annotations__ = {one.name: one.annotation for one in _BEFORE}

app.callback()(_before)
register(app)


def run() -> None:
    """The entry point."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for as long as the process lives
    if sys.stdout is None:  # closed by the caller: nothing is begun of which the answer would be lost
        sys.stderr.write("stdout is closed: give the answer a place, such as >/dev/null\n")
        sys.exit(Exit.USAGE)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character must not end a command
    if VARIABLE in os.environ:
        from typer._completion_classes import completion_init  # noqa: PLC0415 - only while a shell completes

        completion_init()
    try:
        app(prog_name="freshcoat")
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
