"""Tasks: everything long-running, and every change of an image."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.common import Listed
from shared.api.tasks import ApproveRingRequest, CancelTaskRequest, TaskBrief, TasksQuery, TaskView
from shared.fleet.approval import approve_ring
from shared.ports.engine import Engine
from shared.tasks.cancel import cancel_task
from shared.views import tasks
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "tasks")
def get_tasks(call: Call, query: TasksQuery) -> Answer[Listed[TaskBrief]]:
    """List tasks with rollouts among them, newest first, of one kind, image or state if given."""
    return Answer(
        tasks.list_tasks(
            call.services,
            kind=query.kind,
            image=query.image,
            state=query.state,
            limit=query.limit,
            continuation=query.continuation,
        )
    )


@endpoint(bp, "GET", "tasks/{task}", refusals=(404,))
def get_task(call: Call) -> Answer[TaskView]:
    """A task with its steps, what it waits for, and what it could not remove; or a rollout as a task."""
    return Answer(tasks.read_task(call.services, call.path["task"]))


@endpoint(bp, "POST", "tasks/{task}/cancel", status=202, refusals=(404, 409))
def post_cancel_task(call: Call, engine: Engine, asked: CancelTaskRequest) -> Answer[TaskView]:
    """Stop: a set-as-image cleans up and makes no version, an activation begins no more pools. A job over many pools
    begins no more and stops what runs (`leave`), or takes back what it has begun (`roll_back`)."""
    view = cancel_task(call.services, engine, call.path["task"], asked.how, call.who)
    return Answer(view, location=view.href)


@endpoint(bp, "POST", "tasks/{task}/approve", status=202, refusals=(404, 409))
def post_approve_task(call: Call, asked: ApproveRingRequest) -> Answer[TaskView]:
    """Let the ring that waits for it begin, of a job with `gate: approve`."""
    view = approve_ring(call.services, call.path["task"], asked, call.who)
    return Answer(view, location=view.href)
