"""Approves a promotion as its second person, before it is due."""

from __future__ import annotations

from shared.access.two_people.approvers import Approver, check_may_approve, why_not_work
from shared.access.two_people.promotions import approved, pools_of, why_will_wait
from shared.api.promotions import PromotionView
from shared.core.errors import Conflict
from shared.core.hrefs import task_href
from shared.core.states import PromotionState
from shared.images.promotions.manage import too_late
from shared.models.promotions import Promotion
from shared.records.change import change
from shared.records.promotions import audit_promotion
from shared.services import PROMOTIONS, Services
from shared.views.promotions import view


def approve_promotion(services: Services, promotion_id: str, me: Approver, who: str) -> PromotionView:
    """Approve a promotion that will wait for a second person. When it falls due, it goes on by itself.

    Repeating it changes nothing. Raises NotFound; NotAllowed for somebody who may not be the second person; Conflict
    when it has fallen due, since its task is approved then, or when nothing is to be approved.
    """

    def decide(promotion: Promotion) -> Promotion | None:
        if promotion.state is PromotionState.PROMOTING:
            text = f"Promotion {promotion.id} has fallen due. Approve its task."
            raise Conflict(text, task=promotion.task, href=task_href(promotion.task))
        if promotion.state is not PromotionState.SCHEDULED:
            raise too_late(promotion, "approve")
        if why_will_wait(services, promotion) is None:
            if promotion.second.at:
                return None
            raise Conflict(f"Promotion {promotion.id} waits for nobody, so there is nothing to approve.")
        check_may_approve(me, why_not_work(services, me, promotion, pools_of(services, promotion)))
        return approved(services, promotion, who)

    before, after = change(services.promotions, (PROMOTIONS, promotion_id), decide, describe="promotion")
    if after is not before:
        audit_promotion(services, who, "approve promotion", after, after=after.due_at)
    return view(services, after)
