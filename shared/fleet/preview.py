"""Previews a fleet update: each ring with the plans of its pools. Writes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from shared.access.two_people.rule import approval_awaited
from shared.api.agreed_plans import plan_id, schedule_part
from shared.api.fleet import PoolsPlanView, RingPlanView, UpdatePoolsRequest
from shared.api.rollouts import PlanView
from shared.core.codes import Code
from shared.core.hrefs import pool_href
from shared.fleet.draft import READERS, Draft, draft
from shared.models.access.roles import Reach
from shared.models.findings import Finding
from shared.models.messages import Message, message, sentence
from shared.models.pools import Pool
from shared.models.tasks import Gate
from shared.rollouts.preview import hosts_and_policy, plan_rollout
from shared.services import Services

HELD = "rollout"
"""The check for another rollout on the pool. A fleet update waits for its end."""


def plan_pools(services: Services, asked: UpdatePoolsRequest, who: str, reach: Reach) -> PoolsPlanView:
    """What a fleet update would do, with all findings. Writes nothing. Who asks the same at the same time shares it.

    Raises InvalidRequest, AzureBusy.
    """
    key = ("pools", asked.model_dump_json(), reach.accounts)
    return services.plans.get(key, lambda: plan_pools_now(services, asked, who, reach))


def plan_pools_now(services: Services, asked: UpdatePoolsRequest, who: str, reach: Reach) -> PoolsPlanView:
    """What a fleet update would do, found out now. Raises InvalidRequest, AzureBusy."""
    drafted = draft(services, asked, who, reach)
    update = drafted.work.update
    rings: list[RingPlanView] = []
    begins: datetime | None = services.now()
    for number in sorted(set(drafted.selected.rings.values())):
        ring = _plan_ring(services, drafted, number, begins, who, first=not rings)
        rings.append(ring)
        begins = ring.expected_end + timedelta(minutes=update.soak_minutes) if ring.expected_end else None
    plans = [plan for ring in rings for plan in ring.pools]
    return PoolsPlanView(
        image=drafted.image.name,
        version=asked.version,
        id=_id_of(asked.version, drafted, rings),
        gate=update.gate,
        soak_minutes=update.soak_minutes,
        can_start=all(plan.can_start for plan in rings[0].pools),
        problems=[text for ring in rings for plan in ring.pools for text in _problems(ring.ring, plan)],
        rings=rings,
        approval=approval_awaited(services, drafted.selected.pools),
        to_update=sum(plan.to_update for plan in plans),
        users_now=sum(plan.users_now for plan in plans),
        users_at_force=sum(plan.users_at_force for plan in plans),
        expected_end=rings[-1].expected_end,
    )


def _id_of(version: str, drafted: Draft, rings: list[RingPlanView]) -> str:
    """The moments of later rings do not count: they follow from how long the others take."""
    update = drafted.work.update
    plans = [(ring.ring, plan) for ring in rings for plan in ring.pools]
    parts = [[ring, hosts_and_policy(plan.pool, plan.policy, plan.probe, plan.hosts)] for ring, plan in plans]
    return plan_id(drafted.image.name, version, update.gate, update.soak_minutes, schedule_part(update.schedule), parts)


def _plan_ring(
    services: Services, drafted: Draft, ring: int, begins: datetime | None, who: str, *, first: bool
) -> RingPlanView:
    """One ring, as if it started at `begins`. None: unknown, so its pools are planned as of now."""
    pools = [pool for pool in drafted.selected.pools if drafted.selected.rings[pool.name] == ring]
    when = begins or services.now()
    with ThreadPoolExecutor(READERS) as readers:
        plans = list(readers.map(lambda pool: _plan(services, drafted, pool, when, who, first=first), pools))
    ends = [plan.expected_end for plan in plans if plan.expected_end]
    known = begins is not None and len(ends) == len(plans)
    gated = drafted.work.update.gate is Gate.APPROVE and not first
    return RingPlanView(
        ring=ring, begins_at=begins, approval=gated, expected_end=max(ends) if known else None, pools=plans
    )


def _plan(services: Services, drafted: Draft, pool: Pool, when: datetime, who: str, *, first: bool) -> PlanView:
    """The plan of one pool. Another rollout on it is only a warning for a fleet update."""
    plan = plan_rollout(services, pool, drafted.rollout_of(services, pool, when, first=first), who)
    found = [_waits(finding) if finding.check == HELD else finding for finding in plan.preflight]
    can_start = all(finding.result != "fail" for finding in found)
    return plan.model_copy(update={"preflight": found, "can_start": can_start})


def _waits(finding: Finding) -> Finding:
    if finding.result != "fail":
        return finding
    return finding.model_copy(update={"result": "warn", "what_to_do": "the fleet update waits for its end"})


def _problems(ring: int, plan: PlanView) -> list[Message]:
    return [
        message(
            Code.POOL_CANNOT_BE_UPDATED,
            f"Pool {plan.pool} (ring {ring}): {finding.detail}. {sentence(finding.what_to_do)}",
            href=pool_href(plan.pool),
        )
        for finding in plan.preflight
        if finding.result == "fail"
    ]
