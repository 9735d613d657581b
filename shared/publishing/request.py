"""Asking for a rollout: resolve, check, claim the pool, write the rollout, start driving it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.arm_ids import version_id
from shared.audit import audit
from shared.errors import AzureBusy, AzureError, Conflict, FieldProblem, FreshcoatError, InvalidRequest, StaleRow
from shared.ids import made_at, newest_first_id
from shared.images import find_image
from shared.models.images import Image
from shared.models.policy import resolve_policy
from shared.models.pools import Pool
from shared.models.requests import ScheduleRequest, UpdateImageRequest
from shared.models.rollouts import Rollout, Schedule
from shared.models.views import PlanView, RolloutView
from shared.pools import find_pool
from shared.ports import Engine
from shared.publishing.preflight import Preflight, preflight
from shared.publishing.progress import progress
from shared.publishing.what_if import preview
from shared.schedule import parse_schedule
from shared.services import IMAGES, POOLS, ROLLOUTS, Services
from shared.states import RolloutState
from shared.validation import salvage

_log = logging.getLogger(__name__)

CLAIM_GRACE = timedelta(minutes=1)
"""How long a claim may stand without its rollout's row: the process may have died between the two."""

_ATTEMPTS = 5


def update_image(services: Services, engine: Engine, name: str, asked: UpdateImageRequest, who: str) -> RolloutView:
    """Start Update Image on a pool.

    Raises NotFound, InvalidRequest, PreflightFailed (nothing was written), Conflict with the id of the
    rollout that is in the way, AzureBusy.
    """
    pool = find_pool(services, name)
    refuse_second(services, pool)
    rollout, found = _draft(services, pool, asked, who)
    found.stop_if_failed()
    claim(services, name, rollout.id)
    rollout = _write(services, name, rollout)
    audit(services, who, "update image", name, f"{rollout.image} {asked.version}, rollout {rollout.id}: {asked.reason}")
    try:
        engine.start_rollout(rollout.id, rollout.engine_run)
    except Exception:  # noqa: BLE001 - whatever the engine says: the row is written, so the resume timer starts it
        _log.warning("Rollout %s is written but not started; the resume timer will do it.", rollout.id, exc_info=True)
    return progress(rollout, [], services.now())


def plan_update(services: Services, name: str, asked: UpdateImageRequest, who: str) -> PlanView:
    """What `update_image` would do, with all findings; writes nothing. Raises NotFound, InvalidRequest, AzureBusy."""
    pool = find_pool(services, name)
    rollout, found = _draft(services, pool, asked, who)
    if pool.running_rollout and _stands(services, pool.running_rollout):
        found.failed("rollout", f"rollout {pool.running_rollout} runs on this pool", "wait for its end or cancel it")
    else:
        found.passed("rollout", "no other rollout runs on this pool")
    fields = {name: getattr(rollout, name) for name in _SHOWN_IN_PLAN} | {"preflight": found.findings}
    fields["can_start"] = all(finding.result != "fail" for finding in found.findings)
    return PlanView.model_validate(fields | _foreseen(services, pool, rollout))


_SHOWN_IN_PLAN = ("pool", "image", "version", "from_version", "schedule", "policy")


def _foreseen(services: Services, pool: Pool, rollout: Rollout) -> dict[str, object]:
    try:
        seen = preview(services, pool, rollout)
    except AzureBusy:
        raise
    except AzureError:
        return {}  # the preflight has a finding that says why
    return seen.model_dump(include=set(PlanView.model_fields) - set(_SHOWN_IN_PLAN))


def _resolve(services: Services, pool: Pool, asked: UpdateImageRequest) -> tuple[Image, Schedule]:
    """Image and schedule, or every problem with either of them at once."""
    problems: list[FieldProblem] = []
    image = services.images.find(IMAGES, asked.image) if asked.image else find_image(services, pool.image)
    if image is None:
        problems.append(_no_image(asked.image))
    try:
        schedule = parse_schedule(asked.schedule, now=services.now(), pool_zone=pool.time_zone)
    except InvalidRequest as error:
        raise InvalidRequest([*problems, *error.problems]) from error
    if image is None:
        raise InvalidRequest(problems)
    return image, schedule


