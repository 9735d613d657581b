"""`freshcoat rollouts`, `tasks`, `promotions`: what was asked for, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Annotated, Any

import typer
from rich.text import Text
from typer import Argument, Option

from freshcoat_cli.command import command
from freshcoat_cli.commands.facts import facts
from freshcoat_cli.commands.panels import LOOK
from freshcoat_cli.commands.subjects import find
from freshcoat_cli.options import OptionGroup
from freshcoat_cli.output.moments import dated, full, listed, moment_of, now, zone_of, zoned
from freshcoat_cli.output.tables import Column, Item, bar
from freshcoat_cli.output.words import message, number, plain, style_of, words
from freshcoat_cli.session import Session


@dataclass(frozen=True)
class Filters(OptionGroup):
    """Which of them, and in which order."""

    pool: Annotated[str | None, Option("--pool", help="Of this pool.")] = None
    image: Annotated[str | None, Option("--image", help="Of this image.")] = None
    account: Annotated[str | None, Option("--account", help="Of this account.")] = None
    state: Annotated[list[str] | None, Option("--state", help="In this state; several times.")] = None
    open: Annotated[bool, Option("--open", help="Only what has not ended.")] = False
    requested_by: Annotated[str | None, Option("--by", help="Requested by somebody of this name.")] = None
    since: Annotated[str | None, Option("--since", help="Requested since then, like 2026-11-30T00:00Z.")] = None
    limit: Annotated[int, Option("--limit", min=1, help="At most so many.")] = 50

    def query(self) -> dict[str, Any]:
        """As the API takes them."""
        return {**asdict(self), "open": True if self.open else None}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "rollouts", panel=LOOK)(rollouts)
    command(app, "tasks", panel=LOOK)(tasks)
    command(app, "promotions", panel=LOOK)(promotions)


def rollouts(
    session: Session,
    filters: Filters,
    rollout: Annotated[str | None, Argument(help="Show this one alone; a pool means its open one.")] = None,
) -> None:
    """List rollouts, the newest first. Or show one."""
    if rollout:
        view = find(session, rollout, ("rollouts",)).view
        session.out.item(view, lambda: _rollout(view, session), view["id"])
        return
    _list(session, "rollouts", filters, "No rollouts.")


def tasks(
    session: Session,
    filters: Filters,
    task: Annotated[str | None, Argument(help="Show this one alone.")] = None,
    kind: Annotated[list[str] | None, Option("--kind", help="rollout, set_as_image, activate, …")] = None,
) -> None:
    """List tasks, the newest first: rollouts, and work on images and on many pools. Or show one."""
    if task:
        view = session.get(f"tasks/{task}")
        session.out.item(view, lambda: _task(view, session), view["id"])
        return
    _list(session, "tasks", filters, "No tasks.", kind=kind)


def promotions(
    session: Session,
    filters: Filters,
    promotion: Annotated[str | None, Argument(help="Show this one alone.")] = None,
) -> None:
    """List scheduled activations, the newest first. Or show one."""
    if promotion:
        view = session.get(f"promotions/{promotion}")
        session.out.item(view, lambda: _promotion(view, session), view["id"])
        return
    _list(session, "promotions", filters, "No promotions.")


def _list(session: Session, what: str, filters: Filters, empty: str, **more: Any) -> None:
    query = filters.query() | more
    limit = query.pop("limit")
    columns = {"rollouts": _rollout_columns, "tasks": _task_columns, "promotions": _promotion_columns}[what]
    session.out.items(session.client.pages(what, limit, **query), columns(session), lambda one: one["id"], empty)


def _when(session: Session, title: str, field: str, spare: int) -> Column:
    zone = session.out.zone
    return Column(f"{title} ({session.out.zone_title})", lambda one: listed(one[field], zone), spare=spare)


def _state() -> Column:
    return Column("STATE", lambda one: words(one["state"]), style=lambda one: style_of(one["state"]))


def _rollout_columns(session: Session) -> list[Column]:
    return [
        Column("ROLLOUT", lambda one: plain(one["id"])),
        Column("POOL", lambda one: plain(one["pool"])),
        Column("VERSION", lambda one: plain(one["version"])),
        _state(),
        Column("DONE", lambda one: f"{one['percent']} %", spare=1, right=True),
        Column("FAILED", lambda one: str(one["failed"] or ""), spare=2, right=True),
        _when(session, "REQUESTED", "created_at", 4),
        _when(session, "ENDS", "expected_end", 5),
        Column("BY", lambda one: plain(one["requested_by"]), spare=6),
        Column("NOTE", lambda one: dated(one["note"] or one["next"], session.out.zone), spare=3),
    ]


def _task_columns(session: Session) -> list[Column]:
    return [
        Column("TASK", lambda one: plain(one["id"])),
        Column("WHAT", lambda one: words(one["kind"])),
        Column("OF", lambda one: f"{plain(one['pool'] or one['image'])} {plain(one['version'] or '')}".strip()),
        _state(),
        Column("DONE", lambda one: f"{one['percent']} %", spare=1, right=True),
        _when(session, "REQUESTED", "created_at", 4),
        Column("BY", lambda one: plain(one["requested_by"]), spare=5),
        Column("NOTE", lambda one: message(one["note"]) or plain(one["step"]), spare=3),
    ]


def _promotion_columns(session: Session) -> list[Column]:
    return [
        Column("PROMOTION", lambda one: plain(one["id"])),
        Column("IMAGE", lambda one: f"{plain(one['image'])} {plain(one['version'])}"),
        _state(),
        _when(session, "DUE", "due_at", 0),
        Column(
            "POOLS", lambda one: "all" if one["every_pool"] else number(len(one["update_pools"]) or "none"), spare=1
        ),
        Column("BY", lambda one: plain(one["requested_by"]), spare=3),
        Column("NOTE", lambda one: message(one["note"] or one["waits_for"]), spare=2),
    ]


def _rollout(view: Item, session: Session) -> Iterator[Text | str]:
    zone = UTC if session.out.utc else zone_of(view["pool_time_zone"])
    schedule = view["schedule"]
    deadline = moment_of(schedule["others_force_at"] or schedule["force_at"]) if schedule else None
    versions = ", ".join(f"{hosts} on {plain(version)}" for version, hosts in view["versions"].items())
    counts = ", ".join(f"{hosts} {words(state)}" for state, hosts in view["counts"].items() if hosts)
    title = Text(f"{plain(view['pool'])}  {plain(view['image'])} ", "bold")
    title.append(f"{plain(view['from_version'] or '')} → {plain(view['version'])}   ", "not bold")
    title.append(words(view["state"]), style_of(view["state"]))
    yield from facts(
        title,
        [
            ("rollout", plain(view["id"])),
            ("done", f"{bar(view['percent'])} {view['percent']} %"),
            ("note", message(view["note"])),
            ("next", dated(view["next"], zone)),
            ("hosts", f"{view['hosts']}: {counts}" if counts else str(view["hosts"])),
            ("versions", versions),
            ("deadline", full(deadline, zone, now()) if deadline else ""),
            ("ends", zoned(view["expected_end"], zone) if not view["ended_at"] else ""),
            ("ended", zoned(view["ended_at"], zone)),
            ("people", f"{view['people_left']} on hosts without it, {view['sessions_signed_out']} signed out"),
            ("approval", message(view["waits_for"])),
            ("reason", plain(view["reason"])),
            ("by", plain(view["requested_by"])),
        ],
    )


def _task(view: Item, session: Session) -> Iterator[Text | str]:
    zone = session.out.zone
    title = Text(f"{words(view['kind'])}  {plain(view['image'])} {plain(view['version'] or '')}   ", "bold")
    title.append(words(view["state"]), style_of(view["state"]))
    yield from facts(
        title,
        [
            ("task", plain(view["id"])),
            ("done", f"{bar(view['percent'])} {view['percent']} %"),
            ("step", plain(view["step"])),
            ("note", message(view["note"])),
            ("waits for", message(view["waits_for"])),
            ("requested", f"{zoned(view['created_at'], zone)} by {plain(view['requested_by'])}"),
            ("ended", zoned(view["ended_at"], zone)),
            ("reason", plain(view["reason"])),
            ("left over", ", ".join(map(plain, view["left_over"]))),
        ],
    )
    for pool in view["pools"]:
        state = words(pool["state"] or "not begun")
        done = f"{plain(pool['pool'])}: {state} {pool['percent']} %"
        yield f"  ring {pool['ring']}  {done}  {message(pool['note'])}".rstrip()


def _promotion(view: Item, session: Session) -> Iterator[Text | str]:
    zone = UTC if session.out.utc else zone_of(view["time_zone"])
    title = Text(f"{plain(view['image'])} {plain(view['version'])}   ", "bold")
    title.append(words(view["state"]), style_of(view["state"]))
    pools = "all pools of the image" if view["every_pool"] else ", ".join(map(plain, view["update_pools"]))
    yield from facts(
        title,
        [
            ("promotion", plain(view["id"])),
            ("due", full(moment_of(view["due_at"]) or now(), zone, now())),
            ("updates", pools or "no pools"),
            ("note", message(view["note"] or view["waits_for"])),
            ("task", plain(view["task"])),
            ("reason", plain(view["reason"])),
            ("by", plain(view["requested_by"])),
        ],
    )
