"""Trying again what an ended rollout has failed on: a new rollout that takes those hosts and no others."""

from __future__ import annotations

from shared.api.common import ScheduleRequest
from shared.api.rollouts import RetryRequest
from shared.api.schedules import parse_schedule
from shared.core.errors import Conflict
from shared.models.policy import ScheduleMode
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind, Schedule
from shared.planning.rollback_policy import as_rollback_policy
from shared.pools.claim import free_pool, refuse_second
from shared.ports.engine import Engine
from shared.records.images import find_image
from shared.rollouts.draft import RolloutSpec
from shared.rollouts.start import begin_rollout
from shared.services import ROLLOUTS, Services

_PAGE = 100
_NOW = ScheduleRequest(mode=ScheduleMode.NOW)


def retry_ended(services: Services, engine: Engine, old: Rollout, asked: RetryRequest, who: str) -> Rollout:
    """The rollout that takes what failed in `old`: the one that does so already, or a new one.

    It has the same image, version and policy. Had `old` been going back, it brings those hosts to what the pool was on
    before. Raises NotFound, InvalidRequest, PreflightFailed (nothing was written), Conflict, AzureBusy.
    """
    pool = free_pool(services, old.pool)
    if running := _retry_of(services, old, pool.running_rollout):
        return running
    refuse_second(services, pool)
    _refuse_overtaken(services, old)
    schedule = _schedule(services, pool, old, asked)
    try:
        return begin_rollout(services, engine, pool, _spec(services, pool, old, schedule), who)
    except Conflict as conflict:
        if conflict.rollout and (running := _retry_of(services, old, conflict.rollout)):
            return running  # somebody asked for it at the same time
        raise


def _schedule(services: Services, pool: Pool, old: Rollout, asked: RetryRequest) -> Schedule:
    """What is asked for; else the old rollout's, while its deadline is ahead, so that nobody is signed out before that;
    else now. Raises InvalidRequest."""
    now = services.now()
    if asked.schedule is None and old.schedule.force_at > now:
        return old.schedule.model_copy(update={"begin_at": max(now, old.schedule.begin_at)})
    return parse_schedule(asked.schedule or _NOW, now=now, pool_zone=pool.time_zone)


def _retry_of(services: Services, old: Rollout, rollout_id: str) -> Rollout | None:
    """The rollout of this id, if it is open and takes what failed in `old`."""
    found = services.rollouts.find(ROLLOUTS, rollout_id) if rollout_id else None
    return found if found and found.retry_of == old.id and not found.state.ended else None


def _refuse_overtaken(services: Services, old: Rollout) -> None:
    """Raises Conflict when another rollout has worked on the pool since: its hosts would come to what is past."""
    continuation: str | None = None
    while True:
        page = services.rollouts.page(ROLLOUTS, limit=_PAGE, continuation=continuation, pool=old.pool)
        for later in page.rows:
            if later.created_at <= old.created_at:
                return  # newest first
            if later.started_at is not None and later.kind is not RolloutKind.REFRESH:
                text = f"Rollout {later.id} has begun on pool {old.pool} since: retry that one, or publish a version."
                raise Conflict(text, rollout=later.id)
        continuation = page.continuation
        if continuation is None:
            return


def _spec(services: Services, pool: Pool, old: Rollout, schedule: Schedule) -> RolloutSpec:
    """What the new rollout is to do. The version was accepted before, so an older one is no mistake."""
    image, version, kind, policy = old.image, old.version, old.kind, old.policy
    if old.rolling_back:
        if old.from_version is None:
            text = f"It is not known which version pool {pool.name} had before: publish the one you want."
            raise Conflict(text)
        image, version = old.from_image or old.image, old.from_version
        kind, policy = RolloutKind.ROLL_BACK, as_rollback_policy(policy)
    return RolloutSpec(
        image=find_image(services, image),
        version=version,
        schedule=schedule,
        policy=policy,
        reason=_reason(old),
        allow_downgrade=True,
        kind=kind,
        retry_of=old.id,
    )


def _reason(old: Rollout) -> str:
    """Which rollout it repeats, and why there was a first one."""
    first = (
        old.reason.removeprefix(f"retry of rollout {old.retry_of}").removeprefix(": ") if old.retry_of else old.reason
    )
    return f"retry of rollout {old.id}{f': {first}' if first else ''}"
