"""`freshcoat pause`, `resume`, `approve`, `retry`, `reschedule`, `cancel`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text
from typer import Option

from freshcoat_cli.command import command
from freshcoat_cli.commands.panels import STEER
from freshcoat_cli.commands.subjects import AnySubject, Found, Movable, Subject, find, rollout_path
from freshcoat_cli.errors import usage
from freshcoat_cli.following import follow
from freshcoat_cli.options import Bounded, Reasoned, When
from freshcoat_cli.output.moments import full, moment_of, now, zone_of
from freshcoat_cli.output.words import message, plain, words
from freshcoat_cli.publishing.schedules import moment, schedule_of
from freshcoat_cli.publishing.sign_outs import Agreement, schedule_is_close, send_agreed
from freshcoat_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for name, handler in (
        ("pause", pause),
        ("resume", resume),
        ("approve", approve),
        ("retry", retry),
        ("reschedule", reschedule),
        ("cancel", cancel),
    ):
        command(app, name, panel=STEER)(handler)


def pause(session: Session, subject: Subject, given: Reasoned) -> None:
    """Begin no more hosts; those in work are finished."""
    if given.wait:
        raise usage("--wait means nothing here: what is paused does not end.")
    _tell(session, rollout_path(session, subject), "pause", {}, given)


def resume(session: Session, subject: Subject, given: Reasoned) -> None:
    """Go on after a pause. Failures up to now do not pause it again."""
    _tell(session, rollout_path(session, subject), "resume", {}, given)


def approve(
    session: Session,
    subject: AnySubject,
    given: Reasoned,
    ring: Annotated[int | None, Option("--ring", min=0, max=9, help="Of a task: this ring, and no other.")] = None,
) -> None:
    """Let it go on: a rollout, the next ring of a task, or a promotion that waits for a second person."""
    found = find(session, subject)
    if ring is not None and found.kind != "tasks":
        raise usage("--ring belongs to a task.")
    _tell(session, found.path, "approve", {} if ring is None else {"ring": ring}, given)


def retry(
    session: Session,
    subject: Subject,
    when: When,
    given: Bounded,
    host: Annotated[list[str] | None, Option("--host", help="This failed host alone; several times.")] = None,
) -> None:
    """Try failed hosts again. If the rollout has ended, a new one begins."""
    found = find(session, subject, ("rollouts",))
    view = found.view
    body: dict[str, Any] = {"hosts": host} if host else {}
    if when != When():
        body["schedule"] = schedule_of(when, view["pool_time_zone"])
    agreement = Agreement(
        question=f"Try failed hosts of {plain(view['pool'])} again?",
        word=view["pool"],
        soon=schedule_is_close(view, body.get("schedule") or view.get("schedule")),
        allowed=given.sign_out,
        asks=False,
    )
    _tell_agreed(session, f"{found.path}/retry", body, given, agreement)


def reschedule(
    session: Session,
    subject: Movable,
    given: Bounded,
    at: Annotated[str | None, Option("--at", help="The new moment.")] = None,
    begin: Annotated[str | None, Option("--begin", help="Nothing before this moment.")] = None,
    deadline: Annotated[str | None, Option("--deadline", help="When the last people are signed out.")] = None,
) -> None:
    """Move a rollout or a promotion that waits for its moment."""
    found = find(session, subject, ("rollouts", "promotions"))
    names = {"at": at, "begin_at": begin, "deadline": deadline}
    zone = str(found.view.get("pool_time_zone") or found.view.get("time_zone") or "UTC")
    body = {name: moment(text, zone, f"--{name.removesuffix('_at')}") for name, text in names.items() if text}
    if not body:
        raise usage("Say what moves: --at, --begin or --deadline.")
    if given.sign_out is not None and found.kind == "promotions":
        raise usage("--sign-out means nothing here: its plan is made again when it is due.")
    _say_moments(session, body, zone, given)
    is_rollout = found.kind == "rollouts"
    agreement = Agreement(
        question=f"Move {_name(found)}?",
        word=str(found.view.get("pool") or found.view["image"]),
        soon=is_rollout and schedule_is_close(found.view, _moved(found, body)),
        people=found.view.get("sessions_open") or 0,
        allowed=given.sign_out,
    )
    _tell_agreed(session, f"{found.path}/reschedule", {**body, "time_zone": zone}, given, agreement)


def _moved(found: Found, body: dict[str, str]) -> dict[str, Any] | None:
    """The schedule as the command leaves it, as far as it says when people are signed out."""
    schedule = found.view.get("schedule")
    return schedule and {"force_at": body.get("at") or body.get("deadline") or schedule["force_at"]}


def _say_moments(session: Session, body: dict[str, str], zone: str, given: Bounded) -> None:
    """The moments in full, where somebody reads them."""
    where = session.out.beside if given.yes else session.out.before_a_question
    for name, text in body.items() if session.out.for_people or not given.yes else ():
        read = moment_of(text) or now()
        session.out.rich(f"{words(name.removesuffix('_at')):9} {full(read, zone_of(zone), now())}", where)


def cancel(
    session: Session,
    subject: AnySubject,
    given: Reasoned,
    leave: Annotated[bool, Option("--leave", help="Hosts in work are finished, the others stay as they are.")] = False,
    take_back: Annotated[bool, Option("--take-back", help="All hosts go back to the version before.")] = False,
) -> None:
    """Stop a rollout, a task or a promotion. Without --leave or --take-back: leave."""
    if leave and take_back:
        raise usage("Choose one of --leave and --take-back.")
    found = find(session, subject)
    if found.kind == "promotions":
        if take_back:
            raise usage("A promotion has changed nothing yet: there is nothing to take back.")
        session.ask(f"Cancel {_name(found)}? The version stays staged.", given)
        _show(session, session.send("DELETE", found.path, None, given).data)
        return
    offers = found.view.get("commands") or {}
    offer = offers.get("roll_back" if take_back else "cancel") or {}
    effect = message(offer.get("effect")) or ("Everything goes back." if take_back else "What runs is finished.")
    session.ask(f"Cancel {_name(found)}? {effect}", given)
    body = {"how": "roll_back" if take_back else "leave"}
    _tell(session, found.path, "cancel", body, given, ("cancelled", "rolled_back") if take_back else ("cancelled",))


def _name(found: Found) -> str:
    view = found.view
    what = f"{plain(view.get('pool') or view['image'])} to {plain(view['version'])}"
    return f"{found.kind.rstrip('s')} {plain(view['id'])} ({what})"


def _tell(
    session: Session,
    path: str,
    verb: str,
    body: dict[str, Any],
    given: Reasoned,
    wanted: tuple[str, ...] = (),
) -> None:
    """Give the command, and show what it has led to."""
    body = _with_reason(path, body, given)
    _tell_of(session, session.send("POST", f"{path}/{verb}", body, given).data, given, wanted)


def _tell_agreed(session: Session, path: str, body: dict[str, Any], given: Bounded, agreement: Agreement) -> None:
    """The same, for a command that may sign people out."""
    body = _with_reason(path, body, given)
    reply = send_agreed(session, agreement, given, lambda more: session.send("POST", path, {**body, **more}, given))
    _tell_of(session, reply.data, given)


def _with_reason(path: str, body: dict[str, Any], given: Reasoned) -> dict[str, Any]:
    """The body of a command. A promotion and a task keep no reason."""
    if given.wait and path.startswith("promotions/"):
        raise usage("--wait means nothing here: a promotion waits for its moment.")
    if not given.reason:
        return body
    if not path.startswith("rollouts/"):
        raise usage("--reason is kept of commands to rollouts only.")
    return {**body, "reason": given.reason}


def _tell_of(session: Session, view: dict[str, Any], given: Reasoned, wanted: tuple[str, ...] = ()) -> None:
    """Show what a command has led to, and follow it if asked."""
    if session.out.shows_begun or not given.wait:
        _show(session, view)
    if given.wait:
        follow(session, view, given, wanted)


def _show(session: Session, view: dict[str, Any]) -> None:
    kind = "task" if "steps" in view else "promotion" if "due_at" in view else "rollout"
    said = Text(f"✔ {kind} {plain(view['id'])} is {words(view['state'])}", "green")
    note = message(view.get("note"))
    session.out.item(view, lambda: [said, f"  {note}"] if note else [said], view["id"])
