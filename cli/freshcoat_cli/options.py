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
        Option("--output", "-o", help="How answers are written. Variable: FRESHCOAT_OUTPUT", rich_help_panel=COMMON),
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


FOLLOWING = "Following it"


@dataclass(frozen=True)
class Following(OptionGroup):
    """When to stop looking."""

    stop_when_waiting: Annotated[
        bool,
        Option(
            "--stop-when-waiting",
            help="End with exit code 9 when it waits for a person: paused, or an approval.",
            rich_help_panel=FOLLOWING,
        ),
    ] = False


@dataclass(frozen=True)
class Waiting(Following):
    """Whether to follow what was begun."""

    wait: Annotated[bool, Option("--wait", help="Follow it until its end.", rich_help_panel=FOLLOWING)] = False


@dataclass(frozen=True)
class Reasoned(Change, Waiting):
    """What a command to something that runs takes."""

    reason: Annotated[
        str | None, Option("--reason", help="Why; it is kept in the record.", rich_help_panel=WRITING)
    ] = None


@dataclass(frozen=True)
class Bounded(Reasoned):
    """What a command takes that may sign people out."""

    sign_out: Annotated[
        int | None,
        Option("--sign-out", min=0, help="The most people that may be signed out now.", rich_help_panel=WRITING),
    ] = None


@dataclass(frozen=True)
class Begin(Bounded):
    """What a command takes that begins something with a plan."""

    what_if: Annotated[bool, Option("--what-if", help="Only show what would happen.", rich_help_panel=WRITING)] = False
    plan: Annotated[
        str | None, Option("--plan", help="Do what the plan with this id says, or nothing.", rich_help_panel=WRITING)
    ] = None


SCHEDULE = "When"
_TIMES = 'Like "mon 01:00", "tomorrow 22:00", +2h, 2026-12-07T01:00; in the zone of the pool.'


@dataclass(frozen=True)
class When(OptionGroup):
    """When hosts are updated, and people signed out."""

    now: Annotated[
        bool, Option("--now", help="Now: people are told, and signed out at once.", rich_help_panel=SCHEDULE)
    ] = False
    at: Annotated[
        str | None,
        Option("--at", help=f"Then: people are signed out at this moment. {_TIMES}", rich_help_panel=SCHEDULE),
    ] = None
    on_logoff: Annotated[
        str | None,
        Option("--on-logoff", help="As people sign out; the last ones at this moment.", rich_help_panel=SCHEDULE),
    ] = None
    begin: Annotated[
        str | None, Option("--begin", help="With --on-logoff: nothing before this moment.", rich_help_panel=SCHEDULE)
    ] = None


@dataclass(frozen=True)
class Rules(OptionGroup):
    """What differs from the policy of the pool."""

    policy: Annotated[
        list[str] | None,
        Option(
            "--policy", metavar="NAME=VALUE", help="A field of the policy, such as max_unavailable=10%; several times."
        ),
    ] = None
