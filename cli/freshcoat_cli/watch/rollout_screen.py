"""A rollout on one screen. Pure: the same sight, look and moment give the same lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from freshcoat_cli.output.moments import distance, moment_of, near, short, span
from freshcoat_cli.output.moments import name_of as zone_name
from freshcoat_cli.output.words import count, message, plain, style_of
from freshcoat_cli.watch.fit import Parts, bar, fit, wrapped
from freshcoat_cli.watch.parts import LEAVE, arrow, fact, head, told
from freshcoat_cli.watch.sight import Json, Look, Sight
from freshcoat_cli.watch.words import HOSTS, WORKING, host_state, short_host


def rollout_lines(sight: Sight, look: Look, now: datetime) -> list[Text]:
    """The screen, no longer and no wider than the look allows."""
    view = sight.view
    style = style_of(view["state"]) or "cyan"
    parts = Parts(
        top=[
            head(name_of(view, only_ascii=look.ascii), sight, look, now),
            bar(int(view["percent"]), look.width, style, only_ascii=look.ascii),
            *wrapped(counts(view, only_ascii=look.ascii), look.width),
        ],
        facts=list(_facts(view, look, now)),
        details=lambda room: _hosts(sight, look, now, room),
        events=[event_line(event, look) for event in sight.events],
        foot=[] if view["ended_at"] else [Text(LEAVE, "dim")],
    )
    return fit(parts, look.width, look.height)


def name_of(view: Json, *, only_ascii: bool) -> str:
    """`office  win11-office 1.0.0 → 2.0.0`."""
    what = "refresh" if view["kind"] == "refresh" else plain(view["image"])
    versions = (
        plain(view["version"])
        if view["kind"] == "refresh"
        else arrow(view["from_version"], view["version"], only_ascii=only_ascii)
    )
    return f"{plain(view['pool'])}  {what} {versions}"


def counts(view: Json, *, only_ascii: bool) -> Iterator[Text]:
    """`✔ done 31` for each state that has hosts."""
    numbers = dict(view["counts"])
    for state in [*HOSTS, *sorted(numbers.keys() - HOSTS.keys())]:
        if numbers.get(state):
            shown = host_state(state)
            yield Text.assemble(
                (shown.plain if only_ascii else shown.sign, shown.style), f" {shown.word} {numbers[state]}"
            )


def _facts(view: Json, look: Look, now: datetime) -> Iterator[Text]:
    if view["note"]:
        yield fact("note", told(view["note"], look, now))
    if view["next"]:
        yield fact("next", told(view["next"], look, now))
    if view["ended_at"]:
        return
    if command := _goes_on_by(view):
        yield fact("go on", f"freshcoat {command} {plain(view['pool'])}")
    yield from _deadline(view, look, now)
    if end := moment_of(view["expected_end"]):
        bounds = [near(at, look.zone, now) for text in view["expected_end_bounds"] or () if (at := moment_of(text))]
        certain = f" ({bounds[0]} to {bounds[1]})" if len(bounds) == 2 else ""
        zone = "" if _has_deadline(view) else f" {zone_name(look.zone, end)}"
        yield fact("ends", f"about {near(end, look.zone, now)}{certain}{zone}")
    yield fact("people", _people(view))


def _goes_on_by(view: Json) -> str:
    """The command that lets it go on, if it waits for that and the caller may give it."""
    command = {"paused": "resume", "awaiting_approval": "approve"}.get(view["state"], "")
    return command if may(view, command) else ""


def may(view: Json, command: str) -> bool:
    """Whether the caller may give this command to the rollout now."""
    offers = view["commands"] or {}
    return bool(offers.get(command, {}).get("can"))


def _deadline(view: Json, look: Look, now: datetime) -> Iterator[Text]:
    if not _has_deadline(view):
        return
    at = moment_of(view["schedule"]["force_at"])
    if at is not None:
        zone = zone_name(look.zone, at)
        yield fact("deadline", f"{short(at, look.zone, now)} {zone}, {distance(at, now)}")


def _has_deadline(view: Json) -> bool:
    """Whether the screen has the line of the deadline, which names the zone of its times."""
    return view["schedule"] is not None and view["schedule"]["mode"] != "now"


def _people(view: Json) -> str:
    left = int(view["people_left"])
    where = f"still on {plain(view['from_version'])}" if view["from_version"] else "on hosts to come"
    text = f"{left} {where}, {view['sessions_signed_out']} signed out"
    if view["accepting"] is None:
        return text
    return f"{text}; {view['accepting']} of {count(view['hosts'], 'host accepts', 'hosts accept')} people"


def _hosts(sight: Sight, look: Look, now: datetime, room: int) -> Sequence[Text]:
    """Failed hosts, hosts in work, then hosts that wait for their users; how many more are in work."""
    if room <= 0 or (sight.view["ended_at"] is not None and not sight.view["failed"]):
        return []
    listed = [host for host in sight.hosts if host["state"] in {"failed", *WORKING, "waiting_for_logoff", "draining"}]
    numbers = sight.view["counts"]
    all_of_them = sum(numbers.get(state, 0) for state in ("failed", *WORKING))
    if len(listed) <= room and all_of_them <= len(listed):
        return [_host(host, look, now) for host in listed]
    shown = listed[: room - 1]
    more = max(all_of_them - sum(host["state"] in {"failed", *WORKING} for host in shown), 0)
    rest = [Text(f"  and {more} more {'failed or ' if numbers.get('failed') else ''}in work", "dim")] if more else []
    return [*(_host(host, look, now) for host in shown), *rest]


def _host(host: Json, look: Look, now: datetime) -> Text:
    state = host_state(str(host["state"]))
    sign = state.plain if look.ascii else state.sign
    about = ", ".join(part for part in _about(host, now) if part)
    return Text.assemble(
        (sign, state.style), f" {short_host(host['host']):<15} {state.narrow or state.word:<12} {about}"
    )


def _about(host: Json, now: datetime) -> Iterator[str]:
    if host["state"] == "failed":
        yield plain(host["error"]) or message(host["reason"])
        yield f"attempt {host['attempt']}" if host["attempt"] > 1 else ""
        return
    since = moment_of(host["state_since"])
    yield span((now - since).total_seconds()) if since else ""
    if host["sessions"]:
        yield count(host["sessions"], "person", "people")
    if host["waiting"]:
        yield plain(f"{host['waiting']['call']}: {host['waiting']['answer']}".strip(": "))
    if host["attempt"] > 1:
        yield f"attempt {host['attempt']}"


def event_line(event: Json, look: Look) -> Text:
    """`23:40:52 office-0042 is on 2.0.0`."""
    at = moment_of(event["at"])
    clock = f"{at.astimezone(look.zone):%H:%M:%S} " if at else ""
    return Text.assemble((clock, "dim"), message(event["text"]))
