"""Changes of an open rollout: its limits, windows, warnings, dates and hosts. They count from the next pass on."""

from __future__ import annotations

import json
from datetime import datetime

from shared.access.limits import check_change
from shared.access.two_people.rollouts import after_change
from shared.api.conditions import Condition
from shared.api.merge_patch import MergePatch
from shared.api.rollout_settings import (
    CANARY_FIELDS,
    TIMES,
    OpenPolicy,
    RolloutSettings,
    Unchangeable,
    refuse_fixed_fields,
    settings_of,
)
from shared.api.rollouts import Reschedule, RolloutView
from shared.core.errors import FieldProblem, InvalidRequest
from shared.models.policy import Policy, PolicyOverrides, resolve_policy
from shared.models.rollouts import Rollout, Schedule
from shared.planning.windows import why_outside_windows
from shared.ports.engine import Engine
from shared.records.pools import find_pool
from shared.rollouts.command_rules import Command, has_begun
from shared.rollouts.control import command_rollout, host_takes, rescheduled
from shared.rollouts.selection import known_hosts, lower_names, unknown_hosts
from shared.services import Services


def change_rollout(
    services: Services,
    engine: Engine,
    rollout_id: str,
    patch: MergePatch[RolloutSettings],
    condition: Condition,
    who: str,
) -> RolloutView:
    """Change the named settings of an open rollout.

    Raises NotFound, PreconditionFailed, Unchangeable and InvalidRequest with every bad field, Conflict when it is too
    late, AzureError when new names of hosts cannot be checked.
    """
    refuse_fixed_fields(patch.changes)

    def apply(rollout: Rollout) -> Rollout:
        stored = settings_of(rollout)
        condition.check("rollout", rollout_id, stored)
        asked = patch.applied_to(stored)
        asked = asked.replace(exclude=[*lower_names(asked.exclude)], drain_again=[*lower_names(asked.drain_again)])
        if asked == stored:
            return rollout
        changed = _changed(services, rollout, stored, asked)
        check_change(services, find_pool(services, rollout.pool), rollout, changed)
        return changed

    return command_rollout(services, engine, rollout_id, Command.CHANGE, who, apply, describe=_difference)


def _changed(services: Services, rollout: Rollout, stored: RolloutSettings, asked: RolloutSettings) -> Rollout:
    """The rollout with these settings. What may begin now is checked again before it does."""
    now = services.now()
    policy = _policy(rollout, stored.policy, asked.policy)
    names = {
        name for name in (*asked.exclude, *asked.drain_again) if name not in {*stored.exclude, *stored.drain_again}
    }
    problems = _unknown_names(services, rollout, asked, names)
    if problems:
        raise InvalidRequest(problems)
    selection = rollout.selection.replace(exclude=tuple(asked.exclude), drain_again=tuple(asked.drain_again))
    changed = rollout.replace(policy=policy, selection=selection, checks=rollout.checks.to_repeat())
    schedule = _schedule(changed, stored, asked, now)
    if policy.windows != rollout.policy.windows and schedule == rollout.schedule:
        _refuse_closed_windows(changed, now)
    return after_change(rollout, changed.replace(schedule=schedule), now)


def _policy(rollout: Rollout, stored: OpenPolicy, asked: OpenPolicy) -> Policy:
    canary = [name for name in CANARY_FIELDS if getattr(asked, name) != getattr(stored, name)]
    if canary and has_begun(rollout):
        text = "the rollout has begun, so its canary stays: cancel it, and request another one"
        raise Unchangeable([FieldProblem(f"policy.{name}", text) for name in canary])
    policy = rollout.policy.replace(**{name: getattr(asked, name) for name in OpenPolicy.model_fields})
    if canary:  # checks need a canary host
        resolve_policy(rollout.schedule.mode, PolicyOverrides.model_validate(policy.model_dump(exclude_none=True)))
    return policy


def _unknown_names(services: Services, rollout: Rollout, asked: RolloutSettings, new: set[str]) -> list[FieldProblem]:
    """A problem for each new name that neither the rollout nor its pool has. The pool is only read if it must be."""
    known = frozenset(row.host for row in services.hosts.all(rollout.id)) if new else frozenset()
    if not known.issuperset(new):
        known |= known_hosts(services, find_pool(services, rollout.pool))
    return [
        problem
        for field in ("exclude", "drain_again")
        for problem in unknown_hosts(field, sorted(new & {*getattr(asked, field)}), known)
    ]


def _schedule(rollout: Rollout, stored: RolloutSettings, asked: RolloutSettings, now: datetime) -> Schedule:
    """The schedule with the new dates, by the rules of a reschedule: users who were warned are told."""
    moved = {name: new for name in TIMES if (new := getattr(asked, name)) != getattr(stored, name)}
    if not moved and asked.time_zone is None:
        return rollout.schedule
    return rescheduled(rollout, Reschedule(**moved, time_zone=asked.time_zone), now)


def _refuse_closed_windows(rollout: Rollout, now: datetime) -> None:
    """Raises InvalidRequest for windows in which the sessions would not end, while that is still ahead."""
    if rollout.rolling_back or now >= rollout.schedule.force_at:
        return
    why = why_outside_windows(rollout.schedule, rollout.policy.windows, rollout.zone, host_takes(rollout))
    if why:
        raise InvalidRequest.one("policy.windows", f"{why}; or change the date in the same request")


def _difference(before: Rollout, after: Rollout) -> tuple[str, str]:
    """The changed settings, before and after, as JSON: for the audit."""
    old, new = (_flat(settings_of(rollout)) for rollout in (before, after))
    names = [name for name in new if old.get(name) != new[name]]
    return json.dumps({name: old.get(name) for name in names}), json.dumps({name: new[name] for name in names})


def _flat(settings: RolloutSettings) -> dict[str, object]:
    found = settings.model_dump(mode="json")
    return {f"policy.{name}": value for name, value in found.pop("policy").items()} | found
