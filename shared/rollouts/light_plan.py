"""Plans for a page where somebody is still choosing: without the checks of Azure, and with fewer hosts."""

from __future__ import annotations

from shared.api.pools import UpdateImageRequest
from shared.api.profiles import UsedProbe
from shared.api.rollouts import PlanView
from shared.models.access.roles import Reach
from shared.records.pools import find_pool
from shared.rollouts.draft import draft_unchecked, spec_of_request
from shared.rollouts.preview import SHOWN_IN_PLAN, fields_of, preview
from shared.services import Services

_ENOUGH = 1_000
"""Replicas of a version that was not looked at: they limit nothing."""


def plan_update_unchecked(
    services: Services, name: str, request: UpdateImageRequest, who: str, reach: Reach
) -> PlanView:
    """The plan of `update_image` without the checks of Azure: the pool alone is read. It has no id, and says so.

    Raises NotFound, InvalidRequest, AzureError.
    """
    pool = find_pool(services, name)
    rollout = draft_unchecked(services, pool, spec_of_request(services, pool, request, reach), who)
    rollout = rollout.replace(replicas=_ENOUGH)
    fields = {name: getattr(rollout, name) for name in SHOWN_IN_PLAN} | {
        "from_version": rollout.before.version,
        "preflight": [],
        "probe": UsedProbe.of(rollout.probe),
        "can_start": False,
        "checks_made": False,
    }
    made = PlanView.model_validate(fields | fields_of(preview(services, pool, rollout)))
    known = [one for one in made.bounds if one.bound != "replicas"]
    return made.replace(bounds=known, hosts_total=len(made.hosts))


def with_first_hosts(plan: PlanView, limit: int | None) -> PlanView:
    """The plan with its first hosts alone; None: with all."""
    return plan if limit is None else plan.replace(hosts=plan.hosts[:limit])
