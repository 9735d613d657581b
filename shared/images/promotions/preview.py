"""Previews a promotion: its moment, and what its activation would do as of now. Writes nothing."""

from __future__ import annotations

from shared.api.activation_plans import PromotionPlanView
from shared.api.promotions import PromotionRequest
from shared.images.activation.preview import plan_of_task
from shared.images.activation.request import pools_work
from shared.images.promotions.request import drafted
from shared.models.access.roles import Reach
from shared.models.tasks import TaskKind
from shared.records.images import find_image
from shared.records.tasks import new_task
from shared.services import Services
from shared.views.promotions import view


def plan_promotion(services: Services, asked: PromotionRequest, who: str, reach: Reach) -> PromotionPlanView:
    """What `schedule_promotion` would do now. Raises what it raises."""
    key = ("promotion", asked.model_dump_json(), reach.accounts)
    return services.plans.get(key, lambda: _plan(services, asked, who, reach))


def _plan(services: Services, asked: PromotionRequest, who: str, reach: Reach) -> PromotionPlanView:
    promotion = drafted(services, asked, who, reach)
    task = new_task(
        services,
        TaskKind.ACTIVATE,
        promotion.image,
        who,
        version=promotion.version,
        activation=promotion.activation,
        pools=pools_work(promotion.update),
    )
    shown = view(services, promotion)
    return PromotionPlanView(
        due_at=shown.due_at,
        due_local=shown.due_local,
        time_zone=shown.time_zone,
        activation=plan_of_task(services, find_image(services, promotion.image), task, who, reach),
    )
