"""Routes of tasks: long-running work and changes of images."""

from __future__ import annotations

import azure.durable_functions as df

from shared.access.two_people.approvers import approver_of
from shared.api.common import Listed
from shared.api.lists.tasks import TasksQuery
from shared.api.tasks import ApproveRingRequest, CancelTaskRequest, TaskBrief, TaskView
from shared.fleet.approval import approve_ring
from shared.models.access.roles import Need
from shared.ports.engine import Engine
from shared.tasks.cancel import cancel_task
from shared.views import tasks
from shared.views.approvals import task_for
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "tasks", needs=Need.READ)
def get_tasks(call: Call, query: TasksQuery) -> Answer[Listed[TaskBrief]]:
    """List tasks, including rollouts, newest first unless another order is asked for."""
    return Answer(tasks.list_tasks(call.services, call.reach, query))


@endpoint(bp, "GET", "tasks/{task}", needs=Need.READ, refusals=(404,))
def get_task(call: Call) -> Answer[TaskView]:
    """Read a task: its steps, what it waits for and what it could not remove. A rollout can be read as a task."""
    return Answer(_for_caller(call, tasks.read_task(call.services, call.path["task"], call.reach)))


@endpoint(bp, "POST", "tasks/{task}/cancel", needs=Need.STEER, status=202, refusals=(404, 409))
def post_cancel_task(call: Call, engine: Engine, asked: CancelTaskRequest) -> Answer[TaskView]:
    """Cancel a task. A set-as-image cleans up and creates no version; an activation starts no more pools. A fleet
    update stops its running rollouts (`leave`) or rolls its pools back (`roll_back`)."""
    view = cancel_task(call.services, engine, call.path["task"], asked.how, call.who)
    return Answer(_for_caller(call, view), location=view.href)


@endpoint(bp, "POST", "tasks/{task}/approve", needs=Need.APPROVE, status=202, refusals=(404, 409))
def post_approve_task(call: Call, asked: ApproveRingRequest) -> Answer[TaskView]:
    """Approve a task as its second person, or else the waiting ring of a fleet update with `gate: approve`."""
    view = approve_ring(call.services, call.path["task"], asked, approver_of(call.caller), call.who)
    return Answer(_for_caller(call, view), location=view.href)


def _for_caller(call: Call, view: TaskView) -> TaskView:
    return task_for(call.services, call.caller, call.reach, view)
