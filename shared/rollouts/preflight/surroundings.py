"""Checks of what lies around the pool: quota and network for VMs that are replaced, and autoscale. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.errors import AzureError
from shared.core.names import EXCLUSION_TAG
from shared.models.azure import CoreQuota, ScalingPlan
from shared.models.findings import Finding
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned


def quota(facts: Facts) -> Iterator[Finding]:
    """A VM is deleted before it is made again, so it needs no cores but its own, unless others take them meanwhile."""
    if not facts.cores:
        yield passed("quota", "no host has to be replaced, so no cores are needed")
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
        return failed("quota", f"{used}: a VM that is deleted could not be made again", what_to_do)
    if cores.used == cores.limit:
        return warned(
            "quota",
            f"{used}: if somebody else takes those of a VM that is being replaced, it cannot be made again",
            "let nobody make VMs there meanwhile, ask Azure for a higher quota, or use strategy reimage",
        )
    return passed("quota", f"{used}; a replaced VM needs no more than it had")


def network(facts: Facts) -> Iterator[Finding]:
    """The card is detached before its VM is deleted, and the new VM is made on it (azure-facts 1.5)."""
    if facts.ways.may_replace:
        yield passed("network", "replaced hosts keep their network cards and addresses: the subnet needs no more room")
    else:
        yield passed("network", "hosts are re-imaged in place: the subnet needs no more room")


def scaling_plan(facts: Facts) -> Iterator[Finding]:
    """Autoscale leaves hosts in work alone, which it does by the tag its plan names."""
    if isinstance(facts.plans, AzureError):
        what_to_do = "give the app's identity Microsoft.DesktopVirtualization/scalingPlans/read"
        yield warned("scaling_plan", f"the scaling plans could not be read: {facts.plans}", what_to_do)
        return
    switched_on = [plan for plan in facts.plans if plan.enabled]
    if not switched_on:
        yield passed("scaling_plan", "no scaling plan works on this pool: there is no autoscale to keep away")
    for plan in switched_on:
        yield _excluded(plan)


def _excluded(plan: ScalingPlan) -> Finding:
    if plan.exclusion_tag.lower() == EXCLUSION_TAG.lower():
        return passed("scaling_plan", f"the scaling plan {plan.name} leaves hosts in work alone, by their tag")
    has = f"has the exclusion tag {plan.exclusion_tag}" if plan.exclusion_tag else "has no exclusion tag"
    return warned(
        "scaling_plan",
        f"the scaling plan {plan.name} {has}: it may switch hosts on and off, or drain them, while they are in work",
        f"set the plan's exclusion tag to {EXCLUSION_TAG}, which hosts in work carry",
    )
