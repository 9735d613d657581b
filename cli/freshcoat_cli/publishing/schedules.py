"""The schedule of a request: typed moments read in the zone of the pool, and read back in full."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from freshcoat_cli.errors import CliError, Exit, usage
from freshcoat_cli.options import When
from freshcoat_cli.output.moments import now
from freshcoat_cli.times.errors import BadTime
from freshcoat_cli.times.parse import parse

Schedule = dict[str, str]


def moment(text: str, zone: str, option: str) -> str:
    """A typed moment as the API takes it, with its offset. Raises CliError for one that is past or not clear."""
    try:
        return parse(text, now=now(), zone=_known(zone, option)).sent
    except BadTime as error:
        raise CliError(Exit.REFUSED, f"{option} is not clear", str(error)) from error


def _known(zone: str, option: str) -> ZoneInfo:
    """The zone. Raises CliError for one that this machine does not know: in another one, people lose hours."""
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise CliError(
            Exit.REFUSED,
            f"{option} cannot be read: this machine does not know the time zone {zone}",
            "Install the zones of the system (tzdata), or the Python package tzdata.",
        ) from error


def schedule_of(when: When, zone: str) -> Schedule | None:
    """The schedule, its moments read in this zone; None when nothing says when. Raises CliError."""
    given = [name for name in ("now", "at", "on_logoff") if getattr(when, name)]
    if len(given) > 1:
        raise usage("Choose one of --now, --at and --on-logoff.")
    if when.begin and given != ["on_logoff"]:
        raise usage("--begin belongs to --on-logoff.")
    if not given:
        return None
    mode = given[0]
    if mode == "now":
        return {"mode": mode}
    if when.at:
        return {"mode": mode, "at": moment(when.at, zone, "--at"), "time_zone": zone}
    found = {"mode": mode, "deadline": moment(when.on_logoff or "", zone, "--on-logoff"), "time_zone": zone}
    return found | ({"begin_at": moment(when.begin, zone, "--begin")} if when.begin else {})


def needed_schedule(when: When, zone: str) -> Schedule:
    """As above. Raises a usage error when nothing says when."""
    found = schedule_of(when, zone)
    if found is None:
        raise usage("Say when: --now, --at WHEN or --on-logoff WHEN.")
    return found


def policy_of(given: Sequence[str] | None) -> dict[str, Any]:
    """`max_unavailable=10%` and so on as an object: numbers, lists and objects are JSON. Raises CliError."""
    found: dict[str, Any] = {}
    for one in given or ():
        name, equals, text = one.partition("=")
        if not (name and equals):
            raise usage(f"--policy {one} has no value.", "Write it like --policy max_unavailable=10%")
        try:
            found[name.replace("-", "_")] = json.loads(text)
        except ValueError:
            found[name.replace("-", "_")] = text
    return found
