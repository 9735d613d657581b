"""When the checks of a rollout's request are repeated, and what a pass does that may not begin anything. Pure.

A request may be days old when work begins: its version, the app's rights or a password may be gone by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.core.codes import Code
from shared.core.states import RolloutState
from shared.core.wording import counted
from shared.models.findings import Finding
from shared.models.messages import Message, message, sentence
from shared.models.rollout_parts import Checks
from shared.models.rollouts import Rollout, RolloutKind
from shared.planning.values import Action, NoticeKind, Plan

VALID_FOR = timedelta(minutes=30)
"""How long a rollout that never stands still goes on without another check. Each host is checked besides."""

_BEGINS_SOMETHING = frozenset({Action.DRAIN, Action.SIGN_OUT, Action.REBUILD})


def is_due(rollout: Rollout, decided: Plan, now: datetime) -> bool:
    """Whether the checks must pass again before the plan is carried out.

    A roll-back of its hosts is never held up, and a refresh reads what it needs in each pass. At the deadline they are
    repeated however recent they are: nobody is signed out for a version that is gone.
    """
    if rollout.rolling_back or rollout.kind is RolloutKind.REFRESH:
        return False
    begins = begins_something(decided)
    passed = rollout.checks.passed_at
    if passed is None or now >= passed + VALID_FOR:
        return begins
    return bool(decided.chosen(Action.SIGN_OUT)) and passed < rollout.schedule.force_at


def begins_something(decided: Plan) -> bool:
    """Whether the plan warns people, or begins anything with a host."""
    warns = any(notice.kind is NoticeKind.WARNING for notice in decided.notices)
    return warns or any(decision.act in _BEGINS_SOMETHING for decision in decided.decisions)


def after_pass(checks: Checks, decided: Plan) -> Checks:
    """What counts after a pass: a rollout that stands still is checked anew before it goes on."""
    return checks.to_repeat() if decided.stands_still else checks


def why_stopped(findings: Sequence[Finding]) -> Message | None:
    """Why nothing more is begun, and what to do; None when no check failed."""
    failed = [finding for finding in findings if finding.result == "fail"]
    if not failed:
        return None
    first, others = failed[0], len(failed) - 1
    more = f" {counted(others, 'more check')} {'fails' if others == 1 else 'fail'}." if others else ""
    text = (
        f"Nothing more is started: a check that passed before fails now. {sentence(first.detail)} "
        f"{sentence(first.what_to_do)}{more} Then resume or cancel the rollout."
    )
    return message(Code.CHECKS_FAILED, text, count=len(failed))


def too_busy(until: datetime) -> Message:
    """Why nothing is begun yet: the checks cannot be read. `until`: they are tried again so long."""
    text = "Nothing is started yet: Azure is too busy to check again what was checked at the request."
    return message(
        Code.CHECKS_DELAYED, f"{text} It is tried again, and the rollout pauses if that does not help.", at=until
    )


def never_read() -> Message:
    """Why the rollout pauses: Azure was busy until the end of the wait."""
    text = "Nothing more is started: Azure was too busy for too long to check again what was checked at the request."
    return message(Code.CHECKS_FAILED, f"{text} Resume the rollout when Azure answers again.")


def stopped(decided: Plan, note: Message) -> Plan:
    """The plan that begins nothing and pauses the rollout."""
    held = _holding(decided, message(Code.STOPPING, "the rollout stops"))
    return replace(held, next_pass_at=None, becomes=RolloutState.PAUSED, note=note)


def awaiting(decided: Plan, reason: Message) -> Plan:
    """The plan of a rollout that has changed no host, and must not before a second person approves it."""
    waits = message(Code.WAITS_FOR_APPROVAL, "waits for approval")
    decisions = tuple(replace(one, act=Action.WAIT, reason=waits) for one in decided.decisions)
    state = RolloutState.AWAITING_APPROVAL
    return Plan(decisions, decided.next_pass_at, becomes=state, note=reason, stands_still=True)


def delayed(decided: Plan, note: Message) -> Plan:
    """The plan that begins nothing until the checks can be read."""
    held = _holding(decided, message(Code.CHECKS_DELAYED, "waits until Azure can be asked again"))
    return replace(held, note=note)


def _holding(decided: Plan, reason: Message) -> Plan:
    """The plan without what begins something. Hosts still return to service, and those in work go on.

    Nobody is warned, but who was warned before is told what has changed.
    """
    notices = tuple(notice for notice in decided.notices if notice.kind is not NoticeKind.WARNING)
    decisions = tuple(
        replace(decision, act=Action.WAIT, reason=reason) if decision.act in _BEGINS_SOMETHING else decision
        for decision in decided.decisions
    )
    return replace(decided, decisions=decisions, notices=notices, becomes=None, forcing=False, short_of_writes=False)
