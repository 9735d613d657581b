"""`freshcoat activate`, `roll-back-image`, `promote`: which version is the active one, and which pools follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer import Argument, Option

from freshcoat_cli.command import command
from freshcoat_cli.commands.images import Image
from freshcoat_cli.commands.panels import IMAGES
from freshcoat_cli.commands.updates import reason_of
from freshcoat_cli.errors import usage
from freshcoat_cli.options import Begin, OptionGroup, Rules, When
from freshcoat_cli.output.words import count, plain
from freshcoat_cli.publishing.begin import Work, begin
from freshcoat_cli.publishing.plans import activation_plan, promotion_plan
from freshcoat_cli.publishing.schedules import moment, needed_schedule, policy_of
from freshcoat_cli.publishing.zones import zone_of_pools
from freshcoat_cli.session import Session

MaybeVersion = Annotated[str | None, Argument(help="The version. Left out: the one that is meant.")]
NoBackup = Annotated[bool, Option("--no-backup", help="Keep no backup of the version before.")]


@dataclass(frozen=True)
class Followers(OptionGroup):
    """Which pools follow the version, and how."""

    update_pools: Annotated[
        str, Option("--update-pools", metavar="none|all|A,B", help="Pools of which the hosts are updated, too.")
    ] = "none"
    soak: Annotated[int | None, Option("--soak", min=0, help="Minutes between two rings.")] = None
    force: Annotated[bool, Option("--force", help="Although its test has failed.")] = False
    time_zone: Annotated[str | None, Option("--time-zone", help="Zone of the times. Default: that of the pools.")] = (
        None
    )

    @property
    def names(self) -> list[str]:
        """The pools that are named one by one."""
        return [] if self.update_pools in {"none", "all"} else self.update_pools.split(",")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "activate", panel=IMAGES)(activate)
    command(app, "roll-back-image", panel=IMAGES)(roll_back_image)
    command(app, "promote", panel=IMAGES)(promote)


def activate(
    session: Session,
    image: Image,
    when: When,
    given: Begin,
    rules: Rules,
    followers: Followers,
    version: MaybeVersion = None,
    no_backup: NoBackup = False,
) -> None:
    """Make the staged version the active one: new hosts get it, and hosts of pools if you say so."""
    zone = _zone(session, image, followers, when)
    body = _body(followers, when, zone, rules, version) | reason_of(given)
    body |= {"backup": False} if no_backup else {}
    begin(session, Work(f"images/{image}/activate", body, activation_plan, _activate, image), given)


def roll_back_image(
    session: Session,
    image: Image,
    when: When,
    given: Begin,
    rules: Rules,
    followers: Followers,
    version: MaybeVersion = None,
) -> None:
    """Make a backup the active version again."""
    zone = _zone(session, image, followers, when)
    body = _body(followers, when, zone, rules, version) | reason_of(given)
    begin(session, Work(f"images/{image}/roll-back", body, activation_plan, _go_back, image), given)


def promote(
    session: Session,
    image: Image,
    given: Begin,
    rules: Rules,
    followers: Followers,
    at: Annotated[str | None, Option("--at", help='When, like "mon 06:00".')] = None,
    days: Annotated[int | None, Option("--days", min=0, help="So many days after it was staged.")] = None,
    version: MaybeVersion = None,
    pools_now: Annotated[bool, Option("--pools-now", help="Update the pools at that moment.")] = False,
    pools_at: Annotated[str | None, Option("--pools-at", help="Update them at this later moment.")] = None,
    pools_on_logoff: Annotated[
        str | None, Option("--pools-on-logoff", help="As people sign out; the last ones at this moment.")
    ] = None,
    no_backup: NoBackup = False,
) -> None:
    """Schedule the activation of the staged version."""
    if (at is None) == (days is None):
        raise usage("Say when: --at WHEN or --days N.")
    if given.sign_out is not None or given.plan or given.wait:
        raise usage("--sign-out, --plan and --wait mean nothing here: the plan is made again when it is due.")
    when = When(now=pools_now, at=pools_at, on_logoff=pools_on_logoff)
    typed = When(at=at or pools_at, on_logoff=pools_on_logoff)
    zone = _zone(session, image, followers, typed)
    body: dict[str, Any] = {"image": image, "time_zone": zone, **reason_of(given)}
    body |= _body(followers, when, zone, rules, version)
    body |= {"at": moment(at, zone, "--at")} if at else {"days_after_staging": days}
    body |= {"backup": False} if no_backup else {}

    def question(plan: Any) -> str:
        return f"Schedule the activation of {image} {plain(plan['activation']['version'])}?"

    begin(session, Work("promotions", body, promotion_plan, question, image, agreed=False), given)


def _zone(session: Session, image: str, followers: Followers, when: When) -> str:
    chosen = {} if followers.names else {"image": image}
    return zone_of_pools(session, when, followers.time_zone, followers.names, **chosen)


def _body(followers: Followers, when: When, zone: str, rules: Rules, version: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"update_pools": followers.names or followers.update_pools}
    if followers.update_pools != "none":
        body |= {"schedule": needed_schedule(when, zone), "policy": policy_of(rules.policy)}
    elif when != When() or rules.policy:
        raise usage("A time and a policy belong to --update-pools.")
    body |= {} if followers.soak is None else {"soak_minutes": followers.soak}
    body |= {"version": version} if version else {}
    return body | ({"force": True} if followers.force else {})


def _activate(plan: Any) -> str:
    return f"Activate {plain(plan['image'])} {plain(plan['version'])}{_hosts(plan)}?"


def _go_back(plan: Any) -> str:
    return f"Go back to {plain(plan['image'])} {plain(plan['version'])}{_hosts(plan)}?"


def _hosts(plan: Any) -> str:
    return f", and update {count(plan['to_update'], 'host')}" if plan["to_update"] else ""