def foreseen_problems(services: Services, name: str, body: Mapping[str, Any]) -> list[FieldProblem]:
    """What else would be refused in a body of which some fields are bad: image, moments. Raises AzureError."""
    pool = services.pools.find(POOLS, name)
    if pool is None:
        return []
    problems: list[FieldProblem] = []
    image, given = body.get("image"), body.get("schedule")
    if isinstance(image, str) and services.images.find(IMAGES, image) is None:
        problems.append(_no_image(image))
    if not isinstance(given, Mapping):
        return problems
    schedule = salvage(ScheduleRequest, given)
    if schedule and schedule.time_zone == given.get("time_zone"):  # a moment in an unreadable zone is none
        try:
            parse_schedule(schedule, now=services.now(), pool_zone=pool.time_zone)
        except InvalidRequest as error:
            problems += error.problems
    return problems


def _no_image(name: str | None) -> FieldProblem:
    return FieldProblem("image", f"there is no image called {name}")


def _draft(services: Services, pool: Pool, asked: UpdateImageRequest, who: str) -> tuple[Rollout, Preflight]:
    """The rollout as it would be written, and what speaks against it. Raises InvalidRequest, AzureBusy."""
    image, schedule = _resolve(services, pool, asked)
    policy = resolve_policy(schedule.mode, pool.policy, asked.policy)
    found = preflight(services, pool, image, asked.version, policy.strategy, allow_downgrade=asked.allow_downgrade)
    now = services.now()
    known = found.version.id if found.version else version_id(image.definition_id, asked.version)
    rollout = Rollout(
        id=newest_first_id(now),
        pool=pool.name,
        state=RolloutState.SCHEDULED,
        image=image.name,
        definition_id=image.definition_id,
        version=asked.version,
        version_id=known,
        replicas=found.replicas,
        from_version=pool.version,
        schedule=schedule,
        policy=policy,
        reason=asked.reason,
        requested_by=who,
        created_at=now,
    )
    return rollout, found


def refuse_second(services: Services, pool: Pool) -> None:
    """Raises Conflict with the id of the rollout that holds the pool, if one does."""
    if pool.running_rollout and _stands(services, pool.running_rollout):
        raise Conflict(
            f"Rollout {pool.running_rollout} runs on pool {pool.name}; wait for its end or cancel it.",
            rollout=pool.running_rollout,
        )


def _stands(services: Services, holder: str) -> bool:
    """Whether a claim holds: its rollout is not ended, or its row may still be about to be written."""
    rollout = services.rollouts.find(ROLLOUTS, holder)
    if rollout is not None:
        return not rollout.state.ended
    made = made_at(holder)
    return made is not None and services.now() < made + CLAIM_GRACE


def claim(services: Services, name: str, rollout_id: str) -> None:
    """Make the pool this rollout's: one conditional write, so that of two requests exactly one wins.

    Raises NotFound, Conflict with the id of the rollout that holds the pool.
    """
    for _ in range(_ATTEMPTS):
        pool = find_pool(services, name)
        refuse_second(services, pool)
        try:
            services.pools.replace(pool.model_copy(update={"running_rollout": rollout_id}))
        except StaleRow:
            continue
        return
    raise Conflict(f"Pool {name} is being changed by others; try again.")


def _write(services: Services, name: str, rollout: Rollout) -> Rollout:
    """Write the row; the claim is given back when it cannot be, and must still be ours when it is."""
    try:
        written = services.rollouts.add(rollout)
    except AzureBusy:
        # Perhaps only the answer was lost. When the tables do not even say that, the claim stays: with the row
        # the resume timer drives the rollout, without it the claim lapses.
        found = services.rollouts.find(ROLLOUTS, rollout.id)
        if found is None:
            _give_back(services, name, rollout.id)
            raise
        written = found
    except Exception:
        _give_back(services, name, rollout.id)
        raise
    holder = find_pool(services, name).running_rollout
    if holder == rollout.id:
        return written
    # So slow that somebody took the claim for a dead one: theirs goes on, ours must not be picked up.
    note = f"Rollout {holder} took the pool before this one was written."
    services.rollouts.replace(
        written.model_copy(update={"state": RolloutState.FAILED, "note": note, "ended_at": services.now()})
    )
    raise Conflict(note, rollout=holder)


def _give_back(services: Services, name: str, rollout_id: str) -> None:
    try:
        pool = services.pools.find(POOLS, name)
        if pool and pool.running_rollout == rollout_id:
            services.pools.replace(pool.model_copy(update={"running_rollout": ""}))
    except FreshcoatError:
        _log.warning("The claim of rollout %s on pool %s is left; it lapses in a minute.", rollout_id, name)
