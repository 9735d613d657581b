"""Promotions as people see them."""

from __future__ import annotations

from operator import attrgetter
from zoneinfo import ZoneInfo

from shared.access.subjects import promotion_subject
from shared.access.two_people.promotions import why_will_wait
from shared.api.common import Listed
from shared.api.lists.promotions import PromotionsQuery
from shared.api.promotions import PromotionView
from shared.core.hrefs import task_href
from shared.core.states import PromotionState
from shared.models.access.roles import Reach
from shared.models.base import iso
from shared.models.messages import Message
from shared.models.promotions import Promotion
from shared.records.promotions import find_promotion
from shared.services import PROMOTIONS, TASKS, Services
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
    return Listed[PromotionView](items=[view(services, row) for row in page.rows], continuation=page.continuation)


def read_promotion(services: Services, promotion_id: str) -> PromotionView:
    """One promotion. Raises NotFound."""
    return view(services, find_promotion(services, promotion_id))


def view(services: Services, promotion: Promotion) -> PromotionView:
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
            "every_pool": update is not None and update.every,
            "policy": update.policy if update else None,
            "schedule": update.schedule if update else None,
            "soak_minutes": update.soak_minutes if update else None,
            "waits_for": why_will_wait(services, promotion) or _its_task_waits(services, promotion),
            "second_approved_at": promotion.second.at,
            "second_approved_by": promotion.second.by,
        }
    )


def _its_task_waits(services: Services, promotion: Promotion) -> Message | None:
    task = services.tasks.find(TASKS, promotion.task) if promotion.state is PromotionState.PROMOTING else None
    reason = task.second.reason if task and task.second.awaiting_since and not task.state.ended else None
    return reason.model_copy(update={"href": task_href(promotion.task)}) if reason else None
