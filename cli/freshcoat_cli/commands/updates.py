"""`freshcoat plan`, `update-image`, `update-pools`, `roll-back`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer import Argument, Option

from freshcoat_cli import completing
from freshcoat_cli.command import command
from freshcoat_cli.commands.panels import PUBLISH
from freshcoat_cli.errors import usage
from freshcoat_cli.options import Begin, OptionGroup, Rules, When
from freshcoat_cli.output.words import count, plain
from freshcoat_cli.publishing.begin import Work, ask_plan, begin, show_answer
from freshcoat_cli.publishing.plans import fleet_plan, pool_plan
from freshcoat_cli.publishing.schedules import needed_schedule, policy_of, schedule_of
from freshcoat_cli.publishing.zones import zone_of_pool, zone_of_pools
from freshcoat_cli.session import Session

Pool = Annotated[str, Argument(help="The pool.", autocompletion=completing.pools)]
Version = Annotated[str, Argument(help="The version, like 2.0.0.")]
Exclude = Annotated[list[str] | None, Option("--exclude", help="Leave this host out; several times.")]
Downgrade = Annotated[bool, Option("--allow-downgrade", help="Also to an older version.")]


@dataclass(frozen=True)
class Choice(OptionGroup):
    """Which hosts of a pool are updated, and from which image."""

    image: Annotated[str | None, Option("--image", help="Another image than the pool's.")] = None
    only: Annotated[list[str] | None, Option("--only", help="Update this host alone; several times.")] = None
    exclude: Exclude = None
    allow_downgrade: Downgrade = False


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "plan", panel=PUBLISH, judges=True)(plan)
    command(app, "update-image", panel=PUBLISH)(update_image)
    command(app, "update-pools", panel=PUBLISH)(update_pools)
    command(app, "roll-back", panel=PUBLISH)(roll_back)


def plan(
    session: Session,
    pool: Pool,
    version: Version,
    when: When,
    rules: Rules,
    choice: Choice,
) -> None:
    """Show what an update of a pool would do. Without a time: as people sign out, within a day."""
    zone = zone_of_pool(session, pool)
    schedule = schedule_of(when, zone) or needed_schedule(When(on_logoff="+1d"), zone)
    work = _update(pool, version, schedule, rules, choice)
    show_answer(session, ask_plan(session, work), work)


def update_image(
    session: Session,
    pool: Pool,
    version: Version,
    when: When,
    given: Begin,
    rules: Rules,
    choice: Choice,
) -> None:
    """Publish a version to a pool: show the plan, ask, begin."""
    schedule = needed_schedule(when, zone_of_pool(session, pool))
    work = _update(pool, version, schedule, rules, choice)
    work.body.update(reason_of(given))
    begin(session, work, given)


def _update(pool: str, version: str, schedule: dict[str, str], rules: Rules, choice: Choice) -> Work:
    body: dict[str, Any] = {"version": version, "schedule": schedule, "policy": policy_of(rules.policy)}
    body |= {name: value for name, value in vars(choice).items() if value}

    def question(shown: Any) -> str:
        return f"Publish {plain(shown['version'])} to {count(shown['to_update'], 'host')}?"

    return Work(f"pools/{pool}/update-image", body, pool_plan, question, pool, follow=pool)


def roll_back(
    session: Session,
    pool: Pool,
    when: When,
    given: Begin,
    rules: Rules,
    exclude: Exclude = None,
) -> None:
    """Take a pool back to the version that it had before. Without a time: now."""
    body: dict[str, Any] = {"policy": policy_of(rules.policy), **reason_of(given)}
    if when != When():
        body["schedule"] = schedule_of(when, zone_of_pool(session, pool))
    body |= {"exclude": exclude} if exclude else {}

    def question(shown: Any) -> str:
        return f"Roll {pool} back to {plain(shown['version'])} on {count(shown['to_update'], 'host')}?"

    begin(session, Work(f"pools/{pool}/roll-back", body, pool_plan, question, pool, follow=pool), given)


def update_pools(
    session: Session,
    version: Version,
    when: When,
    given: Begin,
    rules: Rules,
    pool: Annotated[list[str] | None, Option("--pool", help="This pool; several times.")] = None,
    account: Annotated[str | None, Option("--account", help="All pools of this account.")] = None,
    ring: Annotated[str | None, Option("--ring", help="All pools of this ring.")] = None,
    image: Annotated[str | None, Option("--image", help="All pools of this image.")] = None,
    gate: Annotated[str, Option("--gate", help="auto, or approve: somebody lets each ring begin.")] = "auto",
    soak: Annotated[int, Option("--soak", min=0, help="Minutes between two rings.")] = 60,
    zone: Annotated[str | None, Option("--time-zone", help="Zone of the times. Default: that of the pools.")] = None,
    allow_downgrade: Downgrade = False,
) -> None:
    """Publish a version to many pools, ring by ring, as one task."""
    chosen = {name: value for name, value in (("account", account), ("ring", ring), ("image", image)) if value}
    if bool(pool) == bool(chosen):
        raise usage("Say which pools: --pool, or some of --account, --ring and --image.")
    body: dict[str, Any] = {"version": version, "gate": gate, "soak_minutes": soak, "policy": policy_of(rules.policy)}
    body |= {"pools": pool} if pool else {"filter": chosen}
    there = zone_of_pools(session, when, zone, pool or (), **({} if pool else chosen))
    body |= {"schedule": needed_schedule(when, there), **reason_of(given)}
    body |= {"allow_downgrade": True} if allow_downgrade else {}

    def question(shown: Any) -> str:
        pools = sum(len(one["pools"]) for one in shown["rings"])
        return f"Publish {plain(shown['version'])} to {count(shown['to_update'], 'host')} of {count(pools, 'pool')}?"

    begin(session, Work("rollouts", body, fleet_plan, question, version), given)


def reason_of(given: Begin) -> dict[str, str]:
    """The reason, if one was given."""
    return {"reason": given.reason} if given.reason else {}
