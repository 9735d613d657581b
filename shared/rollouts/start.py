"""Starts a rollout: check, claim the pool, write the row, start the orchestration."""

from __future__ import annotations

import logging

from shared.access.registrations import check_still_reached
from shared.access.two_people.rollouts import as_begun
from shared.api.agreed_plans import refuse_changed
from shared.api.pools import UpdateImageRequest
from shared.api.rollouts import RolloutView
from shared.audit.about import about_rollout
from shared.audit.record import audit
from shared.core.codes import Code
from shared.core.errors import AzureBusy, Conflict
from shared.core.hrefs import rollout_href, versions_href
from shared.core.states import RolloutState
from shared.history.write import rollout_changed
from shared.models.access.roles import Reach
from shared.models.messages import Message, message
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.pools.claim import claim, free_pool, refuse_second, release_claim
from shared.ports.engine import Engine
from shared.records.pools import find_pool
from shared.records.versions import read_versions
from shared.rollouts.draft import RolloutSpec, draft, spec_of_request
from shared.rollouts.preview import plan_update_now
from shared.services import ROLLOUTS, Services
from shared.versions.removal_rules import is_being_removed
from shared.views.rollout_progress import progress
from shared.workflow.starting import start_rollout


def write_rollout(services: Services, rollout: Rollout) -> Rollout:
    """Write the row of a rollout whose pool is claimed, then check that the pool and the version are still available.

    Raises Conflict when they are not (the row is written as failed then), AzureBusy.
    """
    written = _write(services, rollout)
    _refuse_version_being_removed(services, written)
    return written


def _write(services: Services, rollout: Rollout) -> Rollout:
    """Write the row. If that fails, release the claim; if it succeeds, check that the claim is still ours."""
    try:
        written = services.rollouts.add(rollout)
    except AzureBusy:
        # Perhaps only the response was lost. If this read fails too, the claim stays: when the row exists, the resume
        # timer starts the rollout; when it does not, the claim lapses.
        found = services.rollouts.find(ROLLOUTS, rollout.id)
        if found is None:
            release_claim(services, rollout.pool, rollout.id)
            raise
        written = found
    except Exception:
        release_claim(services, rollout.pool, rollout.id)
        raise
    rollout_changed(services, None, written)
    holder = find_pool(services, rollout.pool).running_rollout
    if holder == rollout.id:
        return written
    # This request was so slow that another one took its claim for abandoned. Ours ends, so that nothing restarts it.
    text = "Another rollout reserved the pool before this one could be saved."
    other = services.rollouts.find(ROLLOUTS, holder) if holder else None
    _end_before_start(services, written, message(Code.POOL_LOST, text, href=rollout_href(other.id) if other else None))
    raise Conflict(text, rollout=other.id if other else None)


def _refuse_version_being_removed(services: Services, rollout: Rollout) -> None:
    """Check the version again, now that the rollout is written. Raises Conflict.

    Removing a version marks it first and reads the rollouts afterwards, so at least one of two concurrent parties sees
    the other.
    """
    if is_being_removed(read_versions(services, rollout.image), rollout.version):
        text = f"Version {rollout.version} is being removed or was discarded. Choose another version."
        href = versions_href(rollout.image)
        _end_before_start(services, rollout, message(Code.VERSION_REMOVED, text, href=href))
        release_claim(services, rollout.pool, rollout.id)
        raise Conflict(text, href=href)


def _end_before_start(services: Services, rollout: Rollout, note: Message) -> None:
    changes = {"state": RolloutState.FAILED, "note": note, "ended_at": services.now()}
    rollout_changed(services, rollout, services.rollouts.replace(rollout.model_copy(update=changes)))


_log = logging.getLogger(__name__)


def update_image(
    services: Services, engine: Engine, name: str, request: UpdateImageRequest, who: str, reach: Reach
) -> RolloutView:
    """Start Update Image on a pool.

    Raises NotFound, InvalidRequest, PreflightFailed, PlanChanged (nothing was written), Conflict with the id of the
    rollout that holds the pool, AzureBusy.
    """
    pool = free_pool(services, name)
    check_still_reached(reach, "pool", [pool.account])
    refuse_second(services, pool)
    refuse_changed(request, lambda: plan_update_now(services, name, request, who, reach))
    rollout = begin_rollout(services, engine, pool, spec_of_request(services, pool, request, reach), who)
    return progress(rollout, [], services.now())


_ACTIONS = {
    RolloutKind.UPDATE: "update image",
    RolloutKind.ROLL_BACK: "roll back pool",
    RolloutKind.REFRESH: "refresh hosts",
}
"""The action in the audit log."""


def begin_rollout(services: Services, engine: Engine, pool: Pool, spec: RolloutSpec, who: str) -> Rollout:
    """Check, claim the pool, write the rollout, start it. Safe to repeat with the same `rollout_id`.

    Raises PreflightFailed (nothing was written), Conflict with the id of the rollout that holds the pool, AzureBusy.
    """
    existing = services.rollouts.find(ROLLOUTS, spec.rollout_id) if spec.rollout_id else None
    if existing is not None:
        return existing
    rollout, found = draft(services, pool, spec, who)
    found.stop_if_failed()
    rollout = as_begun(services, rollout, pool)
    claim(services, pool.name, rollout.id, rollout.account)
    rollout = write_rollout(services, rollout)
    probed = f" probe {rollout.probe.name} (SHA-256 {rollout.probe.digest}):" if rollout.probe.name else ""
    detail = f"rollout {rollout.id}:{probed} {spec.reason}"
    audit(
        services, who, _ACTIONS[spec.kind], pool.name, f"{rollout.image}, {detail}",
        before=pool.version or "", after=rollout.version, about=about_rollout(rollout),
    )  # fmt: skip
    start_rollout(engine, rollout)
    return rollout
