"""`freshcoat set-as-image`, `stage`, `verdict`, `discard`, `template`: versions made, judged and removed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text
from typer import Argument, Option

from freshcoat_cli.command import command
from freshcoat_cli.commands.images import Image
from freshcoat_cli.commands.panels import IMAGES
from freshcoat_cli.errors import usage
from freshcoat_cli.options import Begin, Change
from freshcoat_cli.output.words import message, plain, words
from freshcoat_cli.publishing.begin import Work, begin
from freshcoat_cli.publishing.plans import new_version_plan
from freshcoat_cli.session import Session

Version = Annotated[str, Argument(help="The version, like 2.0.0.")]
Notes = Annotated[str | None, Option("--notes", help="What is new in it.")]


class Result(StrEnum):
    """How a test went."""

    PASSED = "passed"
    FAILED = "failed"


class Power(StrEnum):
    """What to do with a template VM."""

    START = "start"
    STOP = "stop"


class Rollouts(StrEnum):
    """What is done with open rollouts of a version that is withdrawn."""

    STOP = "stop"
    CANCEL = "cancel"


OpenRollouts = Annotated[
    Rollouts | None, Option("--rollouts", help="Its open rollouts: stop (they pause), or cancel. Default: stop.")
]


class Step(StrEnum):
    """Which part of the number is raised."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "set-as-image", panel=IMAGES)(set_as_image)
    command(app, "stage", panel=IMAGES)(stage)
    command(app, "verdict", panel=IMAGES)(verdict)
    command(app, "discard", panel=IMAGES)(discard)
    command(app, "template", panel=IMAGES)(template)


def set_as_image(
    session: Session,
    image: Image,
    given: Begin,
    power_off: Annotated[bool, Option("--power-off", help="Switch a running template VM off first.")] = False,
    no_stage: Annotated[bool, Option("--no-stage", help="Make it the active version at once.")] = False,
    no_backup: Annotated[bool, Option("--no-backup", help="Keep no backup of the version before.")] = False,
    step: Annotated[Step | None, Option("--step", help="Which part of the number is raised.")] = None,
    version: Annotated[str | None, Option("--version", help="Its number.")] = None,
    notes: Notes = None,
    region: Annotated[
        list[str] | None, Option("--region", metavar="NAME[=REPLICAS]", help="Where it is needed; several times.")
    ] = None,
) -> None:
    """Make a new version from the template VM. It is staged, unless --no-stage says otherwise."""
    if given.sign_out is not None or given.plan or given.reason:
        raise usage("--sign-out, --plan and --reason mean nothing here: nobody is signed out.")
    body: dict[str, Any] = {"power_off": power_off, "stage": not no_stage, "backup": not no_backup}
    body |= {name: value for name, value in (("step", step), ("version", version), ("notes", notes)) if value}
    body |= {"regions": [_region(one) for one in region]} if region else {}

    def question(plan: Any) -> str:
        return f"Make {plain(plan['image'])} {plain(plan['version'])}?"

    begin(session, Work(f"images/{image}/set-as-image", body, new_version_plan, question, image, agreed=False), given)


def _region(text: str) -> dict[str, Any]:
    name, equals, replicas = text.partition("=")
    if equals and not replicas.isdecimal():
        raise usage(f"--region {text}: write it like --region westeurope=2")
    return {"name": name} | ({"replicas": int(replicas)} if equals else {})


def stage(session: Session, image: Image, version: Version, given: Change, notes: Notes = None) -> None:
    """Stage a version that another tool has put into the gallery."""
    body = {"version": version} | ({"notes": notes} if notes else {})
    view = session.send("POST", f"images/{image}/stage", body, given).data
    _show_version(session, view, f"{version} of {image} is staged")


def verdict(
    session: Session,
    image: Image,
    version: Version,
    result: Annotated[Result, Argument(help="passed or failed.")],
    given: Change,
    note: Annotated[str | None, Option("--note", help="What was seen.")] = None,
    rollouts: OpenRollouts = None,
) -> None:
    """Record how the test of a version went. A failed one stops its open rollouts."""
    if result is Result.FAILED:
        session.ask(f"Say that {image} {version} has failed? Its open rollouts are stopped.", given)
    body: dict[str, Any] = {"result": result} | ({"note": note} if note else {})
    body |= {"rollouts": rollouts} if rollouts else {}
    view = session.send("POST", f"images/{image}/versions/{version}/verdict", body, given).data
    _show_version(session, view, f"{version} of {image} has {result}")


def discard(session: Session, image: Image, version: Version, given: Change, rollouts: OpenRollouts = None) -> None:
    """Remove a staged version, or one that was active, from the gallery."""
    if not given.yes:
        session.ask_for(f"This deletes {image} {version} from the gallery.", version)
    view = session.send("DELETE", f"images/{image}/versions/{version}", None, given, rollouts=rollouts).data
    _show_version(session, view, f"{version} of {image} is being removed")


def template(
    session: Session, image: Image, action: Annotated[Power, Argument(help="start or stop.")], given: Change
) -> None:
    """Switch the template VM of an image on or off."""
    view = session.send("POST", f"images/{image}/power", {"action": action}, given).data
    said = f"✔ The template VM of {image} is {'started' if action is Power.START else 'switched off'}"
    session.out.item(view, lambda: [Text(said, "green")], view["name"])


def _show_version(session: Session, view: dict[str, Any], said: str) -> None:
    lines: list[Text | str] = [Text(f"✔ {said}", "green")]
    if advice := message(view.get("advice")):
        lines.append(f"  {advice}")
    for one in view.get("stopped_rollouts") or ():
        lines.append(f"  Rollout {plain(one['rollout'])} of pool {plain(one['pool'])} is {words(one['state'])}.")
    session.out.item(view, lambda: lines, view["version"])
