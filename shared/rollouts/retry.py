"""Retries an ended rollout with a new one, which updates only the failed hosts.

After a failed canary it updates the whole pool: the canary hosts come first again, and the others wait for them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from shared.api.agreed_plans import refuse_more_sign_outs
from shared.api.common import ScheduleRequest
from shared.api.rollouts import RetryRequest
from shared.api.schedules import parse_schedule
from shared.core.errors import Conflict, FieldProblem, InvalidRequest
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.pools import Pool
from shared.models.rollout_parts import Failures, Selection
from shared.models.rollouts import Rollout, RolloutKind, Schedule
from shared.planning.rollback_policy import as_rollback_policy
from shared.pools.claim import free_pool, refuse_second
from shared.ports.engine import Engine
from shared.records.images import find_image
from shared.rollouts.draft import RolloutSpec
from shared.rollouts.preview import plan_rollout
from shared.rollouts.selection import lower_names
from shared.rollouts.start import begin_rollout
from shared.services import ROLLOUTS, Services

_NOW = ScheduleRequest(mode=ScheduleMode.NOW)


def retried_failures(services: Services, rollout: Rollout, request: RetryRequest) -> Failures:
    """What the row says of failures once somebody has asked for a retry: of all failed hosts, or of some by name.

    Those that are not named count as accepted, as with `resume`. Raises InvalidRequest for a host that has not failed.
    """
    now = services.now()
    if request.hosts is None:
        return Failures(retried_at=now)
    failed, names = _failed_hosts(services, rollout), lower_names(request.hosts)
    _refuse_others(names, failed)
    left = len(failed - set(names))
    retried = {**rollout.failures.retried, **dict.fromkeys(names, now)}
    return rollout.failures.replace(retried=retried, accepted=left)


def _failed_hosts(services: Services, rollout: Rollout) -> set[str]:
    return {row.host for row in services.hosts.each(rollout.id, state=HostState.FAILED)}


def _refuse_others(names: Iterable[str], failed: Container[str]) -> None:
    bad = [FieldProblem("hosts", f"{name} has not failed in this rollout") for name in names if name not in failed]
    if bad:
        raise InvalidRequest(bad)


def retry_ended(services: Services, engine: Engine, old: Rollout, request: RetryRequest, who: str) -> Rollout:
    """The rollout that retries the failed hosts of `old`: the one that runs already, or a new one.

    It has the same image, version and policy. If `old` was rolling back, it brings the hosts to the former version.
    Raises NotFound, InvalidRequest, PreflightFailed, MoreSignOuts (nothing was written), Conflict, AzureBusy.
    """
    pool = free_pool(services, old.pool)
    if running := _retry_of(services, old, pool.running_rollout):
        return running
    refuse_second(services, pool)
    if old.account and pool.account != old.account:
        raise Conflict("The pool belongs to another account now. Start a new rollout.")
    _refuse_if_superseded(services, old)
    schedule = _schedule(services, pool, old, request)
    if request.hosts is not None:
        _refuse_others(lower_names(request.hosts), _failed_hosts(services, old))
    spec = _retry_spec(services, pool, old, schedule, request)
    refuse_more_sign_outs(request, lambda: plan_rollout(services, pool, spec, who).users_at_force)
    try:
        return begin_rollout(services, engine, pool, spec, who)
    except Conflict as conflict:
        if conflict.rollout and (running := _retry_of(services, old, conflict.rollout)):
            return running  # a concurrent request started it
        raise


def _schedule(services: Services, pool: Pool, old: Rollout, request: RetryRequest) -> Schedule:
    """The requested schedule. Without one, the old rollout's until its deadline, so that nobody is signed out earlier;
    after that, now. Raises InvalidRequest, also when a retry of the whole pool would sign users out at once."""
    now = services.now()
    if request.schedule is None and old.schedule.force_at > now:
        return old.schedule.model_copy(update={"begin_at": max(now, old.schedule.begin_at), "others_force_at": None})
    if request.schedule is None and _retries_whole(old) and old.schedule.mode is not ScheduleMode.NOW:
        text = "the deadline has passed, and the hosts behind the canary follow too: say when users may be signed out"
        raise InvalidRequest.one("schedule", text)
    return parse_schedule(request.schedule or _NOW, now=now, pool_zone=pool.time_zone)


def _retries_whole(old: Rollout) -> bool:
    """Whether the rollout failed on its canary hosts, so that those behind them have not been updated either."""
    canary_failed = old.policy.canary_hosts > 0 and old.progress.canary_passed_at is None
    forward = old.kind is RolloutKind.UPDATE and not old.rolling_back and not old.failed_hosts_only
    return canary_failed and forward and old.state is RolloutState.FAILED


def _retry_of(services: Services, old: Rollout, rollout_id: str) -> Rollout | None:
    """The rollout with this id, if it is open and a retry of `old`."""
    rollout = services.rollouts.find(ROLLOUTS, rollout_id) if rollout_id else None
    return rollout if rollout and rollout.retry_of == old.id and not rollout.state.ended else None


def _refuse_if_superseded(services: Services, old: Rollout) -> None:
    """Raises Conflict when a later rollout changed the pool: a retry would bring its hosts to an outdated version."""
    for later in services.rollouts.each(ROLLOUTS, pool=old.pool):
        if later.created_at <= old.created_at:
            return  # newest first
        if later.started_at is not None and later.kind is not RolloutKind.REFRESH:
            text = f"Rollout {later.id} changed pool {old.pool} later. Retry that rollout, or publish a version."
            raise Conflict(text, rollout=later.id)


def _retry_spec(services: Services, pool: Pool, old: Rollout, schedule: Schedule, request: RetryRequest) -> RolloutSpec:
    """The parameters of the new rollout. Its version was accepted before, so a downgrade is allowed."""
    image, version, kind, policy = old.image, old.version, old.kind, old.policy
    if old.rolling_back:
        if old.before.version is None:
            text = f"The former version of pool {pool.name} is not known. Publish the version you want."
            raise Conflict(text)
        image, version = old.before.image or old.image, old.before.version
        kind, policy = RolloutKind.ROLL_BACK, as_rollback_policy(policy)
    return RolloutSpec(
        image=find_image(services, image),
        version=version,
        schedule=schedule,
        policy=policy,
        reason=_reason(old, request.reason),
        allow_downgrade=True,
        kind=kind,
        retry_of=old.id,
        retries_whole=_retries_whole(old),
        selection=Selection(only=lower_names(request.hosts)) if request.hosts else old.selection,
    )


def _reason(old: Rollout, given: str) -> str:
    """The id of the retried rollout, and why it is retried: else the reason of the first one."""
    first = (
        old.reason.removeprefix(f"retry of rollout {old.retry_of}").removeprefix(": ") if old.retry_of else old.reason
    )
    why = given or first
    return f"retry of rollout {old.id}{f': {why}' if why else ''}"
