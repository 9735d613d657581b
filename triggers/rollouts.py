"""Routes of rollouts: list, read, command, and update many pools at once."""

from __future__ import annotations

import azure.durable_functions as df

from shared.access.two_people.approvers import approver_of
from shared.api.common import Listed, WhatIfQuery
from shared.api.conditions import Condition
from shared.api.fleet import PoolsPlanView, UpdatePoolsRequest
from shared.api.history.rollout_events import RolloutEventsQuery, RolloutEventView
from shared.api.lists.rollouts import RolloutsQuery
from shared.api.merge_patch import MergePatch
from shared.api.rollout_pages.hosts import RolloutHostGrid, RolloutHosts, RolloutHostsQuery
from shared.api.rollout_pages.people import PeopleQuery, PeopleView
from shared.api.rollout_settings import RolloutSettings
from shared.api.rollouts import (
    CancelRequest,
    CommandRequest,
    Reschedule,
    RetryRequest,
    RolloutBrief,
    RolloutView,
)
from shared.api.tasks import TaskView
from shared.fleet.preview import plan_pools
from shared.fleet.request import update_pools
from shared.models.access.roles import Need
from shared.ports.engine import Engine
from shared.rollouts import control
from shared.rollouts.changes import change_rollout
from shared.rollouts.offers import read_rollout
from shared.views import rollouts
from shared.views.approvals import task_for
from shared.views.rollout_pages.events import list_rollout_events
from shared.views.rollout_pages.hosts import list_rollout_hosts
from shared.views.rollout_pages.people import list_people
from triggers.accepted import accepted
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "rollouts", needs=Need.READ)
def get_rollouts(call: Call, query: RolloutsQuery) -> Answer[Listed[RolloutBrief]]:
    """List rollouts, newest first unless another order is asked for."""
    return Answer(rollouts.list_rollouts(call.services, call.reach, query))


@endpoint(bp, "GET", "rollouts/{rollout}", needs=Need.READ, refusals=(404,))
def get_rollout(call: Call) -> Answer[RolloutView]:
    """Read a rollout: state, percent of the work, open sessions, next event and expected end."""
    return Answer(read_rollout(call.services, call.path["rollout"], call.caller, call.reach))


@endpoint(bp, "PATCH", "rollouts/{rollout}", status=202, needs=Need.STEER, refusals=(404, 409, 412, 422))
def patch_rollout(
    call: Call, engine: Engine, patch: MergePatch[RolloutSettings], condition: Condition
) -> Answer[RolloutView]:
    """Change limits, windows, warnings, dates or hosts of an open rollout. It counts from the next pass on."""
    return accepted(call, change_rollout(call.services, engine, call.path["rollout"], patch, condition, call.who))


@endpoint(bp, "GET", "rollouts/{rollout}/hosts", needs=Need.READ, refusals=(404,))
def get_rollout_hosts(call: Call, query: RolloutHostsQuery) -> Answer[RolloutHosts | RolloutHostGrid]:
    """List the hosts of a rollout: state, last step, attempt, error and current version; or what changed since a mark.
    With `fields=grid` as short arrays."""
    return Answer(list_rollout_hosts(call.services, call.path["rollout"], query))


@endpoint(bp, "GET", "rollouts/{rollout}/people", needs=Need.STEER, refusals=(404,))
def get_rollout_people(call: Call, query: PeopleQuery) -> Answer[PeopleView]:
    """List who is still signed in on hosts that are to be updated, and whether they were told. Names need `steer`."""
    return Answer(list_people(call.services, call.path["rollout"], query))


@endpoint(bp, "GET", "rollouts/{rollout}/events", needs=Need.READ, refusals=(404,))
def get_rollout_events(call: Call, query: RolloutEventsQuery) -> Answer[Listed[RolloutEventView]]:
    """List what has happened in a rollout, newest first: who decided what, and how hosts ended."""
    return Answer(list_rollout_events(call.services, call.path["rollout"], query))


@endpoint(bp, "POST", "rollouts/{rollout}/pause", needs=Need.STEER, status=202, refusals=(404, 409))
def post_pause(call: Call, engine: Engine, asked: CommandRequest) -> Answer[RolloutView]:
    """Pause: no more hosts are started; hosts in work finish."""
    return accepted(call, control.pause(call.services, engine, call.path["rollout"], call.who, reason=asked.reason))


@endpoint(bp, "POST", "rollouts/{rollout}/resume", needs=Need.STEER, status=202, refusals=(404, 409))
def post_resume(call: Call, engine: Engine, asked: CommandRequest) -> Answer[RolloutView]:
    """Resume a paused rollout. Failures up to now do not pause it again."""
    return accepted(call, control.resume(call.services, engine, call.path["rollout"], call.who, reason=asked.reason))


@endpoint(bp, "POST", "rollouts/{rollout}/cancel", needs=Need.STEER, status=202, refusals=(404, 409))
def post_cancel(call: Call, engine: Engine, asked: CancelRequest) -> Answer[RolloutView]:
    """Cancel. `leave`: hosts in work finish, the others stay unchanged. `roll_back`: all hosts are rolled back."""
    return accepted(
        call, control.cancel(call.services, engine, call.path["rollout"], call.who, asked.how, reason=asked.reason)
    )


@endpoint(bp, "POST", "rollouts/{rollout}/approve", needs=Need.APPROVE, status=202, refusals=(404, 409))
def post_approve(call: Call, engine: Engine, asked: CommandRequest) -> Answer[RolloutView]:
    """Approve the rollout as a second person, or else its canary hosts, so that the remaining hosts are updated."""
    who = approver_of(call.caller)
    done = control.approve(call.services, engine, call.path["rollout"], who, call.who, reason=asked.reason)
    return accepted(call, done)


@endpoint(bp, "POST", "rollouts/{rollout}/retry", needs=Need.STEER, status=202, refusals=(404, 409, 422))
def post_retry(call: Call, engine: Engine, asked: RetryRequest) -> Answer[RolloutView]:
    """Retry the failed hosts only. If the rollout has ended, this starts and returns a new rollout."""
    return accepted(call, control.retry(call.services, engine, call.path["rollout"], asked, call.who))


@endpoint(bp, "POST", "rollouts/{rollout}/reschedule", needs=Need.STEER, status=202, refusals=(404, 409))
def post_reschedule(call: Call, engine: Engine, asked: Reschedule) -> Answer[RolloutView]:
    """Change the start or the deadline while it is still in the future."""
    return accepted(call, control.reschedule(call.services, engine, call.path["rollout"], asked, call.who))


@endpoint(bp, "POST", "rollouts", needs=Need.PUBLISH, status=202, also=(200,), refusals=(409, 422))
def post_rollouts(
    call: Call, engine: Engine, query: WhatIfQuery, asked: UpdatePoolsRequest
) -> Answer[TaskView | PoolsPlanView]:
    """Publish an image version to many pools, ring by ring, as one task. With `what_if=true`, only show what would
    happen (200)."""
    if query.what_if:
        return Answer(plan_pools(call.services, asked, call.who, call.reach), status=200)
    task = update_pools(call.services, engine, asked, call.who, call.reach)
    return Answer(task_for(call.services, call.caller, call.reach, task), location=task.href)
