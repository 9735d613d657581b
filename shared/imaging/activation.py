"""Asking for another active version: resolve, look at everything that could stop it, switch, have the rest driven."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

from shared.arm_ids import refusal
from shared.errors import AlreadyExists, AzureBusy, AzureError, Conflict, FieldProblem, InvalidRequest, StaleRow
from shared.images import find_image
from shared.imaging import lifecycle
from shared.imaging.family import change_family, read_family
from shared.imaging.holding import must_hold
from shared.imaging.lifecycle import Family
from shared.imaging.task_views import view
from shared.imaging.tasks import audit_task, forget_task, new_task
from shared.models.images import Image
from shared.models.policy import resolve_policy
from shared.models.pools import Pool
from shared.models.requests import ActivateRequest, PoolsUpdateRequest, RollBackRequest
from shared.models.tasks import ActivationWork, PoolsUpdate, Task, TaskKind
from shared.models.views import Finding, TaskView
from shared.names import SWITCH_VERSION
from shared.ports import Engine
from shared.publishing.preflight import PreflightFailed, preflight
from shared.schedule import parse_schedule
from shared.services import POOLS, Services

_log = logging.getLogger(__name__)
_READERS = 8


def activate(services: Services, engine: Engine, name: str, asked: ActivateRequest, who: str) -> TaskView:
    """Make the staged version the active one; pools are updated only as asked.

    Raises NotFound, InvalidRequest, PreflightFailed, Conflict (nothing was changed), AzureBusy.
    """
    image = find_image(services, name)
    work = ActivationWork(backup=asked.backup, force=asked.force, update=resolve_update(services, image, asked))
    return _ask(services, engine, image, TaskKind.ACTIVATE, asked.version, work, asked.reason, who)


def roll_back(services: Services, engine: Engine, name: str, asked: RollBackRequest, who: str) -> TaskView:
    """Make a backup the active version again; pools are updated only as asked.

    Raises NotFound, InvalidRequest, PreflightFailed, Conflict (nothing was changed), AzureBusy.
    """
    image = find_image(services, name)
    work = ActivationWork(update=resolve_update(services, image, asked))
    return _ask(services, engine, image, TaskKind.ROLL_BACK, asked.version, work, asked.reason, who)


def _ask(
    services: Services,
    engine: Engine,
    image: Image,
    kind: TaskKind,
    version: str | None,
    work: ActivationWork,
    reason: str,
    who: str,
) -> TaskView:
    task = new_task(services, kind, image.name, who, version=version, reason=reason, activation=work)
    return view(begin(services, engine, image, task))


def begin(services: Services, engine: Engine, image: Image, task: Task) -> Task:
    """Switch the version, and have the rest driven. Safe to repeat with the same task.

    The task is written before the switch: when the process dies in between, the resume timer finds it, and its first
    step switches. When the switch is refused, the task never was.
    """
    before = read_family(services, image.name)
    after = switched(before, task, services)
    task = task.model_copy(update={"version": after.state.active, "from_version": before.state.active})
    _check(services, image, before, after, task)
    with suppress(AlreadyExists):
        task = services.tasks.add(task)
    try:
        before, after = change_family(services, image.name, lambda family: switched(family, task, services))
    except Conflict:
        forget_task(services, task)
        raise
    if before is not after:
        audit_task(services, task, before=before.state.active or "", after=after.state.active or "")
    task = _switch_done(services, task)
    start(services, engine, task)
    return task


def _switch_done(services: Services, task: Task) -> Task:
    """Note that the switch is behind the task: its first step would not know it from one that somebody overtook."""
    with suppress(StaleRow, AzureBusy):  # then its first step finds out, as after a crash
        if task.etag:
            return services.tasks.replace(task.model_copy(update={"phase": SWITCH_VERSION}))
    return task


def start(services: Services, engine: Engine, task: Task) -> None:
    """Have the task driven. When the engine cannot be reached, the resume timer will do it."""
    try:
        engine.start_task(task.id, task.kind, task.engine_run)
    except Exception:  # noqa: BLE001 - whatever the engine says: the row is written
        _log.warning("Task %s is written but not started; the resume timer will do it.", task.id, exc_info=True)


def switched(family: Family, task: Task, services: Services) -> Family:
    """The family after the task's switch; the same one when that is done. Raises Conflict."""
    latest = family.state.activation
    if latest != task.id and family.state.activated_at and family.state.activated_at > task.created_at:
        # A task that was cut off after its switch must not switch again what somebody has switched back since.
        raise Conflict(f"Task {latest} has changed the active version meanwhile: look, and ask again.", task=latest)
    if task.promotion and latest != task.id:
        must_hold(family, task.promotion)
    work = task.activation or ActivationWork()
    pools = work.update.pools if work.update else ()
    now = services.now()
    if task.kind is TaskKind.ROLL_BACK:
        return lifecycle.roll_back(family, task.version, task=task.id, now=now, waiting_pools=pools)
    return lifecycle.activate(
        family, task.version, task=task.id, now=now, backup=work.backup, force=work.force, waiting_pools=pools
    )


