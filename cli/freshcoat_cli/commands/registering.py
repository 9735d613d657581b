"""`freshcoat register-image`, `register-pool`, `unregister-pool`: what Freshcoat works on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text
from typer import Argument, Option

from freshcoat_cli import completing
from freshcoat_cli.command import command
from freshcoat_cli.commands.access.limits import Ring
from freshcoat_cli.commands.images import image_lines
from freshcoat_cli.commands.panels import SET_UP
from freshcoat_cli.commands.pools import pool_lines
from freshcoat_cli.errors import CliError, Exit, usage
from freshcoat_cli.options import Change, OptionGroup, Rules
from freshcoat_cli.output.words import plain
from freshcoat_cli.publishing.schedules import policy_of
from freshcoat_cli.session import Session


class Join(StrEnum):
    """How hosts join."""

    ENTRA = "entra"
    AD = "ad"


class Refresh(StrEnum):
    """When used hosts are re-imaged."""

    OFF = "off"
    AFTER_LOGOFF = "after_logoff"
    DAILY = "daily"


class Cleanup(StrEnum):
    """Which records of a host are deleted before it joins again."""

    ENTRA = "entra"
    ENTRA_INTUNE = "entra_intune"
    NONE = "none"


@dataclass(frozen=True)
class Joining(OptionGroup):
    """How hosts join again after they were rebuilt."""

    intune: Annotated[bool, Option("--intune", help="With entra: enrol hosts in Intune, too.")] = False
    join_profile: Annotated[
        str | None, Option("--join-profile", help="With ad: a join profile of the account (access join-profiles).")
    ] = None
    directory_cleanup: Annotated[
        Cleanup | None,
        Option("--directory-cleanup", help="Records of a host that are deleted before it joins Entra ID again."),
    ] = None


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "register-image", panel=SET_UP)(register_image)
    command(app, "register-pool", panel=SET_UP)(register_pool)
    command(app, "unregister-pool", panel=SET_UP)(unregister_pool)


def register_image(
    session: Session,
    image: Annotated[str, Argument(help="What it is to be called.")],
    definition: Annotated[str, Option("--definition", help="Resource id of the image definition in the gallery.")],
    given: Change,
    template_vm: Annotated[
        str | None, Option("--template-vm", help="Resource id of the VM from which versions are made.")
    ] = None,
    build_subnet: Annotated[
        str | None, Option("--build-subnet", help="Resource id of the subnet of its clone. Default: the VM's own.")
    ] = None,
    account: Annotated[
        list[str] | None, Option("--account", help="An account that may use it; several times. None: all.")
    ] = None,
    active: Annotated[str | None, Option("--active", help="The version in use. Default: what latest means.")] = None,
    backups: Annotated[int | None, Option("--keep-backups", min=0, help="Backups that are kept. Default: 3.")] = None,
    days: Annotated[int | None, Option("--keep-days", min=0, help="Days that a backup is kept. Default: 30.")] = None,
) -> None:
    """Register an image: a definition in a gallery, and the VM that it is made from. Nothing changes in Azure."""
    wanted = {"template_vm_id": template_vm, "build_subnet_id": build_subnet, "accounts": account, "active": active}
    body: dict[str, Any] = {"definition_id": definition} | {name: value for name, value in wanted.items() if value}
    kept = {name: value for name, value in (("backups", backups), ("days", days)) if value is not None}
    body |= {"retention": kept} if kept else {}
    view = _put_new(session, f"images/{image}", body, given, f"Image {image} exists already")
    said = Text(f"✔ Image {plain(view['name'])} is registered", "green")
    session.out.item(view, lambda: [said, "", *image_lines(view, session)], view["name"])


def register_pool(
    session: Session,
    pool: Annotated[str, Argument(help="What it is to be called.")],
    host_pool: Annotated[str, Option("--host-pool", help="Resource id of the pooled host pool.")],
    image: Annotated[
        str, Option("--image", help="The image of its hosts, registered before.", autocompletion=completing.images)
    ],
    join: Annotated[Join, Option("--join", help="How its hosts are joined: entra or ad.")],
    joining: Joining,
    given: Change,
    rules: Rules,
    account: Annotated[str | None, Option("--account", help="Whose it is. Default: default.")] = None,
    ring: Annotated[Ring, Option("--ring", help="test, pilot or production.")] = Ring.PRODUCTION,
    time_zone: Annotated[
        str | None, Option("--time-zone", help="Where its people live. Default: the account's.")
    ] = None,
    refresh: Annotated[
        Refresh, Option("--refresh", help="Re-image used hosts: off, after_logoff or daily.")
    ] = Refresh.OFF,
) -> None:
    """Register a host pool with its image. Nothing changes in Azure, and no host is touched."""
    body: dict[str, Any] = {"host_pool_id": host_pool, "image": image, "ring": ring, "refresh": refresh}
    body |= {"join": _join(join, joining), "policy": policy_of(rules.policy)}
    wanted = {"account": account, "time_zone": time_zone, "directory_cleanup": joining.directory_cleanup}
    body |= {name: value for name, value in wanted.items() if value}
    view = _put_new(session, f"pools/{pool}", body, given, f"Pool {pool} exists already")
    said = Text(f"✔ Pool {plain(view['name'])} is registered", "green")
    session.out.item(view, lambda: [said, "", *pool_lines(view, session)], view["name"])


def _join(join: Join, given: Joining) -> dict[str, Any]:
    if join is Join.ENTRA:
        if given.join_profile:
            raise usage("--join-profile belongs to --join ad.")
        return {"kind": join, "intune": given.intune}
    if given.intune:
        raise usage("--intune belongs to --join entra.")
    if not given.join_profile:
        raise usage("--join ad needs --join-profile NAME.", "List them: freshcoat access join-profiles")
    return {"kind": join, "profile": given.join_profile}


def _put_new(session: Session, path: str, body: Any, given: Change, exists: str) -> dict[str, Any]:
    """Register what is not registered yet. Raises CliError: a command that names half of the settings resets none."""
    try:
        view: dict[str, Any] = session.send("PUT", path, body, given, only_new=True).data
    except CliError as error:
        if (error.problem or {}).get("status") != _EXISTS:
            raise
        hint = "Its settings are changed in the console: freshcoat open"
        raise CliError(Exit.NOT_NOW, exists, hint, problem=error.problem) from error
    return view


_EXISTS = 412
"""What the app answers when something is there that must not be."""


def unregister_pool(
    session: Session,
    pool: Annotated[str, Argument(help="The pool.", autocompletion=completing.pools)],
    given: Change,
    force: Annotated[
        bool, Option("--force", help="Although a rollout runs on it that cannot go on: its host pool is gone.")
    ] = False,
) -> None:
    """Take a pool out of Freshcoat. Its hosts stay as they are."""
    session.ask(f"Unregister {pool}? Its hosts stay as they are.", given)
    session.send("DELETE", f"pools/{pool}", None, given, force=force or None)
    session.out.say(f"✔ Pool {pool} is not registered any more", "green")
