"""What needs the caller: approvals that they may give, what stands still, what failed, what was left over.

The rows are read once for all callers; what is in them for one of them is worked out in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.access.subjects import rollout_subject, subject_of, task_subject
from shared.access.two_people.approvers import Approver, approver_of, why_not_rollout, why_not_work
from shared.access.two_people.promotions import pools_of as pools_of_promotion
from shared.access.two_people.promotions import why_will_wait
from shared.access.two_people.tasks import pools_of
from shared.api.lists.overview import NeedKind, NeedView, OverviewView
from shared.core.codes import Code
from shared.core.hrefs import pool_href, promotion_href, rollout_href, task_href
from shared.core.states import PromotionState, RolloutState, TaskState
from shared.core.wording import counted
from shared.models.access.roles import Caller, Need, Reach
from shared.models.messages import sentence, text_of
from shared.models.pools import Pool
from shared.models.promotions import Promotion
from shared.models.rollouts import Rollout, RolloutKind
from shared.models.tasks import Task, TaskKind
from shared.services import POOLS, PROMOTIONS, ROLLOUTS, TASKS, Services
from shared.views.fleet import next_ring_of, read_rollouts
from shared.views.rollout_progress import note_of

READ_FOR = 5.0
"""Seconds for which the rows are shown as they were read. Every open page asks for them."""
FAILED_FOR, LEFT_OVER_FOR = timedelta(days=1), timedelta(days=7)
MOST_NEEDS = 100
_TASKS = {
    TaskKind.SET_AS_IMAGE: "Set as image",
    TaskKind.STAGE: "Staging",
    TaskKind.VERDICT: "The verdict",
    TaskKind.ACTIVATE: "The activation",
    TaskKind.ROLL_BACK: "The roll-back",
    TaskKind.DISCARD: "Discarding",
    TaskKind.UPDATE_POOLS: "The update of pools",
    TaskKind.REMOVE: "The removal",
}
"""What a task is called at the beginning of a sentence."""


@dataclass(frozen=True)
class _Rows:
    """What is open, and what has lately failed or left something over."""

    rollouts: Sequence[Rollout]
    tasks: Sequence[Task]
    failed_rollouts: Sequence[Rollout]
    ended_tasks: Sequence[Task]
    pools: Sequence[Pool]
    promotions: Sequence[Promotion]
    """Scheduled ones that will wait for a second person unless somebody approves them before."""


def read_overview(services: Services, caller: Caller | None, reach: Reach) -> OverviewView:
    """The overview for a caller."""
    rows = services.read_cache.get("overview", READ_FOR, lambda: _read(services))
    may = caller.may if caller else frozenset()
    needs: list[NeedView] = []
    if Need.APPROVE in may:
        needs += _approvals(services, rows, approver_of(caller), reach)
    if Need.STEER in may:
        needs += sorted(_troubles(rows, reach, services.now()), key=_newest_first)
    return OverviewView(
        needs_you=needs[:MOST_NEEDS],
        open_rollouts=sum(
            row.kind is not RolloutKind.REFRESH and rollout_subject(row).seen_by(reach) for row in rows.rollouts
        ),
        running_tasks=sum(task_subject(row).seen_by(reach) for row in rows.tasks),
    )


def _newest_first(need: NeedView) -> tuple[bool, float]:
    return need.since is None, -need.since.timestamp() if need.since else 0.0


def _read(services: Services) -> _Rows:
    lately = services.now() - LEFT_OVER_FOR
    open_states = [state for state in RolloutState if not state.ended]
    return _Rows(
        rollouts=[row for state in open_states for row in services.rollouts.each(ROLLOUTS, state=state)],
        tasks=list(services.tasks.each(TASKS, state=TaskState.RUNNING)),
        failed_rollouts=list(_failed_rollouts(services, lately)),
        ended_tasks=list(_ended_tasks(services, lately)),
        pools=services.pools.all(POOLS),
        promotions=[
            row
            for row in services.promotions.each(PROMOTIONS, state=PromotionState.SCHEDULED)
            if why_will_wait(services, row)
        ],
    )


def _failed_rollouts(services: Services, since: datetime) -> Iterator[Rollout]:
    """Failed rollouts that were requested lately, newest first: ids sort so."""
    for row in services.rollouts.each(ROLLOUTS, state=RolloutState.FAILED):
        if row.created_at < since:
            return
        yield row


def _ended_tasks(services: Services, since: datetime) -> Iterator[Task]:
    for state in (TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED):
        for row in services.tasks.each(TASKS, state=state):
            if row.created_at < since:
                break
            if state is TaskState.FAILED or (row.capture and row.capture.left_over):
                yield row


def _approvals(services: Services, rows: _Rows, me: Approver, reach: Reach) -> Iterator[NeedView]:
    """What waits for an approval that the caller may give."""
    pools = {pool.name: pool for pool in rows.pools}
    for row in rows.rollouts:
        waits = row.state is RolloutState.AWAITING_APPROVAL and rollout_subject(row).changed_by(reach)
        if waits and (pool := pools.get(row.pool)) and _may_be_second(services, me, row, pool):
            yield _approval_of(row)
    for task in rows.tasks:
        if task_subject(task).changed_by(reach) and (need := _approval_of_task(services, me, task)):
            yield need
    for promotion in rows.promotions:
        subject = subject_of(services, "promotion", promotion.id)
        if subject and subject.changed_by(reach):
            yield from _approval_of_promotion(services, me, promotion)


def _approval_of_promotion(services: Services, me: Approver, promotion: Promotion) -> Iterator[NeedView]:
    if not why_not_work(services, me, promotion, pools_of_promotion(services, promotion)):
        text = f"The scheduled activation of {promotion.image} {promotion.version} needs a second person."
        href = promotion_href(promotion.id)
        yield NeedView(kind=NeedKind.APPROVAL, href=href, text=text, since=promotion.created_at)


def _may_be_second(services: Services, me: Approver, rollout: Rollout, pool: Pool) -> bool:
    return rollout.second.awaiting_since is None or not why_not_rollout(services, me, rollout, pool)


def _approval_of(rollout: Rollout) -> NeedView:
    if rollout.second.awaiting_since:
        text = f"The rollout of {rollout.version} on {rollout.pool} waits for a second person before it begins."
    else:
        text = f"The first hosts of {rollout.pool} are on {rollout.version}. The others wait for your approval."
    since = rollout.second.awaiting_since or rollout.approval.awaiting_since
    return NeedView(kind=NeedKind.APPROVAL, href=rollout_href(rollout.id), text=text, since=since)


def _approval_of_task(services: Services, me: Approver, task: Task) -> NeedView | None:
    """The approval that a task waits for; None if it waits for none, or not for the caller's."""
    if task.cancelled_by or task.failure:
        return None
    since, text = task.second.awaiting_since, f"{_name(task)} waits for a second person before it begins."
    if since:
        if why_not_work(services, me, task, pools_of(services, task)):
            return None
    elif task.pools and task.pools.closed:
        move = next_ring_of(task.pools, read_rollouts(services, task.pools), services.now())
        if not move.gate or move.until:
            return None
        since, text = move.since or task.created_at, f"Ring {move.ring} waits for your approval: {_name(task)}."
    else:
        return None
    return NeedView(kind=NeedKind.APPROVAL, href=task_href(task.id), text=text, since=since)


