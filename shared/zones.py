"""Time zones by the names people give: IANA or Windows. Pure."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz


class UnknownZone(ValueError):
    """No time zone has this name."""


@cache
def _names() -> dict[str, str]:
    """Lower-case name -> IANA name. IANA names win over Windows names that look the same (`UTC`)."""
    windows = {name.lower(): iana for name, iana in win_tz.items()}
    return windows | {name.lower(): name for name in available_timezones()}


def zone_named(name: str) -> ZoneInfo:
    """The zone called `name` (`Europe/Berlin`, `W. Europe Standard Time`, in any case); its key is the IANA name.

    Windows names map as CLDR says for the whole world (tzlocal's table). Raises UnknownZone.
    """
    known = _names().get(name.strip().lower())
    if known is None:
        raise UnknownZone(
            f"there is no time zone {name[:80]!r}; use a name like Europe/Berlin or W. Europe Standard Time"
        )
    return ZoneInfo(known)
