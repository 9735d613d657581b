"""`freshcoat images` and `versions`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text
from typer import Argument, Option

from freshcoat_cli import completing
from freshcoat_cli.command import command
from freshcoat_cli.commands.facts import facts
from freshcoat_cli.commands.panels import LOOK
from freshcoat_cli.output.moments import listed
from freshcoat_cli.output.tables import Column, Item
from freshcoat_cli.output.words import message, number, plain, style_of, words
from freshcoat_cli.session import Session

Image = Annotated[str, Argument(help="The image.", autocompletion=completing.images)]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "images", panel=LOOK)(images)
    command(app, "versions", panel=LOOK)(versions)


def images(
    session: Session,
    image: Annotated[str | None, Argument(help="Show this image alone.", autocompletion=completing.images)] = None,
    search: Annotated[str | None, Option("--search", help="Part of its name.")] = None,
    account: Annotated[str | None, Option("--account", help="Images that this account may use.")] = None,
) -> None:
    """List the images: active and staged version, template VM. Or show one."""
    if image:
        found = session.get(f"images/{image}")
        session.out.item(found, lambda: image_lines(found, session), found["name"])
        return
    items = session.client.pages("images", page=50, search=search, account=account)
    session.out.items(items, IMAGES, lambda one: one["name"], "No images.")


def versions(session: Session, image: Image) -> None:
    """List the versions of an image, the highest number first."""
    items = session.client.pages(f"images/{image}/versions", page=100)
    session.out.items(items, _versions(session), lambda one: one["version"], f"Image {image} has no versions.")


def _staged(image: Item) -> str:
    if not image["staged"]:
        return ""
    verdict = image["verdict"]
    return f"{plain(image['staged'])} {words(verdict['result']) if verdict else 'not tested'}"


def _task(image: Item) -> str:
    task = image["last_task"]
    return f"{words(task['kind'])} {words(task['state'])}" if task else ""


IMAGES = [
    Column("IMAGE", lambda one: plain(one["name"])),
    Column("ACTIVE", lambda one: number(one["current"])),
    Column("STAGED", _staged),
    Column("BACKUPS", lambda one: ", ".join(map(plain, one["backups"])), spare=2),
    Column("TEMPLATE VM", lambda one: words(one["power"]), spare=1),
    Column("LAST TASK", _task, spare=3),
    Column("PROBLEM", lambda one: plain(one["problem"]) or message(one["advice"]), spare=4, style=lambda _: "red"),
]


def _versions(session: Session) -> list[Column]:
    zone = session.out.zone
    return [
        Column("VERSION", lambda one: plain(one["version"])),
        Column(
            "STATE", lambda one: words(one["state"] or "only in the gallery"), style=lambda one: style_of(one["state"])
        ),
        Column("TEST", lambda one: words(one["verdict"]["result"]) if one["verdict"] else "", spare=1),
        Column("POOLS", lambda one: ", ".join(map(plain, one["used_by"])), spare=2),
        Column(f"MADE ({session.out.zone_title})", lambda one: listed(one["created_at"], zone), spare=3),
        Column("REGIONS", lambda one: ", ".join(f"{plain(name)} {n}" for name, n in one["replicas"].items()), spare=5),
        Column("NOTES", lambda one: plain(one["notes"]), spare=4),
    ]


def image_lines(image: Item, session: Session) -> Iterator[Text | str]:
    """An image as people read it."""
    template, gallery = image["template"], image["gallery"]
    title = Text(plain(image["name"]), "bold")
    title.append(f"   active {plain(image['current'] or 'none')}", "not bold")
    vm = f"{plain(template['name'])}, {words(template['power'] or 'power not known')}" if template else ""
    due = listed(image["promotion_due_at"], session.out.zone) if image["promotion_due_at"] else ""
    yield from facts(
        title,
        [
            ("problem", plain(image["problem"])),
            ("advice", message(image["advice"])),
            ("staged", _staged(image)),
            ("promotion", f"{plain(image['promotion'])}, due {due}" if due else ""),
            ("backups", ", ".join(map(plain, image["backups"]))),
            ("roll back to", plain(image["roll_back_to"] or "")),
            ("pools", ", ".join(f"{pools} on {plain(version)}" for version, pools in image["pools"].items())),
            ("template VM", vm),
            ("gallery", f"{plain(gallery['name'])}, {plain(gallery['definition'])}"),
            ("accounts", "all" if image["accounts"] is None else ", ".join(map(plain, image["accounts"]))),
            ("last task", _task(image)),
        ],
    )
