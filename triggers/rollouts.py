"""Routes of rollouts: lists, one rollout, its commands, and one update over many pools."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.common import Listed, NoBody, WhatIfQuery
from shared.api.fleet import PoolsPlanView, UpdatePoolsRequest
from shared.api.rollouts import (
    CancelRequest,
    Reschedule,
    RetryRequest,
    RolloutBrief,
    RolloutHostsQuery,
    RolloutHostView,
    RolloutsQuery,
    RolloutView,
)
from shared.api.tasks import TaskView
from shared.fleet.preview import plan_pools
from shared.fleet.request import update_pools
from shared.ports.engine import Engine
from shared.rollouts import control
from shared.views import rollouts
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "rollouts")
def get_rollouts(call: Call, query: RolloutsQuery) -> Answer[Listed[RolloutBrief]]:
    """List rollouts, newest first, of one pool or in one state if given."""
    return Answer(
        rollouts.list_rollouts(
            call.services,
            pool=query.pool,
            state=query.state,
            limit=query.limit,
            continuation=query.continuation,
        )
    )


@endpoint(bp, "GET", "rollouts/{rollout}", refusals=(404,))
def get_rollout(call: Call) -> Answer[RolloutView]:
    """State and progress: percent of the work, sessions open, next moment, expected end."""
    return Answer(rollouts.read_rollout(call.services, call.path["rollout"]))


@endpoint(bp, "GET", "rollouts/{rollout}/hosts", refusals=(404,))
def get_rollout_hosts(call: Call, query: RolloutHostsQuery) -> Answer[Listed[RolloutHostView]]:
    """Each host of the rollout: state, last step, attempt, error, and the version it is on."""
    return Answer(
        rollouts.list_rollout_hosts(
            call.services,
            call.path["rollout"],
            state=query.state,
            limit=query.limit,
            continuation=query.continuation,
        )
    )


@endpoint(bp, "POST", "rollouts/{rollout}/pause", status=202, refusals=(404, 409))
def post_pause(call: Call, engine: Engine, asked: NoBody) -> Answer[RolloutView]:
    """Begin nothing more; hosts in work are finished."""
    return _accepted(control.pause(call.services, engine, call.path["rollout"], call.who))


@endpoint(bp, "POST", "rollouts/{rollout}/resume", status=202, refusals=(404, 409))
def post_resume(call: Call, engine: Engine, asked: NoBody) -> Answer[RolloutView]:
    """Go on where it was paused; hosts that have failed so far do not stop it again."""
    return _accepted(control.resume(call.services, engine, call.path["rollout"], call.who))


@endpoint(bp, "POST", "rollouts/{rollout}/cancel", status=202, refusals=(404, 409))
def post_cancel(call: Call, engine: Engine, asked: CancelRequest) -> Answer[RolloutView]:
    """Stop. `leave`: hosts in work are finished, the rest stays as it is. `roll_back`: everything goes back."""
    return _accepted(control.cancel(call.services, engine, call.path["rollout"], call.who, asked.how))


@endpoint(bp, "POST", "rollouts/{rollout}/approve", status=202, refusals=(404, 409))
def post_approve(call: Call, engine: Engine, asked: NoBody) -> Answer[RolloutView]:
    """The first hosts are good: let the others follow."""
    return _accepted(control.approve(call.services, engine, call.path["rollout"], call.who))


@endpoint(bp, "POST", "rollouts/{rollout}/retry", status=202, refusals=(404, 409, 422))
def post_retry(call: Call, engine: Engine, asked: RetryRequest) -> Answer[RolloutView]:
    """Take once more what has failed, and nothing else. After an end that is a new rollout, which is answered."""
    return _accepted(control.retry(call.services, engine, call.path["rollout"], asked, call.who))


@endpoint(bp, "POST", "rollouts/{rollout}/reschedule", status=202, refusals=(404, 409))
def post_reschedule(call: Call, engine: Engine, asked: Reschedule) -> Answer[RolloutView]:
    """Move the moments that are still ahead."""
    return _accepted(control.reschedule(call.services, engine, call.path["rollout"], asked, call.who))


def _accepted(rollout: RolloutView) -> Answer[RolloutView]:
    return Answer(rollout, location=f"/api/rollouts/{rollout.id}")


@endpoint(bp, "POST", "rollouts", status=202, also=(200,), refusals=(409, 422))
def post_rollouts(
    call: Call, engine: Engine, query: WhatIfQuery, asked: UpdatePoolsRequest
) -> Answer[TaskView | PoolsPlanView]:
    """Publish an image version to many pools, ring by ring, as one task; with `what_if=true` only say what would happen
    (200)."""
    if query.what_if:
        return Answer(plan_pools(call.services, asked, call.who), status=200)
    task = update_pools(call.services, engine, asked, call.who)
    return Answer(task, location=task.href)
