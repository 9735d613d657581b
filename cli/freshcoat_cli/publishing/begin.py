"""Ask for the plan, show it, ask the person, begin, say how to follow: one way for all that updates hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from freshcoat_cli.client.http import Reply
from freshcoat_cli.errors import CliError, Exit
from freshcoat_cli.following import follow
from freshcoat_cli.options import Begin
from freshcoat_cli.output.moments import now
from freshcoat_cli.output.words import count, plain
from freshcoat_cli.publishing.plans import Plan, findings, is_close, is_soon
from freshcoat_cli.session import Session

Show = Callable[..., Iterator[Text | str]]


@dataclass(frozen=True)
class Work:
    """Something to begin."""

    path: str
    body: dict[str, Any]
    show: Show
    """The plan as lines for people."""
    question: Callable[[Plan], str]
    word: str
    """What is typed to agree that people are signed out soon."""
    follow: str = ""
    """What `freshcoat watch` is given; empty: the id of what was begun."""
    agreed: bool = True
    """Whether the request takes the id of the plan and the number of people."""


def begin(session: Session, work: Work, given: Begin) -> None:
    """Do it all. Raises CliError."""
    plan = _plan_before(session, work, given)
    if given.what_if:
        show_answer(session, plan, work)
        return
    while True:
        try:
            view = _agree_and_send(session, work, given, plan).data
            break
        except CliError as error:
            changed = (error.problem or {}).get("plan")
            if given.yes or given.plan or not changed:
                raise
            session.out.say(f"The plan has changed: {error.lines[0] if error.lines else ''}", "yellow")
            plan = changed
    if session.out.shows_begun or not given.wait:
        show_begun(session, view, work.follow)
    if given.wait:
        follow(session, view, given)


def _plan_before(session: Session, work: Work, given: Begin) -> dict[str, Any]:
    """The plan; empty when there is none now, and the request may be a repeated one. Raises CliError."""
    try:
        return ask_plan(session, work)
    except CliError as error:
        if error.code is Exit.NOT_NOW and _may_be_repeated(given):
            return {}
        raise


def _may_be_repeated(given: Begin) -> bool:
    """Whether this may have begun already, so that it could not begin anew: only the app knows. It answers a known key
    as it did before, and refuses a new one for the same reasons as the plan."""
    return bool(given.yes and given.idempotency_key and not given.what_if)


def ask_plan(session: Session, work: Work) -> dict[str, Any]:
    """What would be done now. Raises CliError."""
    query = {"what_if": True}
    answer: dict[str, Any] = session.client.request("POST", work.path, query=query, body=work.body).data
    return answer


def show_answer(session: Session, plan: Plan, work: Work) -> None:
    """The plan is what was asked for. Raises CliError when it could not start, so that a script knows."""
    session.out.item(plan, lambda: work.show(plan, utc=session.common.utc), plan.get("id", ""))
    if plan.get("can_start") is False:
        raise _cannot_start(plan, on_screen=session.out.for_people and session.out.out.is_terminal)


def show_begun(session: Session, view: Mapping[str, Any], follow: str = "") -> None:
    """What was begun, and how to follow it."""
    kind = "task" if "steps" in view else "promotion" if "due_at" in view else "rollout"
    said = f"✔ {kind} {plain(view['id'])}"
    hint = f". Follow it: freshcoat watch {follow or plain(view['id'])}" if kind != "promotion" else ""
    session.out.item(view, lambda: [Text(said + hint, "green")], view["id"])


def _agree_and_send(session: Session, work: Work, given: Begin, plan: Plan) -> Reply:
    if plan and (session.out.for_people or not given.yes):  # a program that agrees beforehand reads no plan
        for line in [*work.show(plan, utc=session.common.utc), ""]:
            session.out.rich(line, session.out.beside if given.yes else session.out.before_a_question)
    if plan.get("can_start") is False and not (_may_be_repeated(given) and _is_only_busy(plan)):
        raise _cannot_start(plan, on_screen=session.out.beside.is_terminal)
    people = plan.get("users_at_force", 0)
    soon = "users_at_force" in plan and is_soon(plan, now())
    if soon and given.yes and given.sign_out is None:
        raise CliError(
            Exit.REFUSED,
            f"{count(people, 'person', 'people')} would be signed out soon",
            f"Add --sign-out {people} to allow it, or let them sign out themselves: --on-logoff WHEN",
        )
    body = dict(work.body)
    if soon and not given.yes:
        session.ask_for(f"{work.question(plan)} This signs out {count(people, 'person', 'people')} soon.", work.word)
    else:
        session.ask(work.question(plan) if plan else "", given)
    if work.agreed:
        most = _most(work, plan) if given.sign_out is None else given.sign_out
        body |= {} if most is None else {"sign_outs": most}
        body |= {"plan": given.plan or plan["id"]} if given.plan or (plan.get("id") and not given.yes) else {}
    return session.send("POST", work.path, body, given)


def _most(work: Work, plan: Plan) -> int | None:
    """How many may be signed out, where nobody has said it: as many as the plan shows. None: it is not soon.

    Also where nobody is there yet: who signs in while the plan is read and answered was agreed to by nobody.
    """
    if not plan or plan.get("can_start") is False:  # perhaps a repetition, which has to be the same request
        schedule = work.body.get("schedule") or {"mode": "now" if work.path.startswith("pools/") else ""}
        return 0 if schedule["mode"] == "now" else None
    return plan["users_at_force"] if "users_at_force" in plan and is_close(plan, now()) else None


def _is_only_busy(plan: Plan) -> bool:
    """Whether only another rollout is in the way. With a key it may be the one that this command began before."""
    failed = _failed(plan)
    return bool(failed) and all(one["check"] == "rollout" for one in failed)


def _failed(plan: Plan) -> list[Mapping[str, Any]]:
    return [one for one in plan.get("preflight", ()) if one["result"] == "fail"]


def _cannot_start(plan: Plan, *, on_screen: bool) -> CliError:
    """The error. `on_screen`: people have just been shown the plan, so its checks are not said again."""
    failed = _failed(plan)
    if _is_only_busy(plan):
        return CliError(Exit.NOT_NOW, "Not possible now", *(plain(one["detail"]) for one in failed))
    if not failed:
        texts = [plain(one["text"]) for one in plan.get("problems", ())]
        return CliError(Exit.REFUSED, "It cannot start", *texts)
    lines = [] if on_screen else [line.plain for line in findings(failed)]
    return CliError(Exit.REFUSED, "A check failed, so it cannot start", *lines)