def resolve_update(
    services: Services, image: Image, asked: PoolsUpdateRequest, *, now: datetime | None = None
) -> PoolsUpdate | None:
    """Which pools are meant, and when, reckoned from `now` (a promotion's moment); None: no pools.

    Raises InvalidRequest naming every field that is wrong.
    """
    if asked.update_pools == "none":
        return None
    problems: list[FieldProblem] = []
    registered = {pool.name: pool for pool in services.pools.all(POOLS)}
    if asked.update_pools == "all":
        pools = [pool for pool in registered.values() if pool.image == image.name]
    else:
        pools = [registered[name] for name in dict.fromkeys(asked.update_pools) if name in registered]
        problems += _wrong_pools(asked.update_pools, registered, image)
    if asked.schedule is None:
        problems.append(FieldProblem("schedule", "say when the pools are to be updated"))
        raise InvalidRequest(problems)
    zones = {pool.time_zone for pool in pools} or {"UTC"}
    if len(zones) > 1 and asked.schedule.time_zone is None and asked.schedule.mode != "now":
        zones_told = ", ".join(sorted(zones))
        problems.append(
            FieldProblem("schedule.time_zone", f"these pools are in different zones ({zones_told}): give one")
        )
    try:
        schedule = parse_schedule(
            asked.schedule, now=now or services.now(), pool_zone=min(zones), after="the activation" if now else ""
        )
    except InvalidRequest as error:
        raise InvalidRequest([*problems, *error.problems]) from error
    if problems:
        raise InvalidRequest(problems)
    names = tuple(sorted(pool.name for pool in pools))
    return PoolsUpdate(pools=names, schedule=schedule, policy=asked.policy, soak_minutes=asked.soak_minutes)


def _wrong_pools(names: Sequence[str], registered: dict[str, Pool], image: Image) -> list[FieldProblem]:
    problems = []
    for name in names:
        pool = registered.get(name)
        if pool is None:
            problems.append(FieldProblem("update_pools", f"there is no pool called {name}"))
        elif pool.image != image.name:
            problems.append(FieldProblem("update_pools", f"pool {name} has another image, {pool.image}"))
    return problems


def _check(services: Services, image: Image, before: Family, after: Family, task: Task) -> None:
    """Everything that would stop it half-way, found before anything is changed. Raises PreflightFailed, AzureBusy."""
    version = after.state.active or ""
    if before is after:
        return
    findings = [_check_version(services, image, version)]
    update = task.activation.update if task.activation else None
    if update and findings[0].result == "pass":
        with ThreadPoolExecutor(_READERS) as readers:
            for found in readers.map(lambda name: _check_pool(services, image, name, version, update), update.pools):
                findings += found
    if any(finding.result == "fail" for finding in findings):
        raise PreflightFailed(findings)


def _check_version(services: Services, image: Image, version: str) -> Finding:
    try:
        found = services.gallery.version(image.definition_id, version)
    except AzureBusy:
        raise
    except AzureError as error:
        why, what = refusal("image definition", error), "correct the image's definition_id or the rights on it"
        return Finding(check="image", result="fail", detail=why, what_to_do=what)
    if found is None:
        why, what = f"version {version} is not in the gallery any more", "choose another one"
        return Finding(check="version", result="fail", detail=why, what_to_do=what)
    if not found.ready:
        why = f"version {version} is not ready: {found.detail or 'it is still being made'}"
        return Finding(check="version", result="fail", detail=why, what_to_do="wait until it is replicated")
    return Finding(check="version", result="pass", detail=f"version {version} is ready")


def _check_pool(services: Services, image: Image, name: str, version: str, update: PoolsUpdate) -> list[Finding]:
    """What speaks against updating one pool, each finding naming it."""
    pool = services.pools.find(POOLS, name)
    if pool is None:
        return []
    strategy = resolve_policy(update.schedule.mode, pool.policy, update.policy).strategy
    found = preflight(services, pool, image, version, strategy, allow_downgrade=True, becomes_active=True)
    return [finding.model_copy(update={"detail": f"pool {name}: {finding.detail}"}) for finding in found.findings]
