"""Previews an activation or a roll-back of an image: versions, pools that follow, findings. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from shared.access.two_people.rule import approval_awaited
from shared.access.two_people.tasks import pools_of
from shared.api.activation_plans import ActivationPlanView, FollowingPool, VersionChange
from shared.api.agreed_plans import plan_id, schedule_part
from shared.api.images import ActivateRequest, RollBackRequest
from shared.api.rollouts import NewHostsView
from shared.core.errors import AzureError, Conflict, NotFound
from shared.core.hrefs import rollout_href
from shared.core.states import RolloutState
from shared.images.activation.checks import activation_findings
from shared.images.activation.request import drafted, goes_to_version_before, switched
from shared.images.activation.updates import ForeseenUpdate, foreseen_updates
from shared.images.adoption import foreseen
from shared.models.access.roles import Reach
from shared.models.images import Image
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.models.tasks import ActivationWork, PoolsUpdate, Task, TaskKind
from shared.models.withdrawals import RolloutsOfVersion, StoppedRollout
from shared.records.images import find_image
from shared.records.new_hosts import ImageVersions, choose_for_new_hosts, read_image_versions, read_known_versions
from shared.records.pools import running_rollout
from shared.rollouts.withdrawn import open_rollouts
from shared.services import POOLS, Services
from shared.versions.for_new_hosts import Known
from shared.versions.version_set import VersionSet

_READERS = 8


def plan_activation(
    services: Services, name: str, asked: ActivateRequest | RollBackRequest, who: str, reach: Reach
) -> ActivationPlanView:
    """What `activate` or `roll_back` would do now, to the pools in reach. Who asks the same at the same time shares it.

    Raises NotFound, InvalidRequest, Conflict (the versions do not allow it), AzureBusy.
    """
    key = (type(asked).__name__, name, asked.model_dump_json(), reach.accounts)
    return services.plans.get(key, lambda: plan_activation_now(services, name, asked, who, reach))


def plan_activation_now(
    services: Services, name: str, asked: ActivateRequest | RollBackRequest, who: str, reach: Reach
) -> ActivationPlanView:
    """The plan, made now. Raises NotFound, InvalidRequest, Conflict, AzureBusy."""
    image = find_image(services, name)
    return plan_of_task(services, image, drafted(services, image, asked, who, reach), who, reach)


def plan_of_task(services: Services, image: Image, task: Task, who: str, reach: Reach) -> ActivationPlanView:
    """What this task, which is not written, would do if it began now. Raises Conflict, AzureBusy."""
    before = foreseen(services, image, who)
    urgent = goes_to_version_before(before, task)
    after = switched(before, task, services)
    task = task.model_copy(update={"version": after.state.active, "from_version": before.state.active})
    findings = activation_findings(services, image, task, reach)
    update = task.pools.update if task.pools else None
    updates = foreseen_updates(services, image, task, who)
    made = ActivationPlanView(
        image=image.name,
        version=task.version or "",
        from_version=task.from_version,
        can_start=all(finding.result != "fail" for finding in findings),
        versions=list(version_changes(before, after)),
        pools=_pools(services, image, task, before, after, reach),
        schedule=update.schedule if update else None,
        soak_minutes=update.soak_minutes if update else None,
        stopped_rollouts=list(_stopped(services, task, reach)),
        to_update=sum(one.to_update for one in updates),
        users_at_force=sum(one.users_at_force for one in updates),
        approval=None if urgent else approval_awaited(services, pools_of(services, task)),
        preflight=findings,
    )
    return made.replace(id=_id_of(made, update, updates))


def _id_of(made: ActivationPlanView, update: PoolsUpdate | None, updates: list[ForeseenUpdate]) -> str:
    """The id, of what the activation itself would do and of the hosts that it would update."""
    itself = made.model_dump(
        mode="json",
        include={
            "image": True,
            "version": True,
            "from_version": True,
            "versions": True,
            "pools": {"__all__": {"pool", "follows", "updated", "update_ring"}},
            "soak_minutes": True,
            "stopped_rollouts": True,
        },
    )
    timed = schedule_part(update.schedule) if update else []
    return plan_id(itself, timed, [one.part for one in updates])


def version_changes(before: VersionSet, after: VersionSet) -> Iterator[VersionChange]:
    """The versions whose state changes, the one that becomes active last."""
    for row in after.rows_changed_from(before):
        if row.kind == "version" and row.state is not before.state_of(row.version):
            yield VersionChange(version=row.version, state=before.state_of(row.version), becomes=row.state)


def _pools(
    services: Services, image: Image, task: Task, before: VersionSet, after: VersionSet, reach: Reach
) -> list[FollowingPool]:
    rings: Mapping[str, int] = task.pools.update.rings if task.pools else {}
    gallery = read_known_versions(services, image)[0].gallery
    now, then = Known(before, gallery), Known(after, gallery)

    def follow(pool: Pool) -> FollowingPool:
        rollout = running_rollout(services, pool)
        gets_now, gets_then = (_new_hosts(services, pool, rollout, image, known) for known in (now, then))
        changes = gets_then is not None and (gets_now is None or gets_now.version != gets_then.version)
        return FollowingPool(
            pool=pool.name,
            ring=pool.ring,
            version=pool.version,
            follows=pool.name in rings or changes,
            updated=pool.name in rings,
            update_ring=rings.get(pool.name),
            new_hosts_now=gets_now,
            new_hosts_then=gets_then,
        )

    of_image = (pool for pool in services.pools.all(POOLS) if pool.image == image.name)
    pools = sorted((pool for pool in of_image if reach.sees((pool.account,))), key=lambda pool: pool.name)
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(follow, pools))


def _new_hosts(
    services: Services, pool: Pool, rollout: Rollout | None, image: Image, known: Known
) -> NewHostsView | None:
    """What new hosts get while the image has the versions `known`."""

    def read(services: Services, name: str) -> ImageVersions:
        return ImageVersions(image, known) if name == image.name else read_image_versions(services, name)

    try:
        choice = choose_for_new_hosts(services, pool, rollout, read).choice
    except (AzureError, Conflict, NotFound):
        return None
    return NewHostsView(image=choice.image, version=choice.version, reason=choice.reason)


def _stopped(services: Services, task: Task, reach: Reach) -> Iterator[StoppedRollout]:
    """The rollouts that a roll-back stops. Those of a task, and of pools that it updates, are cancelled in any case."""
    if task.kind is not TaskKind.ROLL_BACK or not task.from_version:
        return
    cancels = (task.activation or ActivationWork()).rollouts is RolloutsOfVersion.CANCEL
    updated = task.pools.update.pools if task.pools else ()
    for rollout in open_rollouts(services, task.image, task.from_version):
        if not reach.sees((rollout.account,)):
            continue
        cancelled = cancels or bool(rollout.task) or rollout.pool in updated
        state = RolloutState.CANCELLING if cancelled else RolloutState.PAUSED
        yield StoppedRollout(pool=rollout.pool, rollout=rollout.id, state=state, href=rollout_href(rollout.id))
