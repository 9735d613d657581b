"""`freshcoat audit`: who did what, and whether the record is as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text
from typer import Option

from freshcoat_cli.command import command, default
from freshcoat_cli.commands.facts import facts
from freshcoat_cli.commands.panels import LOOK
from freshcoat_cli.errors import CliError, Exit
from freshcoat_cli.helping import PlainGroup
from freshcoat_cli.output.moments import listed, now
from freshcoat_cli.output.tables import Column
from freshcoat_cli.output.words import count, plain, words
from freshcoat_cli.session import Session

Month = Annotated[str | None, Option("--month", metavar="YYYY-MM", help="This month. In UTC.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        cls=PlainGroup, help="Read the record of who did what, the newest first. verify: prove that it is whole."
    )
    default(group)(audit)
    command(group, "verify", judges=True)(verify)
    command(group, "refusals")(refusals)
    app.add_typer(group, name="audit", rich_help_panel=LOOK)


def audit(
    session: Session,
    who: Annotated[str | None, Option("--who", help="By somebody of this name or id.")] = None,
    action: Annotated[str | None, Option("--action", help="Of this action.")] = None,
    subject: Annotated[str | None, Option("--subject", help="About this.")] = None,
    pool: Annotated[str | None, Option("--pool", help="About this pool.")] = None,
    image: Annotated[str | None, Option("--image", help="About this image.")] = None,
    account: Annotated[str | None, Option("--account", help="In this account.")] = None,
    rollout: Annotated[str | None, Option("--rollout", help="About this rollout.")] = None,
    kind: Annotated[str | None, Option("--kind", help="intent, outcome or change.")] = None,
    since: Annotated[str | None, Option("--since", help="Since then, like 2026-11-30T00:00Z.")] = None,
    until: Annotated[str | None, Option("--until", help="Before then.")] = None,
    csv: Annotated[bool, Option("--csv", help="As CSV.")] = False,
    limit: Annotated[int, Option("--limit", min=1, help="At most so many.")] = 50,
) -> None:
    """Read the record of who did what, the newest first."""
    query: dict[str, Any] = {"who": who, "action": action, "subject": subject, "pool": pool, "image": image}
    query |= {"account": account, "rollout": rollout, "kind": kind, "from": since, "to": until}
    if csv:
        _csv(session, query, limit)
        return
    items = session.client.pages("audit", limit, **query)
    session.out.items(items, _columns(session), lambda one: one["id"], "No entries.")


def _csv(session: Session, query: dict[str, Any], limit: int) -> None:
    """Page after page, with one head."""
    left, continuation = limit, None
    while left > 0:
        size = min(200, left)
        asked = {**query, "format": "csv", "limit": size, "continuation": continuation}
        reply = session.client.request("GET", "audit", query=asked, headers={"Accept": "text/csv"})
        text = reply.text if continuation is None else reply.text.partition("\n")[2]
        for line in text.splitlines() if session.out.out.is_terminal else [text.rstrip("\r\n")] if text.strip() else []:
            session.out.line(plain(line) if session.out.out.is_terminal else line)
        left -= size
        if not (continuation := reply.headers.get("X-Continuation")):
            return


def _columns(session: Session) -> list[Column]:
    zone = session.out.zone
    return [
        Column(f"AT ({session.out.zone_title})", lambda one: listed(one["at"], zone)),
        Column("WHO", lambda one: plain(one["who"])),
        Column("ACTION", lambda one: plain(one["action"])),
        Column("SUBJECT", lambda one: plain(one["subject"])),
        Column("KIND", lambda one: words(one["kind"]), spare=3),
        Column("STATUS", lambda one: plain(one["status"] or ""), spare=2),
        Column("DETAIL", lambda one: plain(one["detail"]), spare=1),
    ]


def verify(session: Session, month: Month = None) -> None:
    """Check that no entry was changed, removed or put in. Exit code 8 when one was."""
    found = session.get("audit/verify", month=month)
    session.out.item(found, lambda: _verified(found), "whole" if found["whole"] else "broken")
    if not found["whole"]:
        first = found["first"]
        where = f"The oldest: {plain(first['month'])}, {plain(first['why'])}" if first else ""
        raise CliError(Exit.ENDED_OTHERWISE, f"The record is broken in {count(found['broken'], 'place')}", where)


def _verified(found: dict[str, Any]) -> Iterator[Text | str]:
    whole = found["whole"]
    yield from facts(
        Text("✔ The record is whole" if whole else "✘ The record is broken", "green" if whole else "bold red"),
        [
            ("entries", f"{found['entries']} {_months(found['months'])}"),
            ("signed", ", ".join(map(plain, found["signed"])) or "no month yet"),
            ("unchained", str(found["unchained"] or "")),
            ("signatures", "" if found["signatures_read"] else "could not be read now, so nothing is said of them"),
            ("complete", "" if found["complete"] else "no: time was up. Ask for one month at a time: --month YYYY-MM"),
        ],
    )


def _months(newest_first: list[str]) -> str:
    """Which months were checked to their ends: `in 2026-11`, `from 2026-09 to 2026-11`."""
    if not newest_first:
        return "of no whole month"
    first, last = plain(newest_first[-1]), plain(newest_first[0])
    return f"in {first}" if first == last else f"from {first} to {last}"


def refusals(session: Session, month: Month = None) -> None:
    """Count the refused writes of a month, by caller, route and hour."""
    zone = session.out.zone
    columns = [
        Column(f"HOUR ({session.out.zone_title})", lambda one: listed(one["hour"], zone)),
        Column("WHO", lambda one: plain(one["who"] or one["caller"] or "nobody known")),
        Column("ADDRESS", lambda one: plain(one["address"]), spare=1),
        Column("ROUTE", lambda one: plain(one["route"])),
        Column("STATUS", lambda one: plain(one["status"]), right=True),
        Column("COUNT", lambda one: plain(one["count"]), right=True),
    ]
    items = session.client.pages("audit/refusals", month=month or f"{now():%Y-%m}")
    session.out.items(items, columns, lambda one: one["hour"], "No refused writes.")
