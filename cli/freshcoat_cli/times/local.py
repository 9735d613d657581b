"""From a local date and time to a moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from freshcoat_cli.times.errors import BadTime


def moments_at(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The moments (UTC) at which the clocks of the zone show `local` (without a zone): one; two where they are set
    back; none where they are set forward."""
    both = sorted({local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})
    return tuple(moment for moment in both if moment.astimezone(zone).replace(tzinfo=None) == local)


def moments_around(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Those moments; where the clocks skip `local`, the two that it may mean: counted from before and from after."""
    return moments_at(local, zone) or tuple(
        sorted(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    )


def only_moment(local: datetime, zone: ZoneInfo, now: datetime, typed: str) -> datetime:
    """The moment (UTC) at which the clocks show `local`. Raises BadTime with candidates if there are two or none."""
    found = moments_at(local, zone)
    if len(found) == 1:
        return found[0]
    happens = "happens twice" if found else "does not happen"
    raise BadTime(f"The clocks change: in {zone.key} “{typed}” {happens}.", written([local], zone, now))


def written(locals_: Iterable[datetime], zone: ZoneInfo, now: datetime) -> tuple[str, ...]:
    """Texts that each name one moment ahead of `now`, for local times that may be one: `2026-10-25T02:30+02:00`."""
    moments = sorted({moment for local in locals_ for moment in moments_around(local, zone)})
    return tuple(sent(moment, zone) for moment in moments if moment > now)


def sent(moment: datetime, zone: ZoneInfo) -> str:
    """The moment with the offset of the zone, as the API takes it; seconds only if there are any."""
    local = moment.astimezone(zone)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def plus_days(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day so many days later (UTC). Raises BadTime if days of 24 hours end at another moment."""
    exact = moment + timedelta(days=days)
    same_time = (moment.astimezone(zone) + timedelta(days=days)).astimezone(UTC)
    if exact != same_time:
        both = tuple(sent(at, zone) for at in sorted((exact, same_time)))
        raise BadTime(f"The clocks of {zone.key} change within these days.", both)
    return exact
