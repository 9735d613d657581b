"""Asking for a rollout: resolve, check, claim the pool, write the rollout, start driving it."""

from __future__ import annotations

import logging
from datetime import timedelta

from shared.arm_ids import version_id
from shared.audit import audit
from shared.errors import AzureBusy, AzureError, Conflict, FieldProblem, FreshcoatError, InvalidRequest, StaleRow
from shared.ids import made_at, newest_first_id
from shared.images import find_image
from shared.models.images import Image
from shared.models.policy import resolve_policy
from shared.models.pools import Pool
from shared.models.requests import UpdateImageRequest
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
    image, schedule = _resolve(services, pool, asked)
    found = preflight(services, pool, image, asked.version, allow_downgrade=asked.allow_downgrade)
    found.stop_if_failed()
    rollout = _rollout(services, pool, image, schedule, asked, found, who)
    claim(services, name, rollout.id)
    rollout = _write(services, name, rollout)
    audit(services, who, "update image", name, f"{image.name} {asked.version}, rollout {rollout.id}: {asked.reason}")
    try:
        engine.start_rollout(rollout.id, rollout.engine_run)
    except Exception:  # noqa: BLE001 - whatever the engine says: the row is written, so the resume timer starts it
        _log.warning("Rollout %s is written but not started; the resume timer will do it.", rollout.id, exc_info=True)
    return progress(rollout, [], services.now())


def plan_update(services: Services, name: str, asked: UpdateImageRequest, who: str) -> PlanView:
    """What `update_image` would do, with all findings; writes nothing. Raises NotFound, InvalidRequest, AzureBusy."""
    pool = find_pool(services, name)
    image, schedule = _resolve(services, pool, asked)
    found = preflight(services, pool, image, asked.version, allow_downgrade=asked.allow_downgrade)
    if pool.running_rollout and _stands(services, pool.running_rollout):
        found.failed("rollout", f"rollout {pool.running_rollout} runs on this pool", "wait for its end or cancel it")
    else:
        found.passed("rollout", "no other rollout runs on this pool")
    rollout = _rollout(services, pool, image, schedule, asked, found, who)
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
        problems.append(FieldProblem("image", f"there is no image called {asked.image}"))
    try:
        schedule = parse_schedule(asked.schedule, now=services.now(), pool_zone=pool.time_zone)
    except InvalidRequest as error:
        raise InvalidRequest([*problems, *error.problems]) from error
    if image is None:
        raise InvalidRequest(problems)
    return image, schedule


def _rollout(
    services: Services,
    pool: Pool,
    image: Image,
    schedule: Schedule,
    asked: UpdateImageRequest,
    found: Preflight,
    who: str,
) -> Rollout:
    now = services.now()
    known = found.version.id if found.version else version_id(image.definition_id, asked.version)
    return Rollout(
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
        policy=resolve_policy(schedule.mode, pool.policy, asked.policy),
        reason=asked.reason,
        requested_by=who,
        created_at=now,
    )


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