def _name(task: Task) -> str:
    return f"{_TASKS[task.kind]} of {task.image} {task.version or ''}".rstrip()


def _troubles(rows: _Rows, reach: Reach, now: datetime) -> Iterator[NeedView]:
    """What stands still, failed or was left over, for who may steer."""
    for row in rows.rollouts:
        if rollout_subject(row).changed_by(reach) and (need := _standstill(row)):
            yield need
    for row in rows.failed_rollouts:
        if rollout_subject(row).changed_by(reach) and row.ended_at and row.ended_at > now - FAILED_FOR:
            text = f"The rollout of {row.version} on {row.pool} failed."
            yield NeedView(kind=NeedKind.FAILED, href=rollout_href(row.id), text=text, since=row.ended_at)
    for task in rows.ended_tasks:
        if task_subject(task).changed_by(reach) and task.ended_at:
            yield from _of_ended(task, task.ended_at, now)
    for pool in rows.pools:
        if reach.covers((pool.account,)):
            yield from _of_pool(pool)


def _standstill(rollout: Rollout) -> NeedView | None:
    note = note_of(rollout)
    if rollout.state is RolloutState.PAUSED:
        text = (
            f"The rollout of {rollout.version} on {rollout.pool} is paused. {sentence(text_of(note)) if note else ''}"
        )
        kind = NeedKind.PAUSED
    elif note and note.code == Code.UNDRAINED:
        kind, text = NeedKind.QUESTION, f"{rollout.pool}: {text_of(note)}"
    else:
        return None
    since = note.at if note else None
    return NeedView(kind=kind, href=rollout_href(rollout.id), text=text.rstrip(), since=since)


def _of_ended(task: Task, ended: datetime, now: datetime) -> Iterator[NeedView]:
    if task.state is TaskState.FAILED and ended > now - FAILED_FOR:
        text = f"{_name(task)} failed."
        yield NeedView(kind=NeedKind.FAILED, href=task_href(task.id), text=text, since=ended)
    if left := task.capture.left_over if task.capture else ():
        text = f"{_name(task)} left {counted(len(left), 'resource')} in Azure that could not be removed."
        yield NeedView(kind=NeedKind.LEFT_OVER, href=task_href(task.id), text=text, since=ended)


def _of_pool(pool: Pool) -> Iterator[NeedView]:
    if pool.lost_hosts:
        text = f"{counted(len(pool.lost_hosts), 'host')} of {pool.name} left the host pool and did not come back."
        yield NeedView(kind=NeedKind.LOST_HOSTS, href=pool_href(pool.name), text=text, since=None)
    if pool.unreadable_since:
        text = f"{pool.name} cannot be read in Azure."
        yield NeedView(kind=NeedKind.UNREADABLE, href=pool_href(pool.name), text=text, since=pool.unreadable_since)
