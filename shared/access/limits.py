"""What the limits of an account's ring mean for a rollout. Pure, but for reading the row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from shared.core.errors import FieldProblem, InvalidRequest
from shared.models.access.limits import Limits
from shared.models.policy import Policy, PolicyOverrides, ScheduleMode, share_down, share_up
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.models.windows import DAYS, Window
from shared.services import Services

_DAY = 24 * 60
_WEEK = 7 * _DAY
_HOSTS_UNKNOWN = 100
"""Before the first pass: shares are compared as percentages."""


@dataclass(frozen=True)
class BeyondLimit:
    """One value that goes beyond a limit. `field` is that of the request; `detail` names the limit."""

    field: str
    detail: str
    what_to_do: str


@dataclass(frozen=True)
class Wanted:
    """What a rollout wants. `mode` and `notice` None: they are not to be judged, such as when time has passed since.

    `notice`: from now to the moment when people are signed out. `hosts`: those of the pool.
    """

    policy: Policy
    mode: ScheduleMode | None
    notice: timedelta | None
    hosts: int


def limits_of(services: Services, pool: Pool) -> Limits | None:
    """The limits of the pool's account and ring; None when an admin has set none, or has removed them."""
    found = services.limits.find(pool.account, pool.ring)
    return None if found is None or found.removed else found


def pool_policy(services: Services, pool: Pool) -> PolicyOverrides:
    """The pool's policy; what it leaves open is as the limits want it."""
    return pool_policy_within(limits_of(services, pool), pool.policy)


def pool_policy_within(limits: Limits | None, policy: PolicyOverrides) -> PolicyOverrides:
    """A pool's policy over the defaults that the limits change."""
    given = {name: value for name, value in policy if value is not None}
    return defaults_within(limits).model_copy(update=given)


def defaults_within(limits: Limits | None) -> PolicyOverrides:
    """The defaults that the limits change. What a pool or a request names is judged, not changed."""
    if limits is None:
        return PolicyOverrides()
    return PolicyOverrides(
        canary_hosts=limits.least_canary_hosts or None,
        min_available=limits.least_min_available,
        max_unavailable=limits.most_max_unavailable,
        windows=limits.windows or None,
    )


def beyond(limits: Limits | None, wanted: Wanted) -> list[BeyondLimit]:
    """Every value that goes beyond a limit."""
    if limits is None:
        return []
    return [*_of_shares(limits, wanted), *_of_schedule(limits, wanted), *_of_windows(limits, wanted.policy.windows)]


def check_change(services: Services, pool: Pool, before: Rollout, after: Rollout) -> None:
    """Whether a change of an open rollout keeps to the limits. A later deadline always does; so does a roll-back.

    Raises InvalidRequest naming every field that goes beyond one.
    """
    if after.rolling_back or after.kind is RolloutKind.ROLL_BACK:
        return
    sooner = after.schedule.force_at < before.schedule.force_at
    notice = after.schedule.force_at - services.now() if sooner else None
    hosts = after.progress.last_pass.hosts if after.progress.last_pass else _HOSTS_UNKNOWN
    found = beyond(limits_of(services, pool), Wanted(after.policy, None, notice, hosts))
    if found:
        raise InvalidRequest([FieldProblem(one.field, f"{one.detail}; {one.what_to_do}") for one in found])


def _of_shares(limits: Limits, wanted: Wanted) -> Iterator[BeyondLimit]:
    policy, hosts = wanted.policy, max(1, wanted.hosts)
    least, most, canary = limits.least_min_available, limits.most_max_unavailable, limits.least_canary_hosts
    if least is not None and share_up(policy.min_available, hosts) < share_up(least, hosts):
        yield _problem(limits, "min_available", f"{policy.min_available} is less than {least}", f"at least {least}")
    if most is not None and share_down(policy.max_unavailable, hosts) > share_down(most, hosts):
        yield _problem(limits, "max_unavailable", f"{policy.max_unavailable} is more than {most}", f"at most {most}")
    if policy.canary_hosts < canary:
        yield _problem(limits, "canary_hosts", f"{policy.canary_hosts} is less than {canary}", f"at least {canary}")


def _of_schedule(limits: Limits, wanted: Wanted) -> Iterator[BeyondLimit]:
    if limits.modes and wanted.mode is not None and wanted.mode not in limits.modes:
        allowed = " or ".join(limits.modes)
        yield BeyondLimit("schedule.mode", f"{_whose(limits)} allow the mode {allowed} only", f"choose {allowed}")
    least = timedelta(minutes=limits.notice_minutes)
    if wanted.notice is not None and wanted.notice < least:
        field = "schedule.mode" if wanted.mode is ScheduleMode.NOW else "schedule"
        text = f"{_whose(limits)} ask for {limits.notice_minutes} minutes before people are signed out"
        yield BeyondLimit(field, text, "choose a later moment")


def _of_windows(limits: Limits, windows: Iterable[Window]) -> Iterator[BeyondLimit]:
    if not limits.windows:
        return
    required = _minutes(limits.windows)
    asked = _minutes(windows) or set(range(_WEEK))
    if not asked <= required:
        inside = "; ".join(map(str, limits.windows))
        yield _problem(limits, "windows", "they reach beyond the required windows", f"windows within {inside}")


def _problem(limits: Limits, name: str, what: str, ask: str) -> BeyondLimit:
    return BeyondLimit(f"policy.{name}", f"{_whose(limits)} do not allow this {name}: {what}", f"set {ask}")


def _whose(limits: Limits) -> str:
    return f"the limits of account {limits.account}, ring {limits.ring},"


def _minutes(windows: Iterable[Window]) -> set[int]:
    """The minutes of a week, from Monday, in which a window is open."""
    found: set[int] = set()
    for window in windows:
        begins = window.begins_at.hour * 60 + window.begins_at.minute
        ends = window.ends_at.hour * 60 + window.ends_at.minute + (_DAY if window.over_midnight else 0)
        for day in window.days:
            start = DAYS.index(day) * _DAY
            found |= {(start + minute) % _WEEK for minute in range(begins, ends)}
    return found
