"""Parse the dates of a request into the start and the deadline of a rollout. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.api.common import ScheduleRequest
from shared.api.promotions import PromotionMoment
from shared.api.rollouts import Reschedule
from shared.core.errors import FieldProblem, InvalidRequest
from shared.core.time_zones import UnknownZone, days_later, parse_moment, zone_named
from shared.models.base import iso
from shared.models.policy import ScheduleMode
from shared.models.rollouts import Schedule

FARTHEST = timedelta(days=731)
"""How far ahead a date may be: beyond that a typing mistake is more likely than a plan."""
_FIELDS = ("at", "begin_at", "deadline")
_ALLOWED = {
    ScheduleMode.NOW: frozenset[str](),
    ScheduleMode.AT: frozenset({"at"}),
    ScheduleMode.ON_LOGOFF: frozenset({"begin_at", "deadline"}),
}
_NEEDED = {ScheduleMode.AT: "at", ScheduleMode.ON_LOGOFF: "deadline"}


@dataclass
class _Reading:
    """Parses the dates of one request and collects every problem, so that all are named at once."""

    now: datetime
    prefix: str
    problems: list[FieldProblem] = field(default_factory=list)
    after: str = ""
    """Names the event at `now` when that is in the future: `the activation`."""

    def wrong(self, name: str, message: str) -> None:
        self.problems.append(FieldProblem(f"{self.prefix}{name}", message))

    def zone(self, given: str | None, pool_zone: str) -> ZoneInfo | None:
        try:
            return zone_named(given if given is not None else pool_zone)
        except UnknownZone as error:
            self.wrong("time_zone", str(error))
            return None

    def moment(self, name: str, text: str | None, zone: ZoneInfo | None) -> datetime | None:
        """The parsed date. None when it was left out or is wrong; a wrong one is added to the problems."""
        if text is None or zone is None:
            return None
        try:
            moment = parse_moment(text, zone)
        except ValueError as error:
            self.wrong(name, str(error))
            return None
        if moment < self.now:
            self.wrong(name, self._too_early(zone))
            return None
        if moment > self.now + FARTHEST:
            self.wrong(name, f"this is more than two years {f'after {self.after}' if self.after else 'ahead'}")
            return None
        return moment

    def _too_early(self, zone: ZoneInfo) -> str:
        now = iso(self.now.astimezone(zone))
        return f"this is before {self.after} at {now}" if self.after else f"this is in the past; it is {now} now"

    def days(self, days: int, staged_at: datetime, zone: ZoneInfo) -> datetime:
        """The date this many days after the staging. A past one is added to the problems."""
        moment = days_later(staged_at, days, zone)
        if moment < self.now:
            self.wrong("days_after_staging", f"that would be {iso(moment.astimezone(zone))}: {self._too_early(zone)}")
        return moment

    def is_wrong(self, name: str) -> bool:
        return any(problem.field == f"{self.prefix}{name}" for problem in self.problems)

    def stop_if_wrong(self) -> None:
        if self.problems:
            raise InvalidRequest(self.problems)


def parse_schedule(
    request: ScheduleRequest, *, now: datetime, pool_zone: str, prefix: str = "schedule.", after: str = ""
) -> Schedule:
    """The start and deadline of a request, in UTC. Local dates are in the request's zone, or else in `pool_zone`.

    `after` names the event at `now` when that is in the future. Raises InvalidRequest naming every bad field, each
    with `prefix` before it.
    """
    reading = _Reading(now, prefix, after=after)
    mode = request.mode
    zone = reading.zone(request.time_zone, pool_zone)
    given = {name: getattr(request, name) for name in _FIELDS}
    for name, text in given.items():
        if text is not None and name not in _ALLOWED[mode]:
            reading.wrong(name, f"not allowed with mode {mode.value}; {_hint(mode)}")
    needed = _NEEDED.get(mode)
    if needed and given[needed] is None:
        reading.wrong(needed, f"mode {mode.value} requires this date and time")
    moments = {name: reading.moment(name, given[name], zone) for name in _FIELDS if name in _ALLOWED[mode]}
    begin = moments.get("at") or moments.get("begin_at") or now
    force = moments.get("at") or moments.get("deadline") or begin
    if force < begin:
        reading.wrong("deadline", "the deadline is before the start; give a later one")
    reading.stop_if_wrong()
    return Schedule(mode=mode, begin_at=begin, force_at=force, time_zone=zone.key if zone else "UTC")


def _hint(mode: ScheduleMode) -> str:
    allowed = sorted(_ALLOWED[mode])
    return f"it takes {' and '.join(allowed)}" if allowed else "it takes no date"


def parse_promotion(
    asked: PromotionMoment, *, now: datetime, staged_at: datetime | None, zone: str = "UTC"
) -> tuple[datetime | None, str]:
    """The requested date in UTC, and the IANA name of the request's zone, or else of `zone`.

    The date is None when it counts from a staging whose time is not known. Raises InvalidRequest naming every bad
    field.
    """
    reading = _Reading(now, "")
    place = reading.zone(asked.time_zone, zone)
    days = asked.days_after_staging
    if asked.at is None and days is None:
        reading.wrong("at", "give a date and time, or days_after_staging")
    if asked.at is not None and days is not None:
        reading.wrong("days_after_staging", "give either at or days_after_staging, not both")
    moment = reading.moment("at", asked.at, place)
    if asked.at is None and days is not None and staged_at and place:
        moment = reading.days(days, staged_at, place)
    reading.stop_if_wrong()
    return moment, place.key if place else zone


def move_schedule(current: Schedule, asked: Reschedule, *, now: datetime, started: bool, forcing: bool) -> Schedule:
    """The schedule with the dates that the request changes.

    `started`: hosts may be in work, so the start cannot change. `forcing`: sessions are being ended, so the deadline
    cannot change either. Raises InvalidRequest naming every bad field.
    """
    reading = _Reading(now, "")
    mode = current.mode
    zone = reading.zone(asked.time_zone, current.time_zone)
    given = {name: text for name in _FIELDS if (text := getattr(asked, name)) is not None}
    for name in sorted(given.keys() - _ALLOWED[mode]):
        reading.wrong(name, f"this rollout has mode {mode.value}; {_hint(mode)}")
    if mode is ScheduleMode.NOW or not given:
        reading.wrong(_NEEDED.get(mode, "at"), _nothing_to_move(mode))
    for name in ("at", "begin_at"):
        if name in given and started:
            reading.wrong(name, "the rollout has already started; pause or cancel it instead")
    if "deadline" in given and forcing:
        reading.wrong("deadline", "users are already being signed out; pause or cancel the rollout instead")
    moments = {name: reading.moment(name, text, zone) for name, text in given.items() if not reading.is_wrong(name)}
    reading.stop_if_wrong()
    begin = moments.get("at") or moments.get("begin_at") or current.begin_at
    force = moments.get("at") or moments.get("deadline") or current.force_at
    if force < begin:
        reading.wrong("deadline", "the deadline is before the start; give a later one")
    reading.stop_if_wrong()
    return Schedule(mode=mode, begin_at=begin, force_at=force, time_zone=zone.key if zone else current.time_zone)


def _nothing_to_move(mode: ScheduleMode) -> str:
    if mode is ScheduleMode.NOW:
        return "a rollout of mode now has no date to change; pause or cancel it"
    return "give the new date and time"
