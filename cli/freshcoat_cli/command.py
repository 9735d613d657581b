"""How a function becomes a command: its option groups are taken apart, and its errors become exit codes."""

from __future__ import annotations

import inspect
import os
import string
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

import typer
from typer.models import ArgumentInfo

from freshcoat_cli.errors import CliError, Exit, usage
from freshcoat_cli.helping import PlainCommand
from freshcoat_cli.limits import at_the_latest
from freshcoat_cli.options import Change, Common, Following, OptionGroup
from freshcoat_cli.output.printer import Printer
from freshcoat_cli.output.words import plain
from freshcoat_cli.session import Session, merged

Handler = Callable[..., None]


def command(
    app: typer.Typer, name: str, *, panel: str | None = None, judges: bool = False, watches: bool = False, **more: Any
) -> Callable[[Handler], Handler]:
    """Register a function whose first parameter is the Session. Parameters that are option groups are taken apart.

    `judges`: a read of which the exit code is an answer. `watches`: it runs until somebody ends it.
    """

    def register(handler: Handler) -> Handler:
        run = _as_command(handler, judges=judges, watches=watches)
        app.command(name, cls=PlainCommand, rich_help_panel=panel, **more)(run)
        return handler

    return register


def default(group: typer.Typer) -> Callable[[Handler], Handler]:
    """Register what a group does when it is named alone, such as to list."""

    def register(handler: Handler) -> Handler:
        group.callback(invoke_without_command=True)(_as_command(handler))
        return handler

    return register


def _as_command(handler: Handler, *, judges: bool = False, watches: bool = False) -> Callable[..., None]:
    taken = list(inspect.signature(handler, eval_str=True).parameters.values())[1:]
    groups = {one.name: one.annotation for one in taken if _is_group(one.annotation)}
    own = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in taken if one.name not in groups]
    names = [one.name for one in own if _is_a_name(one)]
    ends = judges or any(issubclass(one, Change | Following) for one in groups.values())
    parameters = [_CONTEXT, *own]
    for group in [*groups.values(), Common]:
        parameters += options_of(group)

    def run(ctx: typer.Context, **given: Any) -> None:
        def pick(group: type[Any]) -> Any:
            return group(**{one.name: given.pop(one.name) for one in fields(group)})

        common = merged(ctx.find_root().obj or Common(), pick(Common))
        if ctx.invoked_subcommand:
            ctx.find_root().obj = common
            return
        picked = {name: pick(group) for name, group in groups.items()}

        def work(session: Session) -> None:
            for name in names:
                check_name(given[name])
            handler(session, **given, **picked)

        guarded(common, work, ends=ends, watches=watches)

    run.__name__, run.__doc__ = handler.__name__, handler.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


_CONTEXT = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)


def _is_a_name(parameter: inspect.Parameter) -> bool:
    """Whether it is an argument that becomes a part of an address: all are, but the address of a Freshcoat."""
    return parameter.name != "freshcoat" and any(
        isinstance(one, ArgumentInfo) for one in getattr(parameter.annotation, "__metadata__", ())
    )


def check_name(text: str | None) -> None:
    """Raises a usage error for what can be no name, id or version, and would mean another address."""
    if text is not None and not may_be_name(text):
        raise usage(f"{text!r} can be no name, id or version.", "Use letters, digits, dot, dash and underscore.")


def may_be_name(text: str) -> bool:
    """Whether it may be a part of an address, and a word of a shell."""
    return text not in {"", ".", ".."} and set(text) <= _OF_NAMES


_OF_NAMES = {*string.ascii_letters, *string.digits, *"._-"}


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, OptionGroup)


def options_of(group: type[Any]) -> list[inspect.Parameter]:
    """The fields of a group as parameters of a command."""
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
        for one in fields(group)
    ]


def guarded(common: Common, work: Callable[[Session], None], *, ends: bool = False, watches: bool = False) -> None:
    """Run a command. What goes wrong is said on stderr, and is the exit code.

    `ends`: its exit code says whether something was done, so it is no success when nobody reads its output to the end.
    `watches`: it is then ended on purpose, which needs no words.
    """
    printer = Printer()
    session: Session | None = None
    try:
        session = Session(common)
        printer = session.out
        with at_the_latest(common.timeout):
            work(session)
            sys.stdout.flush()
    except CliError as error:
        if error.by_version and session:
            error.lines = [*error.lines, *session.versions()]
        printer.fail(error)
        raise typer.Exit(error.code) from error
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        _nobody_reads()
        if not ends:
            raise typer.Exit(Exit.DONE) from None
        if not watches:
            printer.fail(CliError(Exit.UNEXPECTED, "Nobody reads the output, so it ended early", "Look what was done."))
        raise typer.Exit(Exit.UNEXPECTED) from None
    except Exception as error:
        if os.environ.get("FRESHCOAT_DEBUG"):
            raise
        said = plain(f"{type(error).__name__}: {error}")
        sys.stderr.write(f"An unexpected error occurred: {said}\nSet FRESHCOAT_DEBUG=1 to see where.\n")
        raise typer.Exit(Exit.UNEXPECTED) from error


def _nobody_reads() -> None:
    """`freshcoat hosts office | head`: whoever read has seen enough, so nothing more is written, also at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
