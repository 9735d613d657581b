"""Checks of the pool's surroundings: core quota and network for replaced VMs, and autoscale. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.errors import AzureError
from shared.core.names import EXCLUSION_TAG
from shared.models.azure import CoreQuota, ScalingPlan
from shared.models.findings import Finding
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned


def quota(facts: Facts) -> Iterator[Finding]:
    """The core quota allows replacing VMs. A VM is deleted first, so it fits again unless others take its cores."""
    if not facts.cores:
        yield passed("quota", "no host has to be replaced, so the rollout needs no cores")
    for (_, region), read in facts.cores.items():
        if isinstance(read, AzureError):
            what_to_do = "give the app's identity Microsoft.Compute/locations/usages/read on the subscription"
            yield warned("quota", f"the core quota of {region} could not be read: {read}", what_to_do)
        else:
            yield _cores(region, read)


def _cores(region: str, cores: CoreQuota) -> Finding:
    used = f"{cores.used} of {cores.limit} cores of {region} are in use"
    if cores.used > cores.limit:
        what_to_do = "ask Azure for a higher quota, or use strategy reimage"
        return failed("quota", f"{used}: a deleted VM could not be created again", what_to_do)
    if cores.used == cores.limit:
        return warned(
            "quota",
            f"{used}: a replaced VM cannot be created again if somebody else takes its cores in the meantime",
            "create no other VMs there during the rollout, ask Azure for a higher quota, or use strategy reimage",
        )
    return passed("quota", f"{used}; a replaced VM needs no additional cores")


def network(facts: Facts) -> Iterator[Finding]:
    """Replacing needs no new address: the new VM gets the network card of the deleted one (azure-facts 1.5)."""
    if facts.strategies.may_replace:
        yield passed("network", "replaced hosts keep their network cards, so the subnet needs no free addresses")
    else:
        yield passed("network", "hosts are re-imaged in place, so the subnet needs no free addresses")


def scaling_plan(facts: Facts) -> Iterator[Finding]:
    """Every enabled scaling plan excludes VMs with our tag, so that autoscale ignores hosts in work."""
    if isinstance(facts.plans, AzureError):
        what_to_do = "give the app's identity Microsoft.DesktopVirtualization/scalingPlans/read"
        yield warned("scaling_plan", f"the scaling plans could not be read: {facts.plans}", what_to_do)
        return
    enabled = [plan for plan in facts.plans if plan.enabled]
    if not enabled:
        yield passed("scaling_plan", "no scaling plan is enabled for this pool")
    for plan in enabled:
        yield _check_plan(plan)


def _check_plan(plan: ScalingPlan) -> Finding:
    if plan.exclusion_tag.lower() == EXCLUSION_TAG.lower():
        return passed("scaling_plan", f"the scaling plan {plan.name} ignores hosts in work because of their tag")
    has = f"has the exclusion tag {plan.exclusion_tag}" if plan.exclusion_tag else "has no exclusion tag"
    return warned(
        "scaling_plan",
        f"the scaling plan {plan.name} {has}: it may start, stop or drain hosts in work",
        f"set the plan's exclusion tag to {EXCLUSION_TAG}, which hosts in work have",
    )
