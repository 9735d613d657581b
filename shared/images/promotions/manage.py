"""Moving and cancelling scheduled activations. `request` creates them, `due` runs them.

A promotion is a row that also holds its image: one without the other never runs. When it is cancelled, the image is
released afterwards and `ended_at` is written last: the timer finishes an interrupted cancellation.
"""

from __future__ import annotations

import logging
from datetime import datetime

from shared.access.two_people.promotions import after_change
from shared.api.promotions import PromotionMoment, PromotionView
from shared.api.schedules import parse_promotion
from shared.core.codes import Code
from shared.core.errors import AzureBusy, Conflict, FieldProblem, InvalidRequest, StaleRow
from shared.core.states import PromotionState
from shared.core.wording import PROMOTION_WORDS
from shared.models.messages import message
from shared.models.policy import ScheduleMode
from shared.models.promotions import Promotion
from shared.models.tasks import PoolsUpdate
from shared.planning.rings import schedule_for_ring
from shared.records.change import change
from shared.records.promotions import audit_promotion, ended, find_promotion
from shared.records.versions import change_versions, read_versions
from shared.services import PROMOTIONS, Services
from shared.versions.promotion_hold import let_go
from shared.versions.version_set import VersionSet
from shared.views.promotions import view

_log = logging.getLogger(__name__)
STAGING_UNKNOWN = FieldProblem("days_after_staging", 'the time of staging is unknown; give "at" instead')


def reschedule(services: Services, promotion_id: str, asked: PromotionMoment, who: str) -> PromotionView:
    """Move a promotion that has not started; the schedule of its pools moves with it.

    Raises NotFound, InvalidRequest, Conflict when it is too late.
    """

    def decide(promotion: Promotion) -> Promotion:
        if promotion.state is not PromotionState.SCHEDULED:
            raise too_late(promotion, "change")
        return after_change(moved_to(services, promotion, asked))

    old, moved = change(services.promotions, (PROMOTIONS, promotion_id), decide, describe="promotion")
    audit_promotion(services, who, "move promotion", moved, before=old.due_at, after=moved.due_at)
    return view(services, moved)


def cancel(services: Services, promotion_id: str, who: str) -> PromotionView:
    """Cancel a promotion that has not started. Safe to repeat. Raises NotFound, Conflict when it is too late."""

    def decide(promotion: Promotion) -> Promotion | None:
        if promotion.state is PromotionState.CANCELLED:
            return None
        if promotion.state is not PromotionState.SCHEDULED:
            raise too_late(promotion, "cancel")
        note = message(Code.CANCELLED_BY_USER, f"Cancelled by {who}.")
        return ended(promotion, PromotionState.CANCELLED, note)

    before, promotion = change(services.promotions, (PROMOTIONS, promotion_id), decide, describe="promotion")
    if promotion is before:
        return view(services, settle(services, promotion))
    audit_promotion(services, who, "cancel promotion", promotion, before=promotion.due_at)
    try:
        promotion = settle(services, promotion)
    except (AzureBusy, StaleRow) as error:
        _log.warning("Promotion %s is cancelled; the timer will release its image: %s", promotion.id, error)
    return view(services, promotion)


def settle(services: Services, promotion: Promotion) -> Promotion:
    """Release the image of an ended promotion, then write when it ended. Safe to repeat."""
    if promotion.ended_at:
        return promotion
    change_versions(services, promotion.image, lambda version_set: let_go(version_set, promotion.id))
    try:
        return services.promotions.replace(promotion.model_copy(update={"ended_at": services.now()}))
    except StaleRow:
        return find_promotion(services, promotion.id)  # another worker did it


def moved_to(services: Services, promotion: Promotion, asked: PromotionMoment) -> Promotion:
    """The promotion at the requested moment. Raises InvalidRequest, Conflict."""
    version_set = read_versions(services, promotion.image)
    if version_set.state.promotion != promotion.id:
        raise Conflict(
            f"Promotion {promotion.id} is no longer valid: version {promotion.version} is not staged for it any more."
        )
    since = staged_at(version_set, promotion.version)
    due, zone = parse_promotion(asked, now=services.now(), staged_at=since, zone=promotion.time_zone)
    if due is None:
        raise InvalidRequest([STAGING_UNKNOWN])
    update = promotion.update
    return promotion.model_copy(
        update={
            "due_at": due,
            "time_zone": zone,
            "days_after_staging": asked.days_after_staging,
            "update": _pools_moved(update, promotion.due_at, due) if update else None,
        }
    )


def _pools_moved(update: PoolsUpdate, before: datetime, due: datetime) -> PoolsUpdate:
    """The pools' schedule after the promotion moved. A rollout that starts with the promotion still does."""
    schedule = update.schedule
    if schedule.mode is not ScheduleMode.AT and schedule.begin_at == before:
        schedule = schedule.model_copy(update={"begin_at": min(before, due)})
    return update.model_copy(update={"schedule": schedule_for_ring(schedule, due, first=True)})


def staged_at(version_set: VersionSet, version: str | None) -> datetime | None:
    """When the version was staged; None for one that is not staged."""
    if version is None or version != version_set.state.staged:
        return None
    return version_set.versions[version].staged_at


def too_late(promotion: Promotion, to: str) -> Conflict:
    """Why a promotion that is not scheduled any more cannot be changed, say."""
    text = f"Promotion {promotion.id} {PROMOTION_WORDS[promotion.state]}. It is too late to {to} it."
    return Conflict(text, task=promotion.task or None, promotion=promotion.id)
