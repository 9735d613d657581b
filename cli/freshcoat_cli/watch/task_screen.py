"""A task on one screen: an image that is made or activated, one update over many pools. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from freshcoat_cli.output.moments import moment_of, span
from freshcoat_cli.output.words import count, message, plain, style_of, words
from freshcoat_cli.watch.fit import Parts, bar, fit
from freshcoat_cli.watch.parts import LEAVE, arrow, fact, head, told, when
from freshcoat_cli.watch.sight import Json, Look, Sight
from freshcoat_cli.watch.words import KINDS

_BAR = 15
"""Cells of the bar of one pool."""


def task_lines(sight: Sight, look: Look, now: datetime) -> list[Text]:
    """The screen, no longer and no wider than the look allows."""
    view = sight.view
    parts = Parts(
        top=[
            head(task_name(view, only_ascii=look.ascii), sight, look, now),
            bar(int(view["percent"]), look.width, style_of(view["state"]) or "cyan", only_ascii=look.ascii),
        ],
        facts=list(_facts(view, look, now)),
        details=lambda room: _details(view, look, now, room),
        events=[],
        foot=[] if view["ended_at"] else [Text(LEAVE, "dim")],
    )
    return fit(parts, look.width, look.height)


def task_name(view: Json, *, only_ascii: bool) -> str:
    """`Set as image: win11-office 1.0.0 → 2.0.0`."""
    kind = KINDS.get(str(view["kind"])) or words(str(view["kind"])).capitalize()
    return (
        f"{kind}: {plain(view['image'])} {arrow(view['from_version'], view['version'], only_ascii=only_ascii)}".strip()
    )


def _facts(view: Json, look: Look, now: datetime) -> Iterator[Text]:
    if view["step"]:
        yield fact("step", plain(view["step"]))
    waits = view["waits_for"]
    if waits:
        until = moment_of(waits.get("until"))
        yield fact("waits", f"{told(waits, look, now)}{f' ({when(until, look, now)})' if until else ''}")
    if (view["may_approve"] or {}).get("can"):
        yield fact("go on", f"freshcoat approve {view['id']}")
    if view["note"] and message(view["note"]) != message(waits):
        yield fact("note", told(view["note"], look, now))
    if view["left_over"]:
        yield fact(
            "left over", count(len(view["left_over"]), "resource", "resources") + " in Azure could not be removed"
        )


def _details(view: Json, look: Look, now: datetime, room: int) -> Sequence[Text]:
    rows = [_pool(pool, view, look) for pool in _by_need(view["pools"])] or [
        _step(step, look, now) for step in view["steps"]
    ]
    if len(rows) <= room:
        return rows
    if not view["pools"]:
        return rows[len(rows) - room :] if room else []
    return [*rows[: room - 1], Text(f"  and {len(rows) - room + 1} more pools", "dim")] if room else []


def _by_need(pools: Sequence[Json]) -> list[Json]:
    """By ring and name; where they do not all fit, what has ended is not worth its line, so it comes last."""
    ended = {"succeeded", "cancelled", "rolled_back"}
    return sorted(pools, key=lambda pool: (pool["state"] in ended, pool["ring"], pool["pool"]))


def _pool(pool: Json, view: Json, look: Look) -> Text:
    width = min(max(len(str(one["pool"])) for one in view["pools"]), 30)
    state = str(pool["state"] or "")
    style = style_of(state) or "dim"
    note = message(pool["note"])
    return Text.assemble(
        (f"ring {pool['ring']}  ", "dim"),
        f"{plain(pool['pool']):<{width}}  ",
        bar(int(pool["percent"]), _BAR, style, only_ascii=look.ascii),
        f" {pool['percent']:>3} %  ",
        (words(state), style),
        f"{'  ' if state and note else ''}{note}",
    )


def _step(step: Json, look: Look, now: datetime) -> Text:
    begun, ended = moment_of(step["begun_at"]), moment_of(step["ended_at"])
    length = f"  {span(((ended or now) - begun).total_seconds())}" if begun else ""
    sign, in_ascii, style = ("✔", "+", "green") if ended else ("⟳", "*", "cyan")
    detail = f"  {plain(step['detail'])}" if step["detail"] else ""
    return Text.assemble(
        (in_ascii if look.ascii else sign, style), f" {plain(step['name'])}", (f"{length}{detail}", "dim")
    )
