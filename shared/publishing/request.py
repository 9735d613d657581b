"""Asking for a rollout: resolve, check, claim the pool, write the rollout, start driving it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.api.common import ScheduleRequest
from shared.api.pools import UpdateImageRequest
from shared.api.rollouts import PlanView, RolloutView
from shared.api.schedules import parse_schedule
from shared.api.validation import salvage
from shared.audit.record import audit
from shared.core.arm_ids import version_id
from shared.core.errors import AzureBusy, AzureError, FieldProblem, InvalidRequest
from shared.core.ids import newest_first_id
from shared.core.states import RolloutState
from shared.models.base import VersionText
from shared.models.findings import Finding
from shared.models.images import Image
from shared.models.policy import Policy, PolicyOverrides, resolve_policy
from shared.models.pools import Pool
from shared.models.rollouts import FIRST_GUESS, Rollout, RolloutKind, Schedule
from shared.planning.timing import host_takes
from shared.pools.claim import claim, refuse_second, settled_pool, stands
from shared.ports.engine import Engine
from shared.publishing.first_row import write_claimed
from shared.publishing.preflight import Preflight, preflight
from shared.publishing.what_if import preview
from shared.publishing.window_check import in_windows
from shared.records.images import find_image
from shared.records.pools import find_pool
from shared.services import IMAGES, POOLS, ROLLOUTS, Services
from shared.views.rollout_progress import progress

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """A rollout that is asked for, with everything resolved. `rollout_id` given: it is begun once under this id.

    `policy`: what is laid over the pool's own, or the whole of it. `retry_of`: only what failed in that one is taken.
    """

    image: Image
    version: VersionText
    schedule: Schedule
    policy: PolicyOverrides | Policy
    reason: str = ""
    allow_downgrade: bool = False
    rollout_id: str = ""
    task: str = ""
    kind: RolloutKind = RolloutKind.UPDATE
    retry_of: str = ""


def update_image(services: Services, engine: Engine, name: str, asked: UpdateImageRequest, who: str) -> RolloutView:
    """Start Update Image on a pool.

    Raises NotFound, InvalidRequest, PreflightFailed (nothing was written), Conflict with the id of the
    rollout that is in the way, AzureBusy.
    """
    pool = settled_pool(services, name)
    refuse_second(services, pool)
    rollout = begin_rollout(services, engine, pool, _wanted(services, pool, asked), who)
    return progress(rollout, [], services.now())


_DEEDS = {
    RolloutKind.UPDATE: "update image",
    RolloutKind.ROLL_BACK: "roll back pool",
    RolloutKind.REFRESH: "refresh hosts",
}
"""What the audit calls it."""


def begin_rollout(services: Services, engine: Engine, pool: Pool, wanted: Wanted, who: str) -> Rollout:
    """Check, claim the pool, write the rollout, have it driven. Safe to repeat with the same `rollout_id`.

    Raises PreflightFailed (nothing was written), Conflict with the id of the rollout that is in the way, AzureBusy.
    """
    known = services.rollouts.find(ROLLOUTS, wanted.rollout_id) if wanted.rollout_id else None
    if known is not None:
        return known
    rollout, found = _draft(services, pool, wanted, who)
    found.stop_if_failed()
    claim(services, pool.name, rollout.id)
    rollout = write_claimed(services, rollout)
    detail = f"rollout {rollout.id}: {wanted.reason}"
    audit(
        services, who, _DEEDS[wanted.kind], pool.name, f"{rollout.image}, {detail}",
        before=pool.version or "", after=rollout.version,
    )  # fmt: skip
    try:
        engine.start_rollout(rollout.id, rollout.engine_run)
    except Exception:  # noqa: BLE001 - whatever the engine says: the row is written, so the resume timer starts it
        _log.warning("Rollout %s is written but not started; the resume timer will do it.", rollout.id, exc_info=True)
    return rollout


def plan_update(services: Services, name: str, asked: UpdateImageRequest, who: str) -> PlanView:
    """What `update_image` would do, with all findings; writes nothing. Raises NotFound, InvalidRequest, AzureBusy."""
    pool = find_pool(services, name)
    return plan_rollout(services, pool, _wanted(services, pool, asked), who)


def check_update(services: Services, pool: Pool, wanted: Wanted, who: str) -> list[Finding]:
    """What speaks for and against a rollout now; writes nothing. Raises InvalidRequest, AzureBusy."""
    return _draft(services, pool, wanted, who)[1].findings


def plan_rollout(services: Services, pool: Pool, wanted: Wanted, who: str) -> PlanView:
    """What `begin_rollout` would do, with all findings; writes nothing. Raises InvalidRequest, AzureBusy."""
    rollout, found = _draft(services, pool, wanted, who)
    if pool.running_rollout and stands(services, pool.running_rollout):
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


def _wanted(services: Services, pool: Pool, asked: UpdateImageRequest) -> Wanted:
    """What a request asks for, with image and schedule resolved. Raises InvalidRequest."""
    image, schedule = _resolve(services, pool, asked)
    return Wanted(image, asked.version, schedule, asked.policy, asked.reason, asked.allow_downgrade)


def _policy(pool: Pool, wanted: Wanted) -> Policy:
    if isinstance(wanted.policy, Policy):
        return wanted.policy
    return resolve_policy(wanted.schedule.mode, pool.policy, wanted.policy)


def _draft(services: Services, pool: Pool, wanted: Wanted, who: str) -> tuple[Rollout, Preflight]:
    """The rollout as it would be written, and what speaks against it. Raises InvalidRequest, AzureBusy."""
    image, version = wanted.image, wanted.version
    policy = _policy(pool, wanted)
    in_windows(wanted.schedule, policy.windows, pool.time_zone, host_takes(pool.host_seconds or FIRST_GUESS, policy))
    found = preflight(services, pool, image, version, policy, allow_downgrade=wanted.allow_downgrade)
    now = services.now()
    known = found.version.id if found.version else version_id(image.definition_id, version)
    rollout = Rollout(
        id=wanted.rollout_id or newest_first_id(now),
        kind=wanted.kind,
        pool=pool.name,
        state=RolloutState.SCHEDULED,
        image=image.name,
        definition_id=image.definition_id,
        version=version,
        version_id=known,
        replicas=found.replicas,
        from_version=pool.version,
        from_image=pool.image,
        from_previous=(pool.previous_version, pool.previous_image),
        schedule=wanted.schedule,
        policy=policy,
        zone=pool.time_zone,
        retry_of=wanted.retry_of,
        first_guess=pool.host_seconds or FIRST_GUESS,
        reason=wanted.reason,
        requested_by=who,
        task=wanted.task,
        created_at=now,
    )
    return rollout, found
