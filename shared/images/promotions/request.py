"""Requesting a scheduled activation: resolve and check it as of its moment, write it, reserve the image.

The row comes first. Without its image it never runs; after a crash in between, the timer ends it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from shared.access.errors import NotAllowed
from shared.api.promotions import PromotionRequest, PromotionView
from shared.api.schedules import parse_promotion
from shared.core.asking import asker
from shared.core.errors import AzureBusy, Conflict, FieldProblem, FreshcoatError, InvalidRequest, StaleRow
from shared.core.ids import newest_first_id
from shared.core.states import PromotionState
from shared.images.activation.request import resolve_update
from shared.images.promotions.manage import STAGING_UNKNOWN, staged_at
from shared.models.access.roles import Need, Reach
from shared.models.messages import text_of
from shared.models.promotions import Promotion
from shared.models.tasks import ActivationWork, PoolsUpdate
from shared.records.ownership import owners
from shared.records.promotions import audit_promotion, find_promotion
from shared.records.versions import change_versions, read_versions
from shared.services import IMAGES, PROMOTIONS, Services
from shared.versions.promotion_hold import hold, let_go
from shared.versions.version_set import VersionSet
from shared.views.promotions import view

HOLD_GRACE = timedelta(minutes=1)
"""How long a promotion may be without its image: its request may be about to reserve it."""


def schedule_promotion(services: Services, asked: PromotionRequest, who: str, reach: Reach) -> PromotionView:
    """Schedule the activation of the staged version.

    Raises InvalidRequest, NotAllowed for an image that belongs to accounts out of reach, too, Conflict with the id of
    the promotion that is already scheduled (nothing was written), AzureBusy.
    """
    promotion = _hold(services, services.promotions.add(drafted(services, asked, who, reach)))
    audit_promotion(services, who, "schedule promotion", promotion, after=promotion.due_at)
    return view(services, promotion)


def drafted(services: Services, asked: PromotionRequest, who: str, reach: Reach) -> Promotion:
    """The promotion as it would be written. Raises InvalidRequest, Conflict."""
    version_set = read_versions(services, asked.image)
    due, zone, update = _resolve(services, version_set, asked, reach)
    promotion_id = newest_first_id(services.now())
    _held(services, version_set, promotion_id, asked.version, asked.force)
    assert due is not None  # noqa: S101 - the image is held, so its version is staged, and _resolve refused the rest
    return Promotion(
        id=promotion_id,
        image=asked.image,
        accounts=owners(services, asked.image, update.pools if update else ()),
        version=asked.version or version_set.state.staged,
        due_at=due,
        time_zone=zone,
        days_after_staging=asked.days_after_staging,
        activation=ActivationWork(backup=asked.backup, force=asked.force),
        update=update,
        reason=asked.reason,
        requested_by=who,
        requester=asker().id,
        created_at=services.now(),
    )


def _resolve(
    services: Services, version_set: VersionSet, asked: PromotionRequest, reach: Reach
) -> tuple[datetime | None, str, PoolsUpdate | None]:
    """Moment, zone, pools and their schedule relative to the moment; or every problem with them at once."""
    problems: list[FieldProblem] = []
    image = services.images.find(IMAGES, asked.image)
    if image is None or not reach.sees(image.owners):
        problems.append(_no_image(asked.image))
    elif not reach.covers(image.owners):
        raise NotAllowed("This image belongs to accounts that you have no grant for, too.", Need.PUBLISH)
    due, zone, update = None, "", None
    version = asked.version or version_set.state.staged
    try:
        since = staged_at(version_set, version)
        due, zone = parse_promotion(asked, now=services.now(), staged_at=since)
        if due is None and version is not None and version == version_set.state.staged:
            problems.append(STAGING_UNKNOWN)
    except InvalidRequest as error:
        problems += error.problems
    try:
        update = resolve_update(services, image, asked, reach, now=due)
    except InvalidRequest as error:
        problems += error.problems
    if problems:
        raise InvalidRequest(problems)
    return due, zone, update


def _no_image(name: str) -> FieldProblem:
    return FieldProblem("image", f"there is no image called {name}")


def _hold(services: Services, promotion: Promotion) -> Promotion:
    """Reserve the image for a written promotion; when that is refused, delete its row.

    The row is written again after the reservation: that fails if the timer ended the request as abandoned.
    """
    wanted = promotion.id, promotion.version, promotion.activation.force
    try:
        change_versions(services, promotion.image, lambda version_set: _held(services, version_set, *wanted))
    except Conflict:
        with suppress(FreshcoatError):  # the timer ends what is left
            services.promotions.remove(promotion)
        raise
    try:
        return services.promotions.replace(promotion)
    except (StaleRow, AzureBusy):
        found = find_promotion(services, promotion.id)
    if found.state is not PromotionState.CANCELLED:
        return found
    change_versions(services, found.image, lambda version_set: let_go(version_set, found.id))
    raise Conflict(f"Promotion {found.id} was ended before its request was complete. {text_of(found.note)}")


def _held(services: Services, version_set: VersionSet, promotion: str, version: str | None, force: bool) -> VersionSet:
    """The version set reserved for the promotion. Raises Conflict."""
    holder = version_set.state.promotion
    found = services.promotions.find(PROMOTIONS, holder) if holder not in {"", promotion} else None
    lapsed = holder if found is None or found.state.ended else ""
    return hold(version_set, version, promotion=promotion, force=force, now=services.now(), lapsed=lapsed)
