"""The plan that a request was agreed on: its id, and the refusal when something else would be done now.

The id is made of what would be done. It holds no clock and no sessions, so that it stays the same until the hosts, the
version, the policy or the request change. Sessions come and go: a request bounds them by `sign_outs`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Protocol

from pydantic import Field, StringConstraints

from shared.core.errors import FreshcoatError
from shared.models.base import WHOLE, Value
from shared.models.policy import ScheduleMode
from shared.models.rollouts import Schedule

_LENGTH = 16
MOST_SIGN_OUTS = 1_000_000

PLAN_PATTERN = rf"^[0-9a-f]{{{_LENGTH}}}$"
PlanId = Annotated[str, StringConstraints(pattern=PLAN_PATTERN)]
"""Hash of what a plan would do."""


SignOuts = Annotated[int, Field(ge=0, le=MOST_SIGN_OUTS), WHOLE]
"""How many people may be signed out."""


class AgreedPlan(Value):
    """What a request was agreed on. It is refused with 409 `plan-changed` when something else would be done."""

    plan: PlanId | None = None
    """The `id` of the plan that was shown: the same hosts, version and policy, or 409."""
    sign_outs: SignOuts | None = None
    """At most so many people may be signed in, as of now, on hosts that are updated; `users_at_force` of the plan."""


class AgreedSignOuts(Value):
    """What a command was agreed on that has no plan. It is refused with 409 `more-sign-outs` when there are more."""

    sign_outs: SignOuts | None = None
    """At most so many people may be signed in, as of now, on hosts that are still to be updated."""


class Planned(Protocol):
    """What is compared of a plan."""

    @property
    def id(self) -> str:
        """Hash of what it would do."""

    @property
    def users_at_force(self) -> int:
        """Sessions that would be ended."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """It as JSON."""


class PlanChanged(FreshcoatError):
    """Not what was agreed on would be done. `plan` is the plan as it is now."""

    status = 409
    title = "The plan has changed"

    def __init__(self, detail: str, plan: Planned) -> None:
        self.plan = plan
        super().__init__(detail)


def refuse_changed(asked: AgreedPlan, make_plan: Callable[[], Planned]) -> None:
    """Raises PlanChanged when another plan was agreed on, or fewer sign-outs. Without either, no plan is made."""
    if asked.plan is None and asked.sign_outs is None:
        return
    plan = make_plan()
    if asked.plan is not None and asked.plan != plan.id:
        text = "Hosts, version or policy are not those of the plan that you agreed to. Look at the new plan."
        raise PlanChanged(text, plan)
    if asked.sign_outs is not None and plan.users_at_force > asked.sign_outs:
        raise PlanChanged(f"{_too_many(plan.users_at_force, asked.sign_outs)} Look at the new plan.", plan)


class MoreSignOuts(FreshcoatError):
    """A command would sign out more people than it allows. `people`: how many there are now. Nothing was written."""

    status = 409
    title = "More people would be signed out"

    def __init__(self, people: int, allowed: int) -> None:
        self.people = people
        super().__init__(f"{_too_many(people, allowed)} Allow more, or let them sign out first.")


def refuse_more_sign_outs(asked: AgreedSignOuts, count: Callable[[], int]) -> None:
    """Raises MoreSignOuts when more people than agreed would be signed out. Without a bound, nobody is counted."""
    if asked.sign_outs is not None and (people := count()) > asked.sign_outs:
        raise MoreSignOuts(people, asked.sign_outs)


def _too_many(people: int, allowed: int) -> str:
    return f"{'1 person' if people == 1 else f'{people} people'} would be signed out, and you allow {allowed}."


def plan_id(*parts: Any) -> str:
    """The id of what is made of these parts: texts, numbers, and lists and mappings of them."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def schedule_part(schedule: Schedule | None) -> list[str]:
    """What counts of a schedule: its mode, and the deadline unless that is the moment of the request."""
    if schedule is None:
        return []
    return [schedule.mode] if schedule.mode is ScheduleMode.NOW else [schedule.mode, schedule.force_at.isoformat()]


def hosts_part(hosts: Iterable[tuple[str, str]], skipped: str) -> list[list[str]]:
    """What counts of hosts: which are updated. Whether one is idle or waits for its users changes by the minute."""
    return sorted([host, "skip" if action == skipped else "update"] for host, action in hosts)
