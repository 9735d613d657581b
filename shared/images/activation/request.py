"""Another active version: resolve its request, check it, switch the version, start the task."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from shared.access.two_people.tasks import as_requested
from shared.api.images import ActivateRequest, PoolsUpdateRequest, RollBackRequest
from shared.core.errors import AzureBusy, Conflict, FieldProblem, InvalidRequest, StaleRow
from shared.core.names import SWITCH_VERSION
from shared.fleet.selection import names_of, rings_of, schedule_of
from shared.images.activation.checks import check_activation
from shared.images.adoption import adopted
from shared.images.change_records import write_change_records
from shared.models.access.roles import Reach
from shared.models.images import Image
from shared.models.policy import PolicyOverrides
from shared.models.pools import Pool
from shared.models.tasks import ActivationWork, PoolsUpdate, PoolsWork, Task, TaskKind
from shared.models.withdrawals import RolloutsOfVersion
from shared.ports.engine import Engine
from shared.records.ownership import owners_of_work
from shared.records.tasks import audit_task, forget_task, new_task, write_task
from shared.records.versions import change_versions
from shared.rollouts.withdrawn import stop_rollouts
from shared.services import POOLS, TASKS, Services
from shared.versions import lifecycle
from shared.versions.promotion_hold import must_hold
from shared.versions.version_set import VersionSet
from shared.workflow.starting import start_task


def drafted(services: Services, image: Image, asked: ActivateRequest | RollBackRequest, who: str, reach: Reach) -> Task:
    """The task of a request; nothing is written. Raises InvalidRequest."""
    if isinstance(asked, RollBackRequest):
        kind, work = TaskKind.ROLL_BACK, ActivationWork(rollouts=asked.rollouts, force=asked.force)
    else:
        kind, work = TaskKind.ACTIVATE, ActivationWork(backup=asked.backup, force=asked.force)
    pools = pools_work(resolve_update(services, image, asked, reach))
    return new_task(
        services, kind, image.name, who, version=asked.version, reason=asked.reason, activation=work, pools=pools
    )


def begin(services: Services, engine: Engine, image: Image, task: Task) -> Task:
    """Switch the version and start the task. Safe to repeat with the same task.

    A task that waits for a second person is only written: its first step switches after the approval. Otherwise it is
    written before the switch: after a crash in between, the resume timer finds it, and its first step switches. When
    the switch is refused, the task is deleted.
    """
    known = services.tasks.find(TASKS, task.id)
    if known and known.second.awaiting_since:
        return known
    task = known or _with_every_pool(services, task)
    before = adopted(services, image, task.requested_by)
    urgent = goes_to_version_before(before, task)
    after = switched(before, task, services)
    if before is not after:
        task = task.model_copy(update={"version": after.state.active, "from_version": before.state.active})
        check_activation(services, image, task)
    if known is None:
        task = write_task(services, task if urgent else as_requested(services, task))
    if task.second.awaiting_since:
        start_task(engine, task)
        return task
    write_change_records(services, before, task.version)
    try:
        before, after = change_versions(services, image.name, lambda version_set: switched(version_set, task, services))
    except Conflict:
        forget_task(services, task)
        raise
    if before is not after:
        audit_task(services, task, before=before.state.active or "", after=after.state.active or "")
    task = _switch_done(services, stop_old_version(services, engine, task))
    start_task(engine, task)
    return task


def goes_to_version_before(version_set: VersionSet, task: Task) -> bool:
    """Whether the task rolls the image back to the version before, which nothing holds up."""
    force = task.activation is not None and task.activation.force
    before = lifecycle.backup_to_take(version_set, force=force)
    return task.kind is TaskKind.ROLL_BACK and task.version in {None, before}


def _with_every_pool(services: Services, task: Task) -> Task:
    """The task with the pools that `all` means now: a promotion may have been requested weeks ago."""
    if task.pools is None or not task.pools.update.every:
        return task
    pools = [pool for pool in services.pools.all(POOLS) if pool.image == task.image]
    update = task.pools.update.model_copy(update={"pools": names_of(pools), "rings": rings_of(pools)})
    work = task.pools.model_copy(update={"update": update})
    accounts = owners_of_work(services, task.image, work)
    return task.model_copy(update={"pools": work, "accounts": accounts})


def _switch_done(services: Services, task: Task) -> Task:
    """Record that the switch is done: the first step could not tell it from one that was undone since."""
    with suppress(StaleRow, AzureBusy):  # then its first step handles it, as after a crash
        if task.etag and not task.phase:
            return services.tasks.replace(task.model_copy(update={"phase": SWITCH_VERSION}))
    return task


def stop_old_version(services: Services, engine: Engine, task: Task) -> Task:
    """The task with the rollouts of the version that it rolled back, which are stopped or cancelled. Safe to repeat.

    What an activation or a fleet update has started is cancelled, since its task ends too. Raises AzureBusy.
    """
    if task.kind is not TaskKind.ROLL_BACK or not task.from_version:
        return task
    activation = task.activation or ActivationWork()
    stop = partial(
        stop_rollouts,
        services,
        engine,
        task.image,
        task.from_version,
        who=task.requested_by,
        reason=f"version {task.from_version} was rolled back",
    )
    stopped = (
        *stop(RolloutsOfVersion.CANCEL, chosen=lambda rollout: rollout.task not in {"", task.id}),
        *stop(activation.rollouts, chosen=lambda rollout: not rollout.task),
    )
    known = {one.rollout for one in stopped}
    kept = (one for one in activation.stopped if one.rollout not in known)
    return task.model_copy(update={"activation": activation.model_copy(update={"stopped": (*kept, *stopped)})})


def switched(version_set: VersionSet, task: Task, services: Services) -> VersionSet:
    """The version set after the task's switch; unchanged when that is done already. Raises Conflict."""
    latest = version_set.state.activation
    if latest != task.id and version_set.state.activated_at and version_set.state.activated_at > task.created_at:
        # A task that was interrupted after its switch must not repeat it if somebody has switched back since.
        raise Conflict(
            f"Task {latest} changed the active version in the meantime. Check the image and send the request again.",
            task=latest,
        )
    if task.promotion and latest != task.id:
        must_hold(version_set, task.promotion)
    context = task.activation or ActivationWork()
    pools = task.pools.update.pools if task.pools else ()
    now = services.now()
    if task.kind is TaskKind.ROLL_BACK:
        return lifecycle.roll_back(version_set, task.version, task=task.id, now=now, force=context.force)
    return lifecycle.activate(
        version_set,
        task.version,
        task=task.id,
        now=now,
        backup=context.backup,
        force=context.force,
        waiting_pools=pools,
    )


