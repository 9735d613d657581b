"""Routes of promotions (scheduled activations)."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.activation_plans import PromotionPlanView
from shared.api.common import Listed, WhatIfQuery
from shared.api.lists.promotions import PromotionsQuery
from shared.api.promotions import PromotionMoment, PromotionRequest, PromotionView
from shared.images.promotions.manage import cancel, reschedule
from shared.images.promotions.preview import plan_promotion
from shared.images.promotions.request import schedule_promotion
from shared.models.access.roles import Need
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
    return Answer(view, location=f"/api/promotions/{view.id}")


@endpoint(bp, "GET", "promotions/{promotion}", needs=Need.READ, refusals=(404,))
def get_promotion(call: Call) -> Answer[PromotionView]:
    """Read a scheduled activation: its due time, what it will do, and its result."""
    return Answer(read_promotion(call.services, call.path["promotion"]))


@endpoint(bp, "POST", "promotions/{promotion}/reschedule", needs=Need.STEER, refusals=(404, 409))
def post_reschedule_promotion(call: Call, asked: PromotionMoment) -> Answer[PromotionView]:
    """Change its time before it starts. The schedule of its pools moves too where it would otherwise be too early."""
    return Answer(reschedule(call.services, call.path["promotion"], asked, call.who))


@endpoint(bp, "DELETE", "promotions/{promotion}", needs=Need.STEER, refusals=(404, 409))
def delete_promotion(call: Call) -> Answer[PromotionView]:
    """Cancel a scheduled activation before it starts. The version stays staged."""
    return Answer(cancel(call.services, call.path["promotion"], call.who))
