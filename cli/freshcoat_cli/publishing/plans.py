"""Plans as people read them before they agree. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from rich.text import Text

from freshcoat_cli.commands.facts import facts
from freshcoat_cli.output.moments import full, moment_of, name_of, now, short, zone_of
from freshcoat_cli.output.words import as_option, count, message, plain, words

Plan = Mapping[str, Any]
LONGEST_WARNING = 60
"""Minutes. Who is signed out sooner than that has to be agreed to by number."""


def zone_of_plan(plan: Plan, *, utc: bool) -> tzinfo:
    """The zone in which its people live."""
    schedule = plan.get("schedule")
    return UTC if utc or not schedule else zone_of(schedule["time_zone"])


def pool_plan(plan: Plan, *, utc: bool) -> Iterator[Text | str]:
    """The plan of one pool."""
    title = Text(f"{plain(plan['pool'])}  {plain(plan['image'])} ", "bold")
    title.append(f"{plain(plan['from_version'] or 'unknown')} → {plain(plan['version'])}")
    zone = zone_of_plan(plan, utc=utc)
    ends = moment_of(plan["expected_end"])
    yield from facts(
        title,
        [
            ("hosts", _hosts(plan)),
            ("deadline", _deadline(plan["schedule"], zone)),
            ("people", _people(plan["users_now"], plan["users_at_force"], plan["schedule"])),
            ("ends", f"about {short(ends, zone, now())} {name_of(zone, ends)}" if ends else ""),
            ("windows", message(plan["windows"])),
            ("proof", message(plan["proof"])),
            ("later", message(plan["deadline"])),
            ("approval", message(plan["approval"])),
            ("checks", _checks(plan)),
        ],
    )
    yield from findings(plan["preflight"])


def _hosts(plan: Plan) -> str:
    said = [str(plan["to_update"])]
    said += [f"at most {plan['at_once']} at once"] if plan["at_once"] else []
    order = message(plan["ordered_by"])
    return ", ".join(said) + (f"; {order[:1].lower()}{order[1:].rstrip('.')}" if order else "")


def _deadline(schedule: Mapping[str, Any] | None, zone: tzinfo) -> str:
    if not schedule:
        return ""
    if schedule["mode"] == "now":
        return "now: people are told, and signed out at once"
    at = moment_of(schedule["force_at"]) or now()
    return full(at, zone, now())


def _people(now_there: int, at_force: int, schedule: Mapping[str, Any] | None) -> str:
    when = "now" if schedule and schedule["mode"] == "now" else "at the deadline"
    return f"{now_there} now; at most {at_force} signed out {when}"


def _checks(plan: Plan) -> str:
    results = [one["result"] for one in plan["preflight"]]
    said = f"{results.count('pass')} passed, {count(results.count('warn'), 'warning')}"
    return said + (f", {results.count('fail')} failed" if "fail" in results else "")


def findings(found: list[Mapping[str, Any]]) -> Iterator[Text]:
    """The checks that did not pass, and what to do."""
    for one in found:
        if one["result"] != "pass":
            failed = one["result"] == "fail"
            line = Text(f"{'✘' if failed else '!'} {words(one['check'])}: ", "red" if failed else "yellow")
            line.append(plain(one["detail"]), "default")
            yield line
            if one.get("what_to_do"):
                yield Text(f"  {as_option(one['what_to_do'])}", "dim")


def fleet_plan(plan: Plan, *, utc: bool) -> Iterator[Text | str]:
    """The plan of many pools, ring by ring."""
    pools = sum(len(one["pools"]) for one in plan["rings"])
    ends = moment_of(plan["expected_end"])
    yield from facts(
        f"{plain(plan['image'])} {plain(plan['version'])} to {count(pools, 'pool')}",
        [
            ("hosts", str(plan["to_update"])),
            ("people", f"{plan['users_now']} now; at most {plan['users_at_force']} signed out"),
            ("ends", f"about {short(ends, UTC, now())} UTC" if ends else ""),
            ("approval", message(plan["approval"])),
        ],
    )
    for ring in plan["rings"]:
        begins = moment_of(ring["begins_at"])
        begin = f", begins about {short(begins, UTC, now())} UTC" if begins else ""
        yield ""
        yield Text(f"ring {ring['ring']}{begin}{', after an approval' if ring['approval'] else ''}", "bold")
        for pool in ring["pools"]:
            at = _deadline(pool["schedule"], zone_of_plan(pool, utc=utc))
            hosts = f"{count(pool['to_update'], 'host')}, {count(pool['users_now'], 'person', 'people')}"
            yield f"  {plain(pool['pool'])}: {hosts}, deadline {at}"
    for problem in plan["problems"]:
        yield Text(f"✘ {message(problem)}", "red")


def activation_plan(plan: Plan, *, utc: bool) -> Iterator[Text | str]:
    """What an activation or the roll-back of an image would do."""
    title = Text(f"{plain(plan['image'])}  ", "bold")
    title.append(f"{plain(plan['from_version'] or 'none')} → {plain(plan['version'])} becomes the active version")
    updated = [one for one in plan["pools"] if one["updated"]]
    new_only = [one for one in plan["pools"] if one["follows"] and not one["updated"]]
    yield from facts(
        title,
        [
            (
                "versions",
                ", ".join(f"{plain(one['version'])} becomes {words(one['becomes'])}" for one in plan["versions"]),
            ),
            ("updated", f"{count(plan['to_update'], 'host')} of {_names(updated)}" if updated else "no hosts"),
            ("new hosts", f"of {_names(new_only)} get it, too" if new_only else ""),
            ("deadline", _deadline(plan["schedule"], zone_of_plan(plan, utc=utc))),
            ("people", f"at most {plan['users_at_force']} signed out" if updated else ""),
            ("stops", ", ".join(f"{plain(one['pool'])} {plain(one['rollout'])}" for one in plan["stopped_rollouts"])),
            ("approval", message(plan["approval"])),
            ("checks", _checks(plan)),
        ],
    )
    yield from findings(plan["preflight"])


def _names(pools: list[Mapping[str, Any]]) -> str:
    names = [plain(one["pool"]) for one in pools]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def promotion_plan(plan: Plan, *, utc: bool) -> Iterator[Text | str]:
    """What a scheduled activation would do as of now."""
    zone = UTC if utc else zone_of(plan["time_zone"])
    yield Text(f"due {full(moment_of(plan['due_at']) or now(), zone, now())}", "bold")
    yield ""
    yield from activation_plan(plan["activation"], utc=utc)


def new_version_plan(plan: Plan, *, utc: bool) -> Iterator[Text | str]:
    """What a set-as-image would do."""
    del utc
    title = Text(f"{plain(plan['image'])}  ", "bold")
    title.append(f"{plain(plan['version'])} is made from {plain(plan['template_vm_id']).rpartition('/')[2]}")
    off = "runs: it is switched off, and started again as soon as its disk is copied" if plan["switched_off"] else ""
    regions = ", ".join(f"{plain(one['name'])} ({one['replicas']})" for one in plan["regions"])
    changes = ", ".join(f"{plain(one['version'])} becomes {words(one['becomes'])}" for one in plan["versions"])
    yield from facts(
        title, [("template", off), ("versions", changes), ("regions", regions), ("approval", message(plan["approval"]))]
    )


def is_soon(plan: Plan, at: datetime) -> bool:
    """Whether people would be signed out before the first warning of an hour."""
    return plan["users_at_force"] > 0 and is_close(plan, at)


def is_close(plan: Plan, at: datetime) -> bool:
    """Whether that moment is so near that somebody who signs in now would be signed out without a warning."""
    schedules = [_schedule(one) for one in _parts(plan)]
    longest = max(
        [LONGEST_WARNING, *(m for one in _parts(plan) for m in (one.get("policy") or {}).get("warn_minutes", ()))]
    )
    moments = [moment_of(one["force_at"]) for one in schedules if one]
    return any(one and one - at <= timedelta(minutes=longest) for one in moments)


def _parts(plan: Plan) -> list[Mapping[str, Any]]:
    """The plan itself, or those of the pools of its first ring."""
    return list(plan["rings"][0]["pools"]) if plan.get("rings") else [plan]


def _schedule(plan: Plan) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = plan.get("schedule")
    return found
