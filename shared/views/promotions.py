"""Promotions as people see them."""

from __future__ import annotations

from operator import attrgetter
from zoneinfo import ZoneInfo

from shared.access.subjects import promotion_subject
from shared.api.common import Listed
from shared.api.lists.promotions import PromotionsQuery
from shared.api.promotions import PromotionView
from shared.core.states import PromotionState
from shared.models.access.roles import Reach
from shared.models.base import iso
from shared.models.promotions import Promotion
from shared.records.promotions import find_promotion
from shared.services import PROMOTIONS, Services
from shared.views.filters import check_account_filter, check_image_filter, check_pool_filter
from shared.views.histories import Source, history_page, in_time, of_account, wanted_states


def list_promotions(services: Services, reach: Reach, query: PromotionsQuery) -> Listed[PromotionView]:
    """A page of promotions. Raises InvalidRequest for an unknown name."""
    check_image_filter(services, reach, query.image)
    check_pool_filter(services, reach, query.pool)
    check_account_filter(services, reach, query.account)
    source = Source(
        services.promotions,
        PROMOTIONS,
        lambda row: (
            promotion_subject(row).seen_by(reach)
            and of_account(query, row.accounts)
            and (query.pool is None or (row.update is not None and query.pool in row.update.pools))
            and in_time(query, row)
        ),
        wanted_states(PromotionState, query, query.state),
        (("image", query.image),) if query.image else (),
    )
    page = history_page(query, [source], query.sort, attrgetter(query.sort))
    return Listed[PromotionView](items=[view(row) for row in page.rows], continuation=page.continuation)


def read_promotion(services: Services, promotion_id: str) -> PromotionView:
    """One promotion. Raises NotFound."""
    return view(find_promotion(services, promotion_id))


def view(promotion: Promotion) -> PromotionView:
    """A promotion as people see it."""
    kept = promotion.model_dump(include=set(PromotionView.model_fields))
    work, update = promotion.activation, promotion.update
    return PromotionView.model_validate(
        kept
        | {
            "due_local": iso(promotion.due_at.astimezone(ZoneInfo(promotion.time_zone))),
            "backup": work.backup,
            "force": work.force,
            "update_pools": list(update.pools) if update else [],
            "schedule": update.schedule if update else None,
            "soak_minutes": update.soak_minutes if update else None,
        }
    )
