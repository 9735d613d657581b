"""Routes of promotions (scheduled activations)."""

from __future__ import annotations

import azure.durable_functions as df

from shared.access.two_people.approvers import approver_of
from shared.api.activation_plans import PromotionPlanView
from shared.api.common import Listed, NoBody, WhatIfQuery
from shared.api.lists.promotions import PromotionsQuery
from shared.api.merge_patch import MergePatch
from shared.api.promotions import PromotionMoment, PromotionRequest, PromotionSettings, PromotionView
from shared.images.promotions.approval import approve_promotion
from shared.images.promotions.edit import change_promotion
from shared.images.promotions.manage import cancel, reschedule
from shared.images.promotions.preview import plan_promotion
from shared.images.promotions.request import schedule_promotion
from shared.models.access.roles import Need
from shared.views.approvals import promotion_for
from shared.views.promotions import list_promotions, read_promotion
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "promotions", needs=Need.READ)
def get_promotions(call: Call, query: PromotionsQuery) -> Answer[Listed[PromotionView]]:
    """List scheduled activations, newest first unless another order is asked for."""
    return Answer(list_promotions(call.services, call.reach, query))


@endpoint(bp, "POST", "promotions", needs=Need.PUBLISH, status=201, also=(200,), refusals=(409,))
def post_promotion(
    call: Call, query: WhatIfQuery, asked: PromotionRequest
) -> Answer[PromotionView | PromotionPlanView]:
    """Schedule the activation of the staged version, at a time or a number of days after it was staged. With
    `what_if=true`, only show what would happen (200)."""
    if query.what_if:
        return Answer(plan_promotion(call.services, asked, call.who, call.reach), status=200)
    view = schedule_promotion(call.services, asked, call.who, call.reach)
    return Answer(_for_caller(call, view), location=f"/api/promotions/{view.id}")


@endpoint(bp, "GET", "promotions/{promotion}", needs=Need.READ, refusals=(404,))
def get_promotion(call: Call) -> Answer[PromotionView]:
    """Read a scheduled activation: its due time, what it will do, and its result."""
    return Answer(_for_caller(call, read_promotion(call.services, call.path["promotion"])))


@endpoint(bp, "PATCH", "promotions/{promotion}", needs=Need.PUBLISH, refusals=(404, 409))
def patch_promotion(call: Call, patch: MergePatch[PromotionSettings]) -> Answer[PromotionView]:
    """Change the named settings of a scheduled activation before it starts: its moment, its pools, their policy and
    schedule. Null resets one to its default."""
    view = change_promotion(call.services, call.path["promotion"], patch, call.who, call.reach)
    return Answer(_for_caller(call, view))


@endpoint(bp, "POST", "promotions/{promotion}/reschedule", needs=Need.STEER, refusals=(404, 409))
def post_reschedule_promotion(call: Call, asked: PromotionMoment) -> Answer[PromotionView]:
    """Change its time before it starts. The schedule of its pools moves too where it would otherwise be too early."""
    return Answer(_for_caller(call, reschedule(call.services, call.path["promotion"], asked, call.who)))


@endpoint(bp, "DELETE", "promotions/{promotion}", needs=Need.STEER, refusals=(404, 409))
def delete_promotion(call: Call) -> Answer[PromotionView]:
    """Cancel a scheduled activation before it starts. The version stays staged."""
    return Answer(_for_caller(call, cancel(call.services, call.path["promotion"], call.who)))


@endpoint(bp, "POST", "promotions/{promotion}/approve", needs=Need.APPROVE, status=202, refusals=(404, 409))
def post_approve_promotion(call: Call, asked: NoBody) -> Answer[PromotionView]:
    """Approve a promotion as its second person, before it is due. When it falls due, it goes on by itself."""
    view = approve_promotion(call.services, call.path["promotion"], approver_of(call.caller), call.who)
    return Answer(_for_caller(call, view), location=f"/api/promotions/{view.id}")


def _for_caller(call: Call, view: PromotionView) -> PromotionView:
    return promotion_for(call.services, call.caller, call.reach, view)
