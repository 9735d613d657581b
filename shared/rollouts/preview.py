"""Previews a rollout: which hosts it would update, in which order and why, and whom it affects. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.access.two_people.rule import approval_awaited
from shared.api.agreed_plans import hosts_part, plan_id, schedule_part
from shared.api.pools import UpdateImageRequest
from shared.api.profiles import UsedProbe
from shared.api.rollouts import PlannedBound, PlannedHost, PlanView
from shared.core.codes import Code
from shared.core.errors import AzureRefused
from shared.core.hrefs import rollout_href
from shared.core.states import HostState
from shared.core.wording import counted
from shared.models.access.roles import Reach
from shared.models.base import UtcTime, Value
from shared.models.messages import Message, message
from shared.models.policy import Policy, Proof
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.budget import Budget, awaited_proof, budget_for
from shared.planning.canary import canary_of
from shared.planning.forecast import forecast
from shared.planning.people.deadlines import foreseen_others_deadline
from shared.planning.plan import plan
from shared.planning.values import Action, Bound, Plan, Snapshot
from shared.planning.waves import hosts_in_waves, waves_until_closing
from shared.planning.windows import FOREVER, open_until, room_at
from shared.pools.claim import seconds_left
from shared.pools.proof import earlier_proof
from shared.records.pools import find_pool, running_rollout
from shared.rollouts.draft import RolloutSpec, draft, spec_of_request
from shared.rollouts.preflight.results import warned
from shared.rollouts.reconcile.answer import limits_of
from shared.rollouts.reconcile.snapshot import read_snapshot
from shared.services import Services

ORDERED_BY = message(Code.IDLE_HOSTS_FIRST, "idle hosts first, then hosts with the fewest sessions, then by name")

_AT_THE_BEGINNING = frozenset({"ramp", "proof", "first_reimage", "arm_writes", "cap"})
"""Bounds that grow by themselves as long as no host fails."""


class Preview(Value):
    """The computed part of PlanView; the fields have the same names and meanings.

    `users_now` counts the sessions on hosts to be updated now. `users_at_force` assumes that all of them stay until
    `force_at`, because nothing better is known today.
    """

    version: str
    begin_at: UtcTime
    force_at: UtcTime
    hosts: Sequence[PlannedHost]
    ordered_by: Message
    to_update: int
    users_now: int
    users_at_force: int
    at_once: int
    bounds: Sequence[PlannedBound]
    proof: Message | None
    limited_by: Sequence[str]
    limited_later_by: Sequence[str]
    deadline: Message | None
    first_host_at: UtcTime | None
    windows: Message | None
    expected_end: UtcTime | None
    expected_end_bounds: tuple[UtcTime, UtcTime] | None


def preview(services: Services, pool: Pool, rollout: Rollout) -> Preview:
    """The plan of a rollout that is not written, as of the time when its first host may start.

    Raises AzureError when the pool cannot be read.
    """
    now = services.now()
    snapshot = read_snapshot(services, rollout, pool, now).snapshot
    starts_at = _first_start(snapshot, rollout, now)
    pool_plan = plan(snapshot, rollout.policy, starts_at, limits=limits_of(services))
    hosts = _planned(snapshot, pool_plan)
    to_update = [host for host in hosts if host.action != Action.SKIP]
    users = sum(host.sessions for host in to_update)
    budget = budget_for(snapshot, rollout.policy, starts_at)
    at_once, later, limited_by = _limiting(budget)
    canary_hosts = max(rollout.policy.canary_hosts, int(snapshot.may_probe_only or snapshot.unproven))
    estimate = forecast(rollout, _rows(snapshot, pool_plan), now, canary_hosts=canary_hosts)
    windows = _windows(snapshot, rollout, starts_at, len(to_update), at_once, canary_hosts or at_once)
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
        proof=_proof(services, pool, rollout, snapshot),
        limited_by=limited_by,
        limited_later_by=later,
        deadline=_deadline(snapshot, rollout.policy, budget.spare, starts_at),
        first_host_at=starts_at if windows else None,
        windows=windows,
        expected_end=estimate.expected,
        expected_end_bounds=estimate.bounds,
    )


def _first_start(snapshot: Snapshot, rollout: Rollout, now: datetime) -> datetime:
    """When the first host may start: it is drained first and must be seen empty twice before it is rebuilt."""
    then = max(now, rollout.schedule.begin_at)
    return room_at(rollout.policy.windows, rollout.zone, then, snapshot.host_time + _settling(rollout))


def _settling(rollout: Rollout) -> timedelta:
    return timedelta(seconds=2 * rollout.policy.settle_seconds)


def _planned(snapshot: Snapshot, pool_plan: Plan) -> list[PlannedHost]:
    versions = {view.name: view.row.version for view in snapshot.hosts}
    return [
        PlannedHost(host=d.host, action=str(d.act), reason=d.reason, sessions=d.sessions, version=versions[d.host])
        for d in pool_plan.decisions
    ]


def _rows(snapshot: Snapshot, pool_plan: Plan) -> list[RolloutHost]:
    """The rows as they would be after the hosts that are not updated were marked as skipped."""
    skipped = set(pool_plan.chosen(Action.SKIP))
    return [
        view.row.model_copy(
            update={"sessions": view.sessions} | ({"state": HostState.SKIPPED} if view.name in skipped else {})
        )
        for view in snapshot.hosts
    ]


def _smallest(bounds: Sequence[Bound]) -> tuple[int, list[str]]:
    """The smallest number of hosts, and the bounds that have it."""
    least = min(bound.hosts for bound in bounds)
    return least, [bound.name for bound in bounds if bound.hosts == least]


def _limiting(budget: Budget) -> tuple[int, list[str], list[str]]:
    """The maximum number of hosts at once, the bounds that limit it later, and the bounds that limit it at the start.

    A floor of 0 limits nothing, nor does a batch size that has grown to the other bounds.
    """
    floor = {"min_available"} if budget.floor == 0 else set()
    bounds = [bound for bound in budget.bounds if bound.name not in floor]
    at_once, later = _smallest([bound for bound in bounds if bound.name not in _AT_THE_BEGINNING])
    _, first = _smallest([bound for bound in bounds if bound.name != "ramp" or bound.hosts < at_once])
    return at_once, later, first


def _proof(services: Services, pool: Pool, rollout: Rollout, snapshot: Snapshot) -> Message | None:
    """What shows that the update works before many hosts get it; None when the policy asks for no proof."""
    if snapshot.unproven:
        return awaited_proof(max(1, rollout.policy.canary_hosts), snapshot.host_time)
    found = earlier_proof(services, rollout, pool) if rollout.policy.proof is Proof.AUTO else None
    if found is None:
        return None
    text = "A host of this account got this version in the same way, so the others wait for no host."
    return message(Code.PROOF_FOUND, text, at=found.at, href=rollout_href(found.rollout))


def _deadline(snapshot: Snapshot, policy: Policy, spare: int, starts_at: datetime) -> Message | None:
    """That the other hosts' deadline moves, if the users of the canary hosts stay signed in until theirs."""
    later = foreseen_others_deadline(snapshot, policy, canary_of(snapshot, policy, spare), starts_at)
    if later is None:
        return None
    text = "The canary hosts are expected to pass only after the deadline. Users of other hosts then have until later."
    return message(Code.DEADLINE_MOVES, text, at=later)


