"""The plan of a rollout before it exists: which hosts, in which order and why, and whom it concerns. Writes nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.models.base import UtcTime, Value
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.models.views import PlannedHost
from shared.planning.budget import HOSTS_PER_REPLICA, budget_for
from shared.planning.plan import plan
from shared.planning.values import Act, Snapshot
from shared.publishing.gather import gather
from shared.publishing.progress import FIRST_GUESS
from shared.services import Services


class Preview(Value):
    """What would happen. `users_now` have sessions on hosts to be updated as of this moment; those of them who
    do not log off by themselves would be signed out at `force_at`, and no more than that are known today."""

    version: str
    begin_at: UtcTime
    force_at: UtcTime
    hosts: Sequence[PlannedHost]
    to_update: int
    users_now: int
    users_at_force: int
    at_once: int
    """Hosts that may be rebuilt at the same time once the first has proved good."""
    expected_end: UtcTime
    expected_end_bounds: tuple[UtcTime, UtcTime]
    """If nobody had to be waited for, and if everybody stayed until `force_at`."""


def preview(services: Services, pool: Pool, rollout: Rollout) -> Preview:
    """The plan for a rollout that was not written. Raises AzureError when the pool cannot be read."""
    now = services.now()
    snapshot = gather(services, rollout, pool, now).snapshot
    then = max(now, rollout.schedule.begin_at)
    limit = timedelta(seconds=services.settings.sign_out_limit)
    decided = plan(snapshot, rollout.policy, then, sign_out_limit=limit)
    versions = {view.name: view.row.version for view in snapshot.hosts}
    hosts = tuple(
        PlannedHost(host=d.host, does=str(d.act), reason=d.reason, sessions=d.sessions, version=versions[d.host])
        for d in decided.decisions
    )
    concerned = [host for host in hosts if host.does != Act.SKIP]
    users = sum(host.sessions for host in concerned)
    budget = budget_for(snapshot, rollout.policy, then)
    at_once = max(
        1, min(budget.allowed_unavailable, rollout.policy.max_in_flight, HOSTS_PER_REPLICA * max(1, rollout.replicas))
    )
    early, late = _ends(snapshot, rollout, len(concerned), at_once, then)
    return Preview(
        version=rollout.version,
        begin_at=rollout.schedule.begin_at,
        force_at=rollout.schedule.force_at,
        hosts=hosts,
        to_update=len(concerned),
        users_now=users,
        users_at_force=users,
        at_once=at_once,
        expected_end=late if users else early,
        expected_end_bounds=(early, late),
    )


def _ends(snapshot: Snapshot, rollout: Rollout, hosts: int, at_once: int, then: datetime) -> tuple[datetime, datetime]:
    """The end if no host had to be waited for, and if every busy one was busy until force_at."""
    if hosts == 0:
        return then, then
    first = FIRST_GUESS if rollout.policy.canary_hosts or snapshot.may_probe_only else timedelta()
    settle = timedelta(seconds=2 * rollout.policy.settle_seconds)
    early = then + first + settle + FIRST_GUESS * math.ceil(hosts / at_once)
    in_flight = max(1, min(hosts, rollout.policy.max_in_flight))
    late = max(then, rollout.schedule.force_at) + settle + FIRST_GUESS * math.ceil(hosts / in_flight)
    return early, max(early, late)
