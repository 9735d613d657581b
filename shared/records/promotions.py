"""Finds and ends promotions, and writes their audit entries."""

from __future__ import annotations

from datetime import datetime

from shared.audit.about import about_promotion
from shared.audit.record import audit
from shared.core.errors import NotFound
from shared.core.states import PromotionState, transition_promotion
from shared.models.base import iso
from shared.models.messages import Message
from shared.models.promotions import Promotion
from shared.services import PROMOTIONS, Services


def find_promotion(services: Services, promotion_id: str) -> Promotion:
    """A promotion. Raises NotFound."""
    promotion = services.promotions.find(PROMOTIONS, promotion_id)
    if promotion is None:
        raise NotFound("promotion", promotion_id)
    return promotion


def ended(promotion: Promotion, to: PromotionState, note: Message) -> Promotion:
    """The promotion in one of its ends, but for `ended_at`."""
    return promotion.model_copy(update={"state": transition_promotion(promotion.id, promotion.state, to), "note": note})


def audit_promotion(
    services: Services,
    who: str,
    action: str,
    promotion: Promotion,
    *,
    before: datetime | None = None,
    after: datetime | None = None,
) -> None:
    """Write an audit entry: who changed the time of activation, from when to when."""
    text = f"promotion {promotion.id} of version {promotion.version}"
    detail = f"{text}: {promotion.reason}" if promotion.reason else text
    times = {"before": iso(before) or "", "after": iso(after) or ""}
    audit(services, who, action, promotion.image, detail, **times, about=about_promotion(promotion))