def _windows(
    snapshot: Snapshot, rollout: Rollout, starts_at: datetime, hosts: int, at_once: int, batch: int
) -> Message | None:
    """When the window closes, and about how many hosts finish before; None without windows."""
    windows, zone, host_time = rollout.policy.windows, rollout.zone, snapshot.host_time
    closes = open_until(windows, zone, starts_at)
    if closes is None or closes == FOREVER:
        return None
    minutes = f"{counted(round(host_time.total_seconds() / 60), 'minute')} each"
    rebuilt_at = starts_at + _settling(rollout)
    if rebuilt_at + host_time > closes:
        text = f"No window is long enough for a host ({minutes}). Hosts are started anyway and finish after it closes."
        return message(Code.WINDOW_TOO_SHORT, text, at=closes)
    number = waves_until_closing(host_time, windows, zone, rebuilt_at)
    finishing = min(hosts, hosts_in_waves(number, max(1, at_once), batch))
    text = f"About {finishing} of {counted(hosts, 'host')} can finish before the window closes, at {minutes}."
    return message(Code.WINDOW_HAS_ROOM, text, at=closes, count=finishing)


def plan_update(services: Services, name: str, request: UpdateImageRequest, who: str, reach: Reach) -> PlanView:
    """The plan of `update_image` with all findings; writes nothing. Who asks the same at the same time shares it.

    Raises NotFound, InvalidRequest, AzureBusy.
    """

    key = ("update", name, request.model_dump_json(), reach.accounts)
    return services.plans.get(key, lambda: plan_update_now(services, name, request, who, reach))


