"""A task that waits for a second person: the wait of its steps, and the approval."""

from __future__ import annotations

from datetime import timedelta

from shared.access.two_people.approvers import Approver, check_may_approve, why_not_work
from shared.access.two_people.tasks import approved, pools_of, waiting, why_not_due
from shared.api.tasks import TaskView
from shared.audit.about import about_task
from shared.audit.record import audit
from shared.core.errors import Conflict
from shared.core.steps import NextAction, StepResult
from shared.core.wording import duration_text
from shared.models.tasks import Task
from shared.records.change import change
from shared.records.tasks import WORDS
from shared.services import TASKS, Services
from shared.views.fleet import read_rollouts
from shared.views.tasks import view
from shared.workflow.task_context import TaskContext
from shared.workflow.waiting import StepFailed

_NOTED = timedelta(minutes=1)
"""So often the start of the step is moved: its time limit is for work, not for people."""


def wait_for_second_person(context: TaskContext) -> StepResult | None:
    """The wait while a second person must approve the task; None when nobody must.

    Raises StepFailed when it was cancelled, or nobody approved it in time.
    """
    task, now = context.task, context.services.now()
    since = task.second.awaiting_since
    if since is None:
        return None
    if task.cancelled_by:
        raise StepFailed(f"cancelled by {task.cancelled_by}")
    limit = timedelta(seconds=context.services.settings.approval_limit)
    if now > since + limit:
        raise StepFailed(f"nobody approved it within {duration_text(limit)}")
    if task.step_since is None or now > task.step_since + _NOTED:
        context.save(step_since=now)
    return StepResult(NextAction.WAIT, context.services.settings.operation_poll)


def wait_for_requester(context: TaskContext) -> StepResult | None:
    """The wait before a ring whose requester has no access to the accounts any more; None when they have."""
    reason = why_not_due(context.services, context.task)
    if reason is None:
        return None
    task = waiting(context.services, context.task, reason)
    context.save(second=task.second, note=task.note)
    return StepResult(NextAction.WAIT, context.services.settings.operation_poll)


def approve_task(services: Services, task: Task, me: Approver, who: str) -> TaskView:
    """Approve a task as its second person. Its next poll goes on. Raises NotAllowed, Conflict when it has ended."""

    def decide(found: Task) -> Task | None:
        if found.second.awaiting_since is None:
            return None
        if found.state.ended or found.cancelled_by or found.failure:
            text = f"Task {found.id} has ended, or ends: it is too late to approve it."
            raise Conflict(text, task=found.id)
        check_may_approve(me, why_not_work(services, me, found, pools_of(services, found)))
        return approved(services, found, who)

    before, after = change(services.tasks, (TASKS, task.id), decide, describe="task", known=task)
    if after is not before:
        detail = f"task {after.id}: {WORDS[after.kind]}"
        new = after.version or ""
        audit(services, who, "approve task", after.image, detail, after=new, about=about_task(after))
    return view(after, services.now(), read_rollouts(services, after.pools) if after.pools else None)
