"""Resolves a request into a rollout row and runs the preflight for it. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from shared.access.limits import pool_policy
from shared.api.pools import UpdateImageRequest
from shared.api.schedules import parse_schedule
from shared.core.arm_ids import version_id
from shared.core.asking import asker
from shared.core.errors import FieldProblem, InvalidRequest
from shared.core.ids import newest_first_id
from shared.core.states import RolloutState
from shared.models.access.roles import Reach
from shared.models.base import VersionText
from shared.models.findings import Finding
from shared.models.images import Image
from shared.models.policy import Policy, PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.pools import Pool
from shared.models.rollout_parts import NO_APPROVAL, WHOLE_POOL, Before, Checks, RolloutProbe, SecondPerson, Selection
from shared.models.rollouts import FIRST_GUESS, Rollout, RolloutKind, Schedule
from shared.models.windows import Window
from shared.planning.timing import time_with_drain
from shared.planning.windows import why_outside_windows
from shared.records.images import find_image
from shared.records.profiles import probe_of
from shared.rollouts.preflight import Preflight, PreflightInput, preflight
from shared.rollouts.selection import selection_of
from shared.services import IMAGES, POOLS, Services


@dataclass(frozen=True)
class RolloutSpec:
    """The parameters of a requested rollout. With `rollout_id`, it is started at most once under this id.

    `policy`: overrides of the pool's policy, or a complete policy. `retry_of`: the rollout whose failed hosts alone are
    updated, or with `retries_whole` its canary hosts first and then the others.
    """

    image: Image
    version: VersionText
    schedule: Schedule
    policy: PolicyOverrides | Policy
    reason: str = ""
    allow_downgrade: bool = False
    rollout_id: str = ""
    task: str = ""
    requester: str = ""
    kind: RolloutKind = RolloutKind.UPDATE
    retry_of: str = ""
    retries_whole: bool = False
    selection: Selection = WHOLE_POOL
    second: SecondPerson = NO_APPROVAL
    """The approval of the task that starts it."""


def check_update(services: Services, pool: Pool, spec: RolloutSpec, who: str) -> list[Finding]:
    """The preflight findings for a rollout now; writes nothing. Raises InvalidRequest, AzureBusy."""
    return draft(services, pool, spec, who)[1].findings


def spec_of_request(services: Services, pool: Pool, request: UpdateImageRequest, reach: Reach) -> RolloutSpec:
    """The request with image, schedule and policy resolved; an image out of reach does not exist.

    Raises InvalidRequest with every problem found.
    """
    problems: list[FieldProblem] = []
    image = services.images.find(IMAGES, request.image) if request.image else find_image(services, pool.image)
    if image is None or (request.image and not reach.sees(image.owners)):
        problems.append(FieldProblem("image", f"there is no image called {request.image}"))
    schedule, policy = resolve_schedule_and_policy(
        problems,
        lambda: parse_schedule(request.schedule, now=services.now(), pool_zone=pool.time_zone),
        lambda: resolve_policy(request.schedule.mode, pool_policy(services, pool), request.policy),
    )
    if schedule and policy:
        problems += _window_problems(schedule, pool, policy)
    selection = selection_of(
        services, pool, problems, only=request.only, exclude=request.exclude, for_new_hosts=request.for_new_hosts
    )
    if problems or image is None or schedule is None or policy is None:
        raise InvalidRequest(problems)
    return RolloutSpec(
        image, request.version, schedule, policy, request.reason, request.allow_downgrade, selection=selection
    )


def resolve_schedule_and_policy(
    problems: list[FieldProblem], read_schedule: Callable[[], Schedule], read_policy: Callable[[], Policy]
) -> tuple[Schedule | None, Policy | None]:
    """Schedule and policy of a request. Problems are added to `problems`; the value that has one is then None."""
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
    in_windows(schedule, policy.windows, pool.time_zone, time_with_drain(pool.host_seconds or FIRST_GUESS, policy))


def _policy(services: Services, pool: Pool, spec: RolloutSpec) -> Policy:
    if isinstance(spec.policy, Policy):
        return spec.policy
    return resolve_policy(spec.schedule.mode, pool_policy(services, pool), spec.policy)


def draft(services: Services, pool: Pool, spec: RolloutSpec, who: str) -> tuple[Rollout, Preflight]:
    """The row as it would be written, and the preflight result. Raises InvalidRequest, AzureBusy."""
    policy = _policy(services, pool, spec)
    _refuse_outside_windows(spec.schedule, pool, policy)
    probe = probe_of(services, pool.account, policy)
    result = _checked(services, pool, spec, policy, probe)
    return _row(services, pool, spec, who, policy, result).replace(probe=probe), result


def draft_unchecked(services: Services, pool: Pool, spec: RolloutSpec, who: str) -> Rollout:
    """The row as it would be written if no check failed. Raises InvalidRequest."""
    policy = _policy(services, pool, spec)
    return _row(services, pool, spec, who, policy, Preflight()).replace(probe=probe_of(services, pool.account, policy))


def _row(services: Services, pool: Pool, spec: RolloutSpec, who: str, policy: Policy, result: Preflight) -> Rollout:
    image, version, now = spec.image, spec.version, services.now()
    target_id = result.version.id if result.version else version_id(image.definition_id, version)
    return Rollout(
        id=spec.rollout_id or newest_first_id(now),
        kind=spec.kind,
        pool=pool.name,
        account=pool.account,
        state=RolloutState.SCHEDULED,
        image=image.name,
        definition_id=image.definition_id,
        version=version,
        version_id=target_id,
        replicas=result.replicas,
        schedule=spec.schedule,
        policy=policy,
        zone=pool.time_zone,
        selection=spec.selection,
        second=spec.second,
        retry_of=spec.retry_of,
        retries_whole=spec.retries_whole,
        first_guess=pool.host_seconds or _seconds_elsewhere(services, pool, image) or FIRST_GUESS,
        reason=spec.reason,
        requested_by=who,
        requester=spec.requester or asker().id,
        task=spec.task,
        created_at=now,
        before=_before(pool),
        checks=Checks(allow_downgrade=spec.allow_downgrade, passed_at=now),
    )


def _checked(services: Services, pool: Pool, spec: RolloutSpec, policy: Policy, probe: RolloutProbe) -> Preflight:
    asked = PreflightInput(
        pool,
        spec.image,
        spec.version,
        policy,
        spec.allow_downgrade,
        selection=spec.selection,
        mode=spec.schedule.mode,
        notice=spec.schedule.force_at - services.now(),
        goes_back=spec.kind is RolloutKind.ROLL_BACK,
        probe=probe,
    )
    return preflight(services, asked)


def _before(pool: Pool) -> Before:
    return Before(
        version=pool.version,
        image=pool.image,
        previous_version=pool.previous_version,
        previous_image=pool.previous_image,
    )


def _seconds_elsewhere(services: Services, pool: Pool, image: Image) -> float | None:
    """The median time per host of the account's other pools with this image, such as a test pool; None: none is known.

    A guess that is far too long would move deadlines that can be kept.
    """
    others = services.pools.each(POOLS, account=pool.account, image=image.name)
    measured = [other.host_seconds for other in others if other.host_seconds and other.name != pool.name]
    return median(measured) if measured else None


_FIELDS = {ScheduleMode.NOW: "mode", ScheduleMode.AT: "at", ScheduleMode.ON_LOGOFF: "deadline"}
"""The request field that sets when sessions are signed out."""


def in_windows(
    schedule: Schedule, windows: tuple[Window, ...], zone: str, need: timedelta, *, prefix: str = "schedule."
) -> Schedule:
    """The schedule, if users would be signed out inside a window of `zone` with time `need` left for a host.

    Raises InvalidRequest otherwise, for the field that sets this time; `prefix` precedes the field's name.
    """
    blocked_reason = why_outside_windows(schedule, windows, zone, need)
    if blocked_reason:
        raise InvalidRequest.one(f"{prefix}{_FIELDS[schedule.mode]}", blocked_reason)
    return schedule