def plan_update_now(services: Services, name: str, request: UpdateImageRequest, who: str, reach: Reach) -> PlanView:
    """The plan of `update_image`, made now. Raises NotFound, InvalidRequest, AzureBusy."""
    pool = find_pool(services, name)
    return plan_rollout(services, pool, spec_of_request(services, pool, request, reach), who)


def plan_rollout(services: Services, pool: Pool, spec: RolloutSpec, who: str) -> PlanView:
    """The plan of `begin_rollout` with all findings; writes nothing. Raises InvalidRequest, AzureBusy."""
    rollout, result = draft(services, pool, spec, who)
    if running_rollout(services, pool):
        result.failed("rollout", f"rollout {pool.running_rollout} runs on this pool", "wait for its end or cancel it")
    elif left := seconds_left(services, pool):
        result.failed("rollout", "the pool is being reserved by another request", f"try again in {left} seconds")
    else:
        result.passed("rollout", "no other rollout runs on this pool")
    fields = {name: getattr(rollout, name) for name in SHOWN_IN_PLAN}
    fields |= {
        "from_version": rollout.before.version,
        "preflight": result.findings,
        "probe": UsedProbe.of(rollout.probe),
        "approval": approval_awaited(services, [pool]) if spec.kind is RolloutKind.UPDATE else None,
    }
    fields["can_start"] = all(finding.result != "fail" for finding in result.findings)
    computed = _preview_fields(services, pool, rollout, result.losses)
    if computed.get("to_update") and computed.get("at_once") == 0:
        result.findings.append(warned("limits", _NOTHING_AT_ONCE, _ALLOW_ONE))
    if isinstance(moves := computed.get("deadline"), dict):
        fields["schedule"] = rollout.schedule.replace(others_force_at=moves["at"])
    made = PlanView.model_validate(fields | computed)
    made = made.replace(hosts_total=len(made.hosts))
    part = hosts_and_policy(made.pool, made.policy, made.probe, made.hosts)
    timed = schedule_part(made.schedule)
    return made.replace(id=plan_id(spec.kind, made.image, made.version, spec.selection.for_new_hosts, timed, part))


def hosts_and_policy(pool: str, policy: Policy, probe: UsedProbe | None, hosts: Sequence[PlannedHost]) -> list[object]:
    """What counts of a pool's plan for the id of a plan, besides version and schedule."""
    chosen = hosts_part(((one.host, one.action) for one in hosts), Action.SKIP)
    return [pool, policy.model_dump(mode="json"), probe.model_dump(mode="json") if probe else None, chosen]


_NOTHING_AT_ONCE = "no host can be rebuilt before the deadline: the limits of the policy keep all of them in service"
_ALLOW_ONE = "lower min_available, or keep a deadline by which all users may be signed out"


SHOWN_IN_PLAN = ("pool", "image", "version", "schedule", "policy")


def _preview_fields(
    services: Services, pool: Pool, rollout: Rollout, losses: Mapping[str, list[Message]]
) -> dict[str, object]:
    try:
        computed = preview(services, pool, rollout)
    except AzureRefused:
        return {}  # a finding of the preflight gives the reason
    if losses:
        hosts = [_with_losses(host, losses) for host in computed.hosts]
        computed = computed.model_copy(update={"hosts": hosts})
    return fields_of(computed)


def fields_of(computed: Preview) -> dict[str, object]:
    """What a plan shows of its preview."""
    return computed.model_dump(include=set(PlanView.model_fields) - {*SHOWN_IN_PLAN, "from_version", "probe"})


def _with_losses(host: PlannedHost, losses: Mapping[str, list[Message]]) -> PlannedHost:
    lost = losses.get(host.host.lower()) if host.action != Action.SKIP else None
    return host.model_copy(update={"loses": lost}) if lost else host
