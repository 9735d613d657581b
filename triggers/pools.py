"""Routes of pools and their hosts, Update Image and roll-back."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.common import Listed, PlanQuery, UpdatePlanQuery
from shared.api.conditions import Condition
from shared.api.edits import Patch, Put
from shared.api.lists.pools import PoolHostsQuery, PoolsQuery
from shared.api.merge_patch import MergePatch
from shared.api.pool_pages.kept import KeptView
from shared.api.pool_pages.versions import PoolVersionsQuery, PoolVersionView
from shared.api.pools import (
    PoolHostView,
    PoolImageView,
    PoolRegistration,
    PoolView,
    RollBackPoolRequest,
    UnregisterQuery,
    UpdateImageRequest,
)
from shared.api.rollouts import PlanView, RolloutView
from shared.models.access.roles import Need
from shared.pools.new_host_image import image_for_new_hosts
from shared.ports.engine import Engine
from shared.records.pools import find_pool, open_refresh, running_rollout
from shared.rollouts.light_plan import plan_update_unchecked, with_first_hosts
from shared.rollouts.preview import plan_update
from shared.rollouts.refresh.lifecycle import register_pool_with_refresh, unregister_pool
from shared.rollouts.roll_back import plan_roll_back, roll_back_pool
from shared.rollouts.start import update_image
from shared.views import pools
from shared.views.hosts import list_hosts
from shared.views.pool_lists import list_pools
from shared.views.pool_pages.kept import read_kept
from shared.views.pool_pages.versions import list_pool_versions
from triggers.accepted import accepted
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "pools", needs=Need.READ)
def get_pools(call: Call, query: PoolsQuery) -> Answer[Listed[PoolView]]:
    """List pools with their image, hosts per version, sessions and running rollout. With `live=false` Azure is not
    read: numbers are those of the last look."""
    return Answer(list_pools(call.services, call.reach, query))


@endpoint(bp, "PUT", "pools/{pool}", needs=Need.CONFIGURE, also=(201,), refusals=(409, 412))
def put_pool(call: Call, engine: Engine, asked: PoolRegistration, condition: Condition) -> Answer[PoolView]:
    """Register a pool or replace its registration, and start or stop its refresh. 201 when the pool is new. 409 when
    stored settings are left out."""
    view, new = register_pool_with_refresh(
        call.services, engine, call.path["pool"], Put(asked, condition), call.who, call.reach
    )
    return Answer(view, status=201 if new else 200, location=f"/api/pools/{view.name}" if new else "")


@endpoint(bp, "PATCH", "pools/{pool}", needs=Need.CONFIGURE, refusals=(404, 409, 412))
def patch_pool(
    call: Call, engine: Engine, patch: MergePatch[PoolRegistration], condition: Condition
) -> Answer[PoolView]:
    """Change the named settings of a pool. Null resets one to its default."""
    view, _ = register_pool_with_refresh(
        call.services, engine, call.path["pool"], Patch(patch, condition), call.who, call.reach
    )
    return Answer(view)


@endpoint(bp, "GET", "pools/{pool}", needs=Need.READ, refusals=(404,))
def get_pool(call: Call) -> Answer[PoolView]:
    """Read the current state of a pool."""
    return Answer(pools.read_pool(call.services, call.path["pool"]))


@endpoint(bp, "DELETE", "pools/{pool}", needs=Need.CONFIGURE, status=204, refusals=(404, 409))
def delete_pool(call: Call, engine: Engine, query: UnregisterQuery) -> Answer[None]:
    """Unregister a pool. Nothing changes in Azure. Refused while a rollout runs or hosts are being refreshed.

    `force` ends both, if the host pool cannot be read: what is left of its VMs is given back.
    """
    unregister_pool(call.services, engine, call.path["pool"], call.who, force=query.force)
    return Answer(None)


@endpoint(bp, "GET", "pools/{pool}/hosts", needs=Need.READ, refusals=(404,))
def get_pool_hosts(call: Call, query: PoolHostsQuery) -> Answer[Listed[PoolHostView]]:
    """List a pool's hosts: version, target, sessions, status, drain, power."""
    pool = find_pool(call.services, call.path["pool"])
    rollout = running_rollout(call.services, pool) or open_refresh(call.services, pool)
    return Answer(list_hosts(call.services, pool, rollout, query))


@endpoint(bp, "GET", "pools/{pool}/kept", needs=Need.READ, refusals=(404,))
def get_pool_kept(call: Call) -> Answer[KeptView]:
    """What an update keeps of the pool's hosts: VM sizes, networks, regions."""
    return Answer(read_kept(call.services, call.path["pool"]))


@endpoint(bp, "GET", "pools/{pool}/versions", needs=Need.READ, refusals=(404,))
def get_pool_versions(call: Call, query: PoolVersionsQuery) -> Answer[Listed[PoolVersionView]]:
    """List the versions of all images that the pool may have: which may be chosen, and why not the others."""
    return Answer(list_pool_versions(call.services, call.path["pool"], call.reach, query))


@endpoint(bp, "GET", "pools/{pool}/image", needs=Need.READ, refusals=(404, 409))
def get_pool_image(call: Call) -> Answer[PoolImageView]:
    """The version that new and burst hosts must be created from now."""
    return Answer(image_for_new_hosts(call.services, call.path["pool"]))


@endpoint(
    bp, "POST", "pools/{pool}/update-image", needs=Need.PUBLISH, status=202, also=(200,), refusals=(404, 409, 422)
)
def post_update_image(
    call: Call, engine: Engine, query: UpdatePlanQuery, asked: UpdateImageRequest
) -> Answer[RolloutView | PlanView]:
    """Publish an image version to the pool. With `what_if=true`, only show what would happen (200)."""
    if query.what_if:
        make = plan_update if query.checks else plan_update_unchecked
        plan = make(call.services, call.path["pool"], asked, call.who, call.reach)
        return Answer(with_first_hosts(plan, query.hosts_limit), status=200)
    rollout = update_image(call.services, engine, call.path["pool"], asked, call.who, call.reach)
    return accepted(call, rollout)


@endpoint(bp, "POST", "pools/{pool}/roll-back", needs=Need.PUBLISH, status=202, also=(200,), refusals=(404, 409, 422))
def post_roll_back_pool(
    call: Call, engine: Engine, query: PlanQuery, asked: RollBackPoolRequest
) -> Answer[RolloutView | PlanView]:
    """Roll the pool back to its previous version; a running update is rolled back. With `what_if=true`, only show what
    would happen (200)."""
    if query.what_if:
        plan = plan_roll_back(call.services, call.path["pool"], asked, call.who)
        return Answer(with_first_hosts(plan, query.hosts_limit), status=200)
    rollout = roll_back_pool(call.services, engine, call.path["pool"], asked, call.who, call.reach)
    return accepted(call, rollout)
