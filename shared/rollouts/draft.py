"""Asking for a rollout: resolve, check, claim the pool, write the rollout, start driving it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.api.pools import UpdateImageRequest
from shared.api.schedules import parse_schedule
from shared.core.arm_ids import version_id
from shared.core.errors import FieldProblem, InvalidRequest
from shared.core.ids import newest_first_id
from shared.core.states import RolloutState
from shared.models.base import VersionText
from shared.models.findings import Finding
from shared.models.images import Image
from shared.models.policy import Policy, PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.pools import Pool
from shared.models.rollouts import FIRST_GUESS, Rollout, RolloutKind, Schedule
from shared.models.windows import Window
from shared.planning.timing import host_takes
from shared.planning.windows import outside
from shared.records.images import find_image
from shared.rollouts.preflight import Preflight, preflight
from shared.services import IMAGES, Services


@dataclass(frozen=True)
class RolloutSpec:
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


def check_update(services: Services, pool: Pool, wanted: RolloutSpec, who: str) -> list[Finding]:
    """What speaks for and against a rollout now; writes nothing. Raises InvalidRequest, AzureBusy."""
    return draft(services, pool, wanted, who)[1].findings


def spec_of_request(services: Services, pool: Pool, asked: UpdateImageRequest) -> RolloutSpec:
    """The request with image, schedule and policy resolved. Raises InvalidRequest naming every problem with them."""
    problems: list[FieldProblem] = []
    image = services.images.find(IMAGES, asked.image) if asked.image else find_image(services, pool.image)
    if image is None:
        problems.append(FieldProblem("image", f"there is no image called {asked.image}"))
    schedule, policy = resolve_schedule_and_policy(
        problems,
        lambda: parse_schedule(asked.schedule, now=services.now(), pool_zone=pool.time_zone),
        lambda: resolve_policy(asked.schedule.mode, pool.policy, asked.policy),
    )
    if schedule and policy:
        problems += _window_problems(schedule, pool, policy)
    if problems or image is None or schedule is None or policy is None:
        raise InvalidRequest(problems)
    return RolloutSpec(image, asked.version, schedule, policy, asked.reason, asked.allow_downgrade)


def resolve_schedule_and_policy(
    problems: list[FieldProblem], read_schedule: Callable[[], Schedule], read_policy: Callable[[], Policy]
) -> tuple[Schedule | None, Policy | None]:
    """Schedule and policy of one request. What is wrong with either is added to `problems`; that one is None then."""
    schedule, policy = None, None
    try:
        schedule = read_schedule()
    except InvalidRequest as error:
        problems += error.problems
    try:
        policy = read_policy()
    except InvalidRequest as error:
        problems += error.problems
    return schedule, policy


def _window_problems(schedule: Schedule, pool: Pool, policy: Policy) -> Sequence[FieldProblem]:
    try:
        _refuse_outside_windows(schedule, pool, policy)
    except InvalidRequest as error:
        return error.problems
    return ()


def _refuse_outside_windows(schedule: Schedule, pool: Pool, policy: Policy) -> None:
    in_windows(schedule, policy.windows, pool.time_zone, host_takes(pool.host_seconds or FIRST_GUESS, policy))


def _policy(pool: Pool, wanted: RolloutSpec) -> Policy:
    if isinstance(wanted.policy, Policy):
        return wanted.policy
    return resolve_policy(wanted.schedule.mode, pool.policy, wanted.policy)


def draft(services: Services, pool: Pool, wanted: RolloutSpec, who: str) -> tuple[Rollout, Preflight]:
    """The rollout as it would be written, and what speaks against it. Raises InvalidRequest, AzureBusy."""
    image, version = wanted.image, wanted.version
    policy = _policy(pool, wanted)
    _refuse_outside_windows(wanted.schedule, pool, policy)
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


_FIELDS = {ScheduleMode.NOW: "mode", ScheduleMode.AT: "at", ScheduleMode.ON_LOGOFF: "deadline"}
"""The field of a request that says when sessions are ended."""


def in_windows(
    schedule: Schedule, windows: tuple[Window, ...], zone: str, need: timedelta, *, prefix: str = "schedule."
) -> Schedule:
    """The schedule, when sessions would be ended within a window of `zone`, with time for a host, which takes `need`.

    Raises InvalidRequest naming the field that says when, with `prefix` before it.
    """
    blocked_reason = outside(schedule, windows, zone, need)
    if blocked_reason:
        raise InvalidRequest.one(f"{prefix}{_FIELDS[schedule.mode]}", blocked_reason)
    return schedule
