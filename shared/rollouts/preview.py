"""The plan of a rollout before it exists: which hosts, in which order and why, and whom it concerns. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.api.pools import UpdateImageRequest
from shared.api.rollouts import PlannedBound, PlannedHost, PlanView
from shared.core.errors import AzureRefused
from shared.core.states import HostState
from shared.core.wording import counted
from shared.models.base import UtcTime, Value
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.budget import Budget, budget_for
from shared.planning.forecast import forecast
from shared.planning.plan import plan
from shared.planning.values import Action, Bound, Plan, Snapshot
from shared.planning.waves import hosts_in_waves, waves_until_closing
from shared.planning.windows import FOREVER, open_until, room_at
from shared.pools.claim import is_valid
from shared.records.pools import find_pool
from shared.rollouts.draft import RolloutSpec, draft, spec_of_request
from shared.rollouts.reconcile.answer import limits_of
from shared.rollouts.reconcile.snapshot import read_snapshot
from shared.services import Services

ORDERED_BY = "idle hosts first, then those with the fewest sessions; of those with as many, by name"

_AT_THE_BEGINNING = frozenset({"ramp", "first_reimage", "arm_writes"})
"""Bounds that widen by themselves while all goes well."""


class Preview(Value):
    """What would happen. `users_now` have sessions on hosts to be updated as of this moment; those of them who
    do not log off by themselves would be signed out at `force_at`, and no more than that are known today.

    The fields are those of PlanView.
    """

    version: str
    begin_at: UtcTime
    force_at: UtcTime
    hosts: Sequence[PlannedHost]
    ordered_by: str
    to_update: int
    users_now: int
    users_at_force: int
    at_once: int
    bounds: Sequence[PlannedBound]
    limited_by: Sequence[str]
    limited_later_by: Sequence[str]
    windows: str
    expected_end: UtcTime | None
    expected_end_bounds: tuple[UtcTime, UtcTime] | None


def preview(services: Services, pool: Pool, rollout: Rollout) -> Preview:
    """The plan for a rollout that was not written, as of when its first host may begin.

    Raises AzureError when the pool cannot be read.
    """
    now = services.now()
    snapshot = read_snapshot(services, rollout, pool, now).snapshot
    begins = _begins(snapshot, rollout, now)
    decided = plan(snapshot, rollout.policy, begins, limits=limits_of(services))
    hosts = _planned(snapshot, decided)
    to_update = [host for host in hosts if host.action != Action.SKIP]
    users = sum(host.sessions for host in to_update)
    budget = budget_for(snapshot, rollout.policy, begins)
    at_once, later, limited_by = _limiting(budget)
    first = max(rollout.policy.canary_hosts, int(snapshot.may_probe_only))
    foreseen = forecast(rollout, _rows(snapshot, decided), now, first=first)
    return Preview(
        version=rollout.version,
        begin_at=rollout.schedule.begin_at,
        force_at=rollout.schedule.force_at,
        hosts=hosts,
        ordered_by=ORDERED_BY,
        to_update=len(to_update),
        users_now=users,
        users_at_force=users,
        at_once=at_once,
        bounds=[PlannedBound(bound=bound.name, hosts=bound.hosts, reason=bound.reason) for bound in budget.bounds],
        limited_by=limited_by,
        limited_later_by=later,
        windows=_windows(snapshot, rollout, begins, len(to_update), at_once, first or at_once),
        expected_end=foreseen.expected,
        expected_end_bounds=foreseen.bounds,
    )


def _begins(snapshot: Snapshot, rollout: Rollout, now: datetime) -> datetime:
    """When the first host may begin: it has to be drained and looked at twice before it is taken."""
    then = max(now, rollout.schedule.begin_at)
    return room_at(rollout.policy.windows, rollout.zone, then, snapshot.host_time + _settling(rollout))


def _settling(rollout: Rollout) -> timedelta:
    return timedelta(seconds=2 * rollout.policy.settle_seconds)


def _planned(snapshot: Snapshot, decided: Plan) -> list[PlannedHost]:
    versions = {view.name: view.row.version for view in snapshot.hosts}
    return [
        PlannedHost(host=d.host, action=str(d.act), reason=d.reason, sessions=d.sessions, version=versions[d.host])
        for d in decided.decisions
    ]


def _rows(snapshot: Snapshot, decided: Plan) -> list[RolloutHost]:
    """The rows as they would be once those that are not updated are out of it."""
    skipped = set(decided.chosen(Action.SKIP))
    return [
        view.row.model_copy(
            update={"sessions": view.sessions} | ({"state": HostState.SKIPPED} if view.name in skipped else {})
        )
        for view in snapshot.hosts
    ]


def _smallest(bounds: Sequence[Bound]) -> tuple[int, list[str]]:
    """The smallest of the bounds, and which have it."""
    least = min(bound.hosts for bound in bounds)
    return least, [bound.name for bound in bounds if bound.hosts == least]


def _limiting(budget: Budget) -> tuple[int, list[str], list[str]]:
    """How many hosts at most, which bounds keep it to that in the end, and which are the smallest at the beginning.

    A floor that is lifted limits nothing, nor does a ramp that has come up to the other bounds.
    """
    floor = {"min_available"} if budget.floor == 0 else set()
    bounds = [bound for bound in budget.bounds if bound.name not in floor]
    at_once, later = _smallest([bound for bound in bounds if bound.name not in _AT_THE_BEGINNING])
    _, first = _smallest([bound for bound in bounds if bound.name != "ramp" or bound.hosts < at_once])
    return at_once, later, first


def _windows(snapshot: Snapshot, rollout: Rollout, begins: datetime, hosts: int, at_once: int, dared: int) -> str:
    """When the first host may begin and how many end before the window closes, about; empty without windows."""
    windows, zone, each = rollout.policy.windows, rollout.zone, snapshot.host_time
    closes = open_until(windows, zone, begins)
    if closes is None or closes == FOREVER:
        return ""
    minutes = f"{counted(round(each.total_seconds() / 60), 'minute')} a host"
    text = f"The first host may begin at {_local_time(begins, zone)}; the window closes at {_local_time(closes, zone)}."
    taken = begins + _settling(rollout)
    if taken + each > closes:
        return f"{text} No window is as long as that takes ({minutes}): hosts are begun all the same, and end outside."
    number = waves_until_closing(each, windows, zone, taken)
    fit = min(hosts, hosts_in_waves(number, max(1, at_once), dared))
    return f"{text} At most about {fit} of {counted(hosts, 'host')} can end before that, at {minutes}."


def _local_time(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def plan_update(services: Services, name: str, asked: UpdateImageRequest, who: str) -> PlanView:
    """What `update_image` would do, with all findings; writes nothing. Raises NotFound, InvalidRequest, AzureBusy."""
    pool = find_pool(services, name)
    return plan_rollout(services, pool, spec_of_request(services, pool, asked), who)


def plan_rollout(services: Services, pool: Pool, wanted: RolloutSpec, who: str) -> PlanView:
    """What `begin_rollout` would do, with all findings; writes nothing. Raises InvalidRequest, AzureBusy."""
    rollout, found = draft(services, pool, wanted, who)
    if pool.running_rollout and is_valid(services, pool.running_rollout):
        found.failed("rollout", f"rollout {pool.running_rollout} runs on this pool", "wait for its end or cancel it")
    else:
        found.passed("rollout", "no other rollout runs on this pool")
    fields = {name: getattr(rollout, name) for name in _SHOWN_IN_PLAN} | {"preflight": found.findings}
    fields["can_start"] = all(finding.result != "fail" for finding in found.findings)
    return PlanView.model_validate(fields | _preview_fields(services, pool, rollout))


_SHOWN_IN_PLAN = ("pool", "image", "version", "from_version", "schedule", "policy")


def _preview_fields(services: Services, pool: Pool, rollout: Rollout) -> dict[str, object]:
    try:
        seen = preview(services, pool, rollout)
    except AzureRefused:
        return {}  # the preflight has a finding that says why
    return seen.model_dump(include=set(PlanView.model_fields) - set(_SHOWN_IN_PLAN))
