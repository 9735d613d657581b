"""Running due promotions: each exactly once, also with two workers at the same time and after days of outage.

Claiming a promotion is one conditional write that also chooses the id of its activation task. Another worker that finds
it claimed continues with the same id, and two requests under one id give one activation. The transaction that switches
the version checks that the promotion still holds the image, so an outdated promotion can never take effect.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

from shared.access.two_people.promotions import with_approval
from shared.audit.about import about_promotion
from shared.audit.record import audit
from shared.core.codes import Code
from shared.core.errors import Conflict, FreshcoatError, InvalidRequest, NotFound, StaleRow
from shared.core.hrefs import task_href, versions_href
from shared.core.ids import newest_first_id
from shared.core.states import PromotionState, VersionState, transition_promotion
from shared.core.wording import state_text
from shared.images.activation.request import begin, pools_work
from shared.images.promotions.manage import settle
from shared.images.promotions.request import HOLD_GRACE
from shared.models.images import Image
from shared.models.messages import Message, message, sentence
from shared.models.promotions import Promotion
from shared.models.tasks import Task, TaskKind
from shared.ports.engine import Engine
from shared.records.images import find_image
from shared.records.promotions import ended
from shared.records.tasks import new_task
from shared.records.versions import change_versions, read_versions
from shared.services import PROMOTIONS, TASKS, Services
from shared.versions.promotion_hold import let_go
from shared.versions.version_set import VersionSet

log = logging.getLogger("freshcoat.promotions")

RECENT = 100
"""How many cancelled promotions, newest first, are searched for interrupted ones."""

_S = PromotionState


def run_due(services: Services, engine: Engine) -> list[str]:
    """Run due promotions, continue claimed ones, end invalid ones; answers the ids of those now promoted.

    A failure of one promotion does not stop the others: it is logged, and the next run tries again. Raises AzureBusy
    when the promotions cannot be read.
    """
    promoted: list[str] = []

    def go_on(promotion: Promotion) -> None:
        if _promote(services, engine, promotion):
            promoted.append(promotion.id)

    def look_at(promotion: Promotion) -> None:
        taken = _take_up(services, promotion)
        if taken:
            go_on(taken)

    _each(_in_state(services, _S.PROMOTING), go_on)
    _each(_in_state(services, _S.SCHEDULED), look_at)
    cancelled = services.promotions.page(PROMOTIONS, limit=RECENT, state=_S.CANCELLED).rows
    _each([row for row in cancelled if row.ended_at is None], lambda row: settle(services, row))
    return promoted


def _in_state(services: Services, state: PromotionState) -> list[Promotion]:
    """All promotions in this state, earliest due first."""
    return sorted(services.promotions.each(PROMOTIONS, state=state), key=lambda row: row.due_at)


def _each(promotions: Iterable[Promotion], do: Callable[[Promotion], object]) -> None:
    for promotion in promotions:
        try:
            do(promotion)
        except StaleRow:
            log.info("promotion %s was changed at the same time; the next run tries again", promotion.id)
        except FreshcoatError as error:
            log.warning("promotion %s of image %s waits for the next run: %s", promotion.id, promotion.image, error)
        except Exception:
            log.exception("promotion %s of image %s waits for the next run", promotion.id, promotion.image)


def _take_up(services: Services, promotion: Promotion) -> Promotion | None:
    """Claim the promotion if it is due and holds its image. Raises StaleRow when another worker was faster."""
    now = services.now()
    version_set = read_versions(services, promotion.image)
    if version_set.state.promotion != promotion.id:
        if promotion.created_at + HOLD_GRACE <= now:
            _end_unheld(services, promotion, version_set)
        return None
    if promotion.due_at > now:
        return None
    to = transition_promotion(promotion.id, promotion.state, _S.PROMOTING)
    return services.promotions.replace(
        promotion.model_copy(update={"state": to, "task": newest_first_id(now), "note": None})
    )


def _end_unheld(services: Services, promotion: Promotion, version_set: VersionSet) -> None:
    """End a promotion that does not hold its image, or no longer does."""
    state = version_set.state_of(promotion.version)
    if state is VersionState.STAGED:
        note = message(Code.REQUEST_LOST, "Its request was interrupted. Schedule it again.")
    else:
        text = f"Version {promotion.version} is {state_text(state) if state else 'not known'} and no longer staged."
        note = message(Code.VERSION_NOT_STAGED, text, href=versions_href(promotion.image))
    _end(services, promotion, _S.CANCELLED, note)


def _promote(services: Services, engine: Engine, promotion: Promotion) -> bool:
    """Request the activation of a claimed promotion; answers whether it is promoted now.

    A refusal ends it. Raises AzureBusy while Azure or the tables are busy, StaleRow while the image keeps changing:
    then the promotion is unchanged.
    """
    if _activated(services, promotion) is None:
        try:
            image = find_image(services, promotion.image)
            if _being_changed(services, image, promotion):
                return False  # somebody adds replicas, for example: the next run checks again
            begin(services, engine, image, _task(services, promotion))
        except StaleRow:
            raise  # the next run tries again
        except (Conflict, InvalidRequest, NotFound) as error:
            note = message(Code.PROMOTION_REFUSED, sentence(str(error)), href=getattr(error, "href", None))
            _refused(services, promotion, note)
            return False
    match _activated(services, promotion):
        case True:
            note = message(Code.PROMOTED, "The version was activated.", href=task_href(promotion.task))
            _end(services, promotion, _S.PROMOTED, note)
            return True
        case False:
            text = "Its task could not activate the version. The task says why."
            _refused(services, promotion, message(Code.PROMOTION_REFUSED, text, href=task_href(promotion.task)))
    return False


def _being_changed(services: Services, image: Image, promotion: Promotion) -> bool:
    """Whether Azure is still working on the version, so that it will be ready; at most for the replication limit."""
    limit = timedelta(seconds=services.settings.replication_limit)
    found = services.gallery.version(image.definition_id, promotion.version)
    return found is not None and not (found.ready or found.failed) and services.now() < promotion.due_at + limit


def _activated(services: Services, promotion: Promotion) -> bool | None:
    """Whether the promotion's activation has switched the version; None while that is open.

    It is open without a task row: a worker that was refused may have deleted the row, and it is written again.
    """
    task = services.tasks.find(TASKS, promotion.task)
    if task is None:
        return None
    if task.phase or read_versions(services, promotion.image).state.activation == task.id:
        return True
    return False if task.state.ended else None


def _task(services: Services, promotion: Promotion) -> Task:
    task = new_task(
        services,
        TaskKind.ACTIVATE,
        promotion.image,
        promotion.requested_by,
        requester=promotion.requester,
        version=promotion.version,
        reason=promotion.reason,
        promotion=promotion.id,
        activation=promotion.activation,
        pools=pools_work(promotion.update),
    )
    # Pools that moved to another account since it was asked for are left out.
    accounts = promotion.accounts if promotion.update and promotion.accounts else task.accounts
    return with_approval(services, promotion, task.model_copy(update={"id": promotion.task, "accounts": accounts}))


def _refused(services: Services, promotion: Promotion, reason: Message) -> None:
    """End a refused promotion. Its image is released first, so its activation can no longer happen.

    The reason is written even before that, for the run that finds the promotion after a crash.
    """
    if not promotion.note:
        promotion = services.promotions.replace(promotion.model_copy(update={"note": reason}))
    change_versions(services, promotion.image, lambda version_set: let_go(version_set, promotion.id))
    if _activated(services, promotion):
        return  # the resume timer was faster; the next run handles it
    _end(services, promotion, _S.FAILED, promotion.note or reason)


def _end(services: Services, promotion: Promotion, to: PromotionState, note: Message) -> None:
    """Write the end of a promotion that has released its image, and its audit entry. Raises StaleRow."""
    done = services.promotions.replace(
        ended(promotion, to, note).model_copy(update={"ended_at": services.now()}),
    )
    task = services.tasks.find(TASKS, done.task) if done.task else None
    before, after = (task.from_version or "", done.version) if task and to is _S.PROMOTED else ("", "")
    detail = f"promotion {done.id} of version {done.version}: {note.text}"
    audit(
        services, done.requested_by, f"promotion {to}", done.image, detail,
        before=before, after=after, about=about_promotion(done),
    )  # fmt: skip
    log.info("%s", detail)
