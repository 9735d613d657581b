"""Rolls a pool back to its former image version in one call, whether an update is running or has ended."""

from __future__ import annotations

from shared.access.limits import pool_policy
from shared.access.registrations import check_still_reached
from shared.api.agreed_plans import refuse_changed
from shared.api.pools import RollBackPoolRequest
from shared.api.rollouts import PlanView, RolloutView
from shared.api.schedules import parse_schedule
from shared.core.errors import Conflict, FieldProblem, InvalidRequest
from shared.core.states import RolloutState
from shared.models.access.roles import Reach
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.models.tasks import CancelHow
from shared.planning.rollback_policy import as_rollback_policy, rollback_policy
from shared.pools.claim import free_pool, refuse_second
from shared.ports.engine import Engine
from shared.records.images import find_image
from shared.records.pools import find_pool, running_rollout
from shared.rollouts import control
from shared.rollouts.command_rules import has_begun
from shared.rollouts.draft import RolloutSpec, resolve_schedule_and_policy
from shared.rollouts.preflight.results import warned
from shared.rollouts.preview import plan_rollout
from shared.rollouts.selection import selection_of, selection_to_undo
from shared.rollouts.start import begin_rollout
from shared.services import ROLLOUTS, Services
from shared.views.rollout_progress import progress


def roll_back_pool(
    services: Services, engine: Engine, name: str, request: RollBackPoolRequest, who: str, reach: Reach
) -> RolloutView:
    """Roll back a pool: roll back the update that runs on it, or start a new rollout to its previous version.

    A running update rolls back under its own schedule and policy. If a roll-back runs already, it is returned. Raises
    NotFound, InvalidRequest, PreflightFailed, PlanChanged (nothing was written), Conflict, AzureBusy.
    """
    pool = free_pool(services, name)
    check_still_reached(reach, "pool", [pool.account])
    running = running_rollout(services, pool)
    if running and _is_roll_back(running):
        return _view(services, running)
    refuse_changed(request, lambda: _plan_roll_back(services, name, request, who))
    if running:
        _refuse_without_previous_version(running)
        _refuse_not_started(running)
        return control.cancel(services, engine, running.id, who, CancelHow.ROLL_BACK, reason=request.reason)
    refuse_second(services, pool)
    spec = _spec_of_previous_version(services, pool, request)
    try:
        return _view(services, begin_rollout(services, engine, pool, spec, who))
    except Conflict as conflict:
        other = services.rollouts.find(ROLLOUTS, conflict.rollout) if conflict.rollout else None
        if other and not other.state.ended and _is_roll_back(other):
            return _view(services, other)  # a concurrent request started it
        raise


def plan_roll_back(services: Services, name: str, request: RollBackPoolRequest, who: str) -> PlanView:
    """The plan of `roll_back_pool`; writes nothing. Who asks the same at the same time shares it.

    Raises NotFound, InvalidRequest, Conflict, AzureBusy.
    """
    asked = ("roll back", name, request.model_dump_json())
    return services.plans.get(asked, lambda: _plan_roll_back(services, name, request, who))


def _plan_roll_back(services: Services, name: str, request: RollBackPoolRequest, who: str) -> PlanView:
    """For a running update: the plan of rolling it back."""
    pool = find_pool(services, name)
    running = running_rollout(services, pool)
    if running is None:
        return plan_rollout(services, pool, _spec_of_previous_version(services, pool, request), who)
    if not _is_roll_back(running):
        _refuse_without_previous_version(running)
    # The plan must treat the pool as free: the running rollout is the one that rolls back.
    free = pool.model_copy(update={"running_rollout": ""})
    return _with_running(plan_rollout(services, free, _spec_of_running(services, running), who), running)


def _view(services: Services, rollout: Rollout) -> RolloutView:
    return progress(rollout, services.hosts.all(rollout.id), services.now())


def _is_roll_back(running: Rollout) -> bool:
    """Whether it is a roll-back that is not being cancelled."""
    return running.kind is RolloutKind.ROLL_BACK and running.state is not RolloutState.CANCELLING


def _refuse_not_started(running: Rollout) -> None:
    """Raises Conflict for a rollout that has changed no host yet: there is nothing to roll back."""
    if not has_begun(running):
        text = f"Rollout {running.id} has not changed any host yet. Cancel it, then roll back the pool."
        raise Conflict(text, rollout=running.id)


def _refuse_without_previous_version(running: Rollout) -> None:
    """Raises Conflict when rolling back this rollout would not bring the pool to another version."""
    before = (running.before.image or running.image, running.before.version)
    if running.kind is RolloutKind.ROLL_BACK:
        reason = "is a roll-back that is being cancelled: wait for its end, then publish the version you want"
    elif before == (running.image, running.version):
        reason = 'targets the version the pool already has: cancel it with "how": "leave", then roll back after it ends'
    else:
        return
    raise Conflict(f"Rollout {running.id} {reason}.", rollout=running.id)


def _spec_of_previous_version(services: Services, pool: Pool, request: RollBackPoolRequest) -> RolloutSpec:
    """A rollout to the pool's previous version. Raises InvalidRequest, NotFound, Conflict when none is known."""
    if pool.previous_version is None:
        raise Conflict(
            f"The version that pool {pool.name} had before {pool.version or 'this one'} is not known. "
            'Publish the version you want with update-image; an older one needs "allow_downgrade": true.'
        )
    problems: list[FieldProblem] = []
    selection = selection_to_undo(services, pool)
    if request.exclude is not None:
        selection = selection_of(services, pool, problems, only=None, exclude=request.exclude, for_new_hosts=False)
    schedule, policy = resolve_schedule_and_policy(
        problems,
        lambda: parse_schedule(request.schedule, now=services.now(), pool_zone=pool.time_zone),
        lambda: rollback_policy(request.schedule.mode, pool_policy(services, pool), request.policy),
    )
    if problems or schedule is None or policy is None:
        raise InvalidRequest(problems)
    return RolloutSpec(
        image=find_image(services, pool.previous_image or pool.image),
        version=pool.previous_version,
        schedule=schedule,
        policy=policy,
        reason=request.reason,
        allow_downgrade=True,
        kind=RolloutKind.ROLL_BACK,
        selection=selection,
    )


def _spec_of_running(services: Services, running: Rollout) -> RolloutSpec:
    """The roll-back of the running rollout as a rollout of its own. Raises NotFound, Conflict."""
    is_roll_back = running.kind is RolloutKind.ROLL_BACK
    version = running.version if is_roll_back else running.before.version
    if version is None:
        raise Conflict(f"The version that pool {running.pool} had before rollout {running.id} is not known.")
    return RolloutSpec(
        image=find_image(services, running.image if is_roll_back else running.before.image or running.image),
        version=version,
        schedule=running.schedule,
        policy=running.policy if is_roll_back else as_rollback_policy(running.policy),
        allow_downgrade=True,
        kind=RolloutKind.ROLL_BACK,
        selection=running.selection,
    )


def _with_running(plan: PlanView, running: Rollout) -> PlanView:
    """The plan, with a finding that names the running rollout which carries it out."""
    action = (
        "rolls the pool back already"
        if running.kind is RolloutKind.ROLL_BACK
        else "is running and will roll back itself"
    )
    finding = warned(
        "rollout",
        f"rollout {running.id} {action}",
        "nothing to do; its own schedule and policy apply, not the ones sent here",
    )
    others = [other for other in plan.preflight if other.check != "rollout"]
    return plan.model_copy(update={"preflight": [*others, finding]})
