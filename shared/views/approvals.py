"""Whether the caller may approve what waits, in the view of it: so that nobody learns it only by trying."""

from __future__ import annotations

from shared.access.authorize import lacks_text, not_all_text
from shared.access.subjects import Subject, subject_of
from shared.access.two_people.approvers import approver_of, why_not_rollout, why_not_work
from shared.access.two_people.promotions import pools_of as pools_of_promotion
from shared.access.two_people.rollouts import why_will_wait
from shared.access.two_people.tasks import pools_of as pools_of_task
from shared.api.common import MayApprove
from shared.api.promotions import PromotionView
from shared.api.rollouts import RolloutView
from shared.api.tasks import TaskView
from shared.core.codes import Code
from shared.core.states import PromotionState, RolloutState
from shared.models.access.roles import Caller, Need, Reach
from shared.models.rollouts import Rollout
from shared.records.promotions import find_promotion
from shared.services import POOLS, TASKS, Services


def rollout_for(
    services: Services, caller: Caller | None, reach: Reach, shown: RolloutView, rollout: Rollout
) -> RolloutView:
    """The rollout as this caller sees it. `rollout`: its row, as it was read for `shown`."""
    if shown.state not in {RolloutState.AWAITING_APPROVAL, RolloutState.SCHEDULED}:
        return shown
    will_wait = why_will_wait(services, rollout)
    if not will_wait and shown.state is RolloutState.SCHEDULED:
        return shown
    pool = services.pools.find(POOLS, rollout.pool) if will_wait or rollout.second.awaiting_since else None
    why = _lacks(services, caller, reach, "rollout", shown.id)
    why = why or (why_not_rollout(services, approver_of(caller), rollout, pool) if pool else "")
    return shown.replace(waits_for=will_wait, may_approve=_answer(why))


def task_for(services: Services, caller: Caller | None, reach: Reach, shown: TaskView) -> TaskView:
    """The task as this caller sees it. A rollout that is read as a task says it at its own address."""
    task = services.tasks.find(TASKS, shown.id) if shown.ended_at is None else None
    ring = shown.waits_for is not None and shown.waits_for.code == Code.RING_WAITS_FOR_APPROVAL
    if task is None or not (task.second.awaiting_since or ring):
        return shown
    why = _lacks(services, caller, reach, "task", shown.id)
    if not why and task.second.awaiting_since:
        why = why_not_work(services, approver_of(caller), task, pools_of_task(services, task))
    return shown.replace(may_approve=_answer(why))


def promotion_for(services: Services, caller: Caller | None, reach: Reach, shown: PromotionView) -> PromotionView:
    """The promotion as this caller sees it."""
    if shown.waits_for is None or shown.state is not PromotionState.SCHEDULED:
        return shown
    promotion = find_promotion(services, shown.id)
    why = _lacks(services, caller, reach, "promotion", shown.id)
    pools = pools_of_promotion(services, promotion)
    return shown.replace(may_approve=_answer(why or why_not_work(services, approver_of(caller), promotion, pools)))


def _answer(why: str) -> MayApprove:
    return MayApprove(can=not why, why=why or None)


def _lacks(services: Services, caller: Caller | None, reach: Reach, kind: str, name: str) -> str:
    """The right or the account that the caller lacks; empty when it has both."""
    if caller is None or Need.APPROVE not in caller.may:
        return lacks_text(caller, Need.APPROVE)
    subject = subject_of(services, kind, name) or Subject(())
    return "" if subject.changed_by(reach) else not_all_text(kind)
