"""Options that several commands share, as groups: a command that takes a group has all its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from typer import Option

from freshcoat_cli.output.printer import Format

COMMON = "Options of every command"
WRITING = "Options of every change"


class OptionGroup:
    """A parameter of this type is taken apart into the options that are its fields."""


@dataclass(frozen=True)
class Common(OptionGroup):
    """What every command takes, before or after its name."""

    output: Annotated[
        Format | None,
        Option("--output", "-o", help="table, json or jsonl. Variable: FRESHCOAT_OUTPUT", rich_help_panel=COMMON),
    ] = None
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print ids only.", rich_help_panel=COMMON)] = False
    profile: Annotated[
        str | None, Option("--profile", help="Which Freshcoat. Variable: FRESHCOAT_PROFILE", rich_help_panel=COMMON)
    ] = None
    url: Annotated[str | None, Option("--url", help="Its address. Variable: FRESHCOAT_URL", rich_help_panel=COMMON)] = (
        None
    )
    timeout: Annotated[
        float | None,
        Option("--timeout", min=1, help="End with exit code 124 after so many seconds.", rich_help_panel=COMMON),
    ] = None
    no_color: Annotated[bool, Option("--no-color", help="No colours. Variable: NO_COLOR", rich_help_panel=COMMON)] = (
        False
    )
    utc: Annotated[bool, Option("--utc", help="Show moments in UTC.", rich_help_panel=COMMON)] = False
    ascii: Annotated[bool, Option("--ascii", help="Only ASCII characters.", rich_help_panel=COMMON)] = False


@dataclass(frozen=True)
class Change(OptionGroup):
    """What every change takes."""

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.", rich_help_panel=WRITING)] = False
    idempotency_key: Annotated[
        str | None,
        Option("--idempotency-key", help="The same key does the same change once.", rich_help_panel=WRITING),
    ] = None