def pools_work(update: PoolsUpdate | None) -> PoolsWork | None:
    """A task's work on these pools, before it starts."""
    return PoolsWork(update=update) if update else None


def resolve_update(
    services: Services, image: Image | None, asked: PoolsUpdateRequest, reach: Reach, *, now: datetime | None = None
) -> PoolsUpdate | None:
    """Which pools to update and when, relative to `now` (a promotion's due time). None when no pools are requested.

    `image` None: the request names an unknown image, so only the rest is checked. Raises
    InvalidRequest naming every field that is wrong.
    """
    if asked.update_pools == "none":
        given = {"schedule": asked.schedule is not None, "policy": asked.policy != PolicyOverrides()}
        reason = "no pools are to be updated: name them in update_pools, or leave this out"
        if unused := [FieldProblem(field, reason) for field, is_given in given.items() if is_given]:
            raise InvalidRequest(unused)
        return None
    problems: list[FieldProblem] = []
    registered = {pool.name: pool for pool in services.pools.all(POOLS) if reach.sees((pool.account,))}
    if asked.update_pools == "all":
        pools = [pool for pool in registered.values() if image and pool.image == image.name]
    else:
        pools = [registered[name] for name in dict.fromkeys(asked.update_pools) if name in registered]
        problems += _wrong_pools(asked.update_pools, registered, image)
    if asked.schedule is None:
        problems.append(FieldProblem("schedule", "say when the pools are to be updated"))
        raise InvalidRequest(problems)
    try:
        schedule = schedule_of(asked.schedule, pools, now or services.now(), after="the activation" if now else "")
    except InvalidRequest as error:
        raise InvalidRequest([*problems, *error.problems]) from error
    if problems:
        raise InvalidRequest(problems)
    return PoolsUpdate(
        pools=names_of(pools),
        every=asked.update_pools == "all",
        rings=rings_of(pools),
        schedule=schedule,
        policy=asked.policy,
        soak_minutes=asked.soak_minutes,
    )


def _wrong_pools(names: Sequence[str], registered: dict[str, Pool], image: Image | None) -> list[FieldProblem]:
    problems = []
    for name in names:
        pool = registered.get(name)
        if pool is None:
            problems.append(FieldProblem("update_pools", f"there is no pool called {name}"))
        elif image and pool.image != image.name:
            problems.append(FieldProblem("update_pools", f"pool {name} has another image, {pool.image}"))
    return problems
