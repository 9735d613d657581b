"""Taking a pool back to what it was on before, in one call, whether an update runs or has ended."""

from __future__ import annotations

from shared.api.pools import RollBackPoolRequest
from shared.api.rollouts import PlanView, RolloutView
from shared.api.schedules import parse_schedule
from shared.core.errors import Conflict, FieldProblem, InvalidRequest
from shared.core.states import RolloutState
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
from shared.rollouts.start import begin_rollout
from shared.services import ROLLOUTS, Services
from shared.views.rollout_progress import progress


def roll_back_pool(services: Services, engine: Engine, name: str, asked: RollBackPoolRequest, who: str) -> RolloutView:
    """Take a pool back: by the update that runs on it, or by a new rollout to its previous version.

    The update that runs goes back by its own schedule and policy. A roll-back that runs already is answered. Raises
    NotFound, InvalidRequest, PreflightFailed (nothing was written), Conflict, AzureBusy.
    """
    pool = free_pool(services, name)
    running = running_rollout(services, pool)
    if running and _goes_back(running):
        return _view(services, running)
    if running:
        _refuse_without_previous_version(running)
        _refuse_not_started(running)
        return control.cancel(services, engine, running.id, who, CancelHow.ROLL_BACK, reason=asked.reason)
    refuse_second(services, pool)
    wanted = _spec(services, pool, asked)
    try:
        return _view(services, begin_rollout(services, engine, pool, wanted, who))
    except Conflict as conflict:
        other = services.rollouts.find(ROLLOUTS, conflict.rollout) if conflict.rollout else None
        if other and not other.state.ended and _goes_back(other):
            return _view(services, other)  # somebody asked for it at the same time
        raise


def plan_roll_back(services: Services, name: str, asked: RollBackPoolRequest, who: str) -> PlanView:
    """What `roll_back_pool` would do; writes nothing. Of an update that runs: going back to what was before it.

    Raises NotFound, InvalidRequest, Conflict, AzureBusy.
    """
    pool = find_pool(services, name)
    running = running_rollout(services, pool)
    if running is None:
        return plan_rollout(services, pool, _spec(services, pool, asked), who)
    if not _goes_back(running):
        _refuse_without_previous_version(running)
    # To the planner the pool is free: the rollout that runs is the one that goes back.
    free = pool.model_copy(update={"running_rollout": ""})
    return _with_running(plan_rollout(services, free, _spec_of_request(services, running), who), running)


def _view(services: Services, rollout: Rollout) -> RolloutView:
    return progress(rollout, services.hosts.all(rollout.id), services.now())


def _goes_back(running: Rollout) -> bool:
    """Whether it is a rollout that takes the pool back, and goes on doing so."""
    return running.kind is RolloutKind.ROLL_BACK and running.state is not RolloutState.CANCELLING


def _refuse_not_started(running: Rollout) -> None:
    """Raises Conflict for a rollout that has changed nothing yet: to cancel it would take the pool nowhere."""
    if not has_begun(running):
        text = f"Rollout {running.id} has not begun, so there is nothing of it to take back: cancel it, then ask again."
        raise Conflict(text, rollout=running.id)


def _refuse_without_previous_version(running: Rollout) -> None:
    """Raises Conflict when the pool would not come back by taking this rollout back."""
    before = (running.from_image or running.image, running.from_version)
    if running.kind is RolloutKind.ROLL_BACK:
        reason = "is being cancelled on its way back: wait for its end, then publish the version you want"
    elif before == (running.image, running.version):
        reason = (
            "brings hosts to the version the pool is on already: cancel it with how leave, and roll back at its end"
        )
    else:
        return
    raise Conflict(f"Rollout {running.id} {reason}.", rollout=running.id)


def _spec(services: Services, pool: Pool, asked: RollBackPoolRequest) -> RolloutSpec:
    """A rollout to the pool's previous version. Raises InvalidRequest, NotFound, Conflict when none is known."""
    if pool.previous_version is None:
        raise Conflict(
            f"No version is known that pool {pool.name} was on before {pool.version or 'this one'}. "
            "Publish the one you want with update-image (allow_downgrade: true for an older one); hosts that are on it "
            "already are skipped."
        )
    problems: list[FieldProblem] = []
    schedule, policy = resolve_schedule_and_policy(
        problems,
        lambda: parse_schedule(asked.schedule, now=services.now(), pool_zone=pool.time_zone),
        lambda: rollback_policy(asked.schedule.mode, pool.policy, asked.policy),
    )
    if schedule is None or policy is None:
        raise InvalidRequest(problems)
    return RolloutSpec(
        image=find_image(services, pool.previous_image or pool.image),
        version=pool.previous_version,
        schedule=schedule,
        policy=policy,
        reason=asked.reason,
        allow_downgrade=True,
        kind=RolloutKind.ROLL_BACK,
    )


def _spec_of_request(services: Services, running: Rollout) -> RolloutSpec:
    """Where the rollout that runs brings the pool when it goes back. Raises NotFound, Conflict."""
    back = running.kind is RolloutKind.ROLL_BACK
    version = running.version if back else running.from_version
    if version is None:
        raise Conflict(f"It is not known which version pool {running.pool} had before rollout {running.id}.")
    return RolloutSpec(
        image=find_image(services, running.image if back else running.from_image or running.image),
        version=version,
        schedule=running.schedule,
        policy=running.policy if back else as_rollback_policy(running.policy),
        allow_downgrade=True,
        kind=RolloutKind.ROLL_BACK,
    )


def _with_running(plan: PlanView, running: Rollout) -> PlanView:
    """The plan, with a finding that names the rollout by which it happens."""
    action = "takes the pool back already" if running.kind is RolloutKind.ROLL_BACK else "runs, and goes back itself"
    text = warned("rollout", f"rollout {running.id} {action}", "its schedule and policy count, not those sent here")
    others = [finding for finding in plan.preflight if finding.check != "rollout"]
    return plan.model_copy(update={"preflight": [*others, text]})
