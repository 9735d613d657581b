"""Changing a scheduled activation before it starts: its moment, its pools, their policy, and the version before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.access.two_people.promotions import after_change
from shared.api.common import ScheduleRequest
from shared.api.merge_patch import MergePatch
from shared.api.promotions import PromotionMoment, PromotionSettings, PromotionView
from shared.core.states import PromotionState
from shared.images.activation.request import resolve_update
from shared.images.promotions.manage import moved_to, too_late
from shared.models.access.roles import Reach
from shared.models.base import iso
from shared.models.policy import PolicyOverrides, ScheduleMode
from shared.models.promotions import Promotion
from shared.models.rollouts import Schedule
from shared.records.change import change
from shared.records.images import find_image
from shared.records.ownership import owners
from shared.records.promotions import audit_promotion
from shared.records.versions import read_versions
from shared.services import PROMOTIONS, Services
from shared.versions import lifecycle
from shared.views.promotions import view

_MOMENT = frozenset(PromotionMoment.model_fields)
_POOLS = ("update_pools", "schedule", "policy", "soak_minutes")


def change_promotion(
    services: Services, promotion_id: str, patch: MergePatch[PromotionSettings], who: str, reach: Reach
) -> PromotionView:
    """Change the named settings of a promotion that has not started. What is not named stays.

    Who changes it is not its second person, and an approval of what it was does not count any more.
    Raises NotFound, InvalidRequest, Conflict when it is too late, or when the version could not be activated so.
    """
    moment, others = _parts(patch.changes)

    def decide(found: Promotion) -> Promotion:
        promotion = found
        if promotion.state is not PromotionState.SCHEDULED:
            raise too_late(promotion, "change")
        stored = settings_of(promotion)
        patch.applied_to(stored)  # names every bad field at once
        if moment and (asked := MergePatch[PromotionSettings](moment).applied_to(stored)) != stored:
            when = {name: getattr(asked, name) for name in PromotionMoment.model_fields}
            promotion = moved_to(services, promotion, PromotionMoment(**when))
        changed = _changed(services, promotion, others, reach)
        return found if changed is found else after_change(changed)

    old, new = change(services.promotions, (PROMOTIONS, promotion_id), decide, describe="promotion")
    if new is not old:
        audit_promotion(services, who, "change promotion", new, before=old.due_at, after=new.due_at)
    return view(services, new)


def settings_of(promotion: Promotion) -> PromotionSettings:
    """What may be changed of a promotion, as a request would say it."""
    update = promotion.update
    days = promotion.days_after_staging
    pools: Any = "none" if update is None else "all" if update.every else [*update.pools]
    return PromotionSettings(
        at=None if days is not None else iso(promotion.due_at),
        days_after_staging=days,
        time_zone=promotion.time_zone,
        backup=promotion.activation.backup,
        force=promotion.activation.force,
        update_pools=pools,
        schedule=_request_of(update.schedule) if update else None,
        policy=update.policy if update else PolicyOverrides(),
        soak_minutes=update.soak_minutes if update else 60,
        reason=promotion.reason,
    )


def _request_of(schedule: Schedule) -> ScheduleRequest:
    """A stored schedule as it would be asked for."""
    match schedule.mode:
        case ScheduleMode.NOW:
            return ScheduleRequest(mode=schedule.mode)
        case ScheduleMode.AT:
            return ScheduleRequest(mode=schedule.mode, at=iso(schedule.force_at), time_zone=schedule.time_zone)
        case _:
            return ScheduleRequest(
                mode=schedule.mode,
                begin_at=iso(schedule.begin_at),
                deadline=iso(schedule.force_at),
                time_zone=schedule.time_zone,
            )


def _parts(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The changes of the moment, and all others. A date takes the place of a number of days, and the contrary."""
    moment = {name: value for name, value in changes.items() if name in _MOMENT}
    others = {name: value for name, value in changes.items() if name not in _MOMENT}
    for given, other in (("at", "days_after_staging"), ("days_after_staging", "at")):
        if moment.get(given) is not None:
            moment.setdefault(other, None)
    if others.get("update_pools") == "none":
        others = {"schedule": None, "policy": None} | others
    return moment, others


def _changed(services: Services, promotion: Promotion, changes: dict[str, Any], reach: Reach) -> Promotion:
    """The promotion with all changes but that of its moment."""
    stored = settings_of(promotion)
    asked = MergePatch[PromotionSettings](changes).applied_to(stored)
    if asked == stored:
        return promotion
    image, update = find_image(services, promotion.image), promotion.update
    if any(getattr(asked, name) != getattr(stored, name) for name in _POOLS):
        update = resolve_update(services, image, asked, reach, now=promotion.due_at)
    if asked.force != stored.force:
        _check_version(services, promotion, force=asked.force)
    return promotion.model_copy(
        update={
            "activation": promotion.activation.replace(backup=asked.backup, force=asked.force),
            "update": update,
            "accounts": owners(services, promotion.image, update.pools if update else ()),
            "reason": asked.reason,
        }
    )


def _check_version(services: Services, promotion: Promotion, *, force: bool) -> None:
    """Raises Conflict when the version could not be activated so, as for a failed test without `force`."""
    found = read_versions(services, promotion.image)
    now = services.now()
    lifecycle.activate(found, promotion.version, task=promotion.id, now=now, backup=None, force=force)
