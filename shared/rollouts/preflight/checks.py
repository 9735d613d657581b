"""The preflight: read all facts, then run every check. Checks are pure and return pass, warn or fail with advice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.models.findings import Finding
from shared.models.images import Image
from shared.models.policy import Policy
from shared.models.pools import Pool
from shared.rollouts.preflight import directory, hosts, join, locks, replacing, rights, surroundings, versions
from shared.rollouts.preflight.facts import Facts, PreflightInput, read_facts
from shared.rollouts.preflight.results import Preflight
from shared.services import Services

CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    hosts.host_pool,
    hosts.hosts,
    hosts.strategy,
    versions.account,
    versions.version,
    versions.use,
    versions.replication,
    versions.direction,
    join.join,
    directory.directory,
    rights.rights,
    locks.locks,
    replacing.definition,
    replacing.disk,
    replacing.losses,
    surroundings.quota,
    surroundings.network,
    surroundings.scaling_plan,
)
"""Findings are shown in this order."""


def preflight(
    services: Services,
    pool: Pool,
    image: Image,
    version: str,
    policy: Policy,
    *,
    allow_downgrade: bool,
    becomes_active: bool = False,
) -> Preflight:
    """Check whether `version` of `image` can be published to the pool now. Raises AzureBusy only.

    `becomes_active`: the version will be active when the rollout starts, whatever its state is now. Other rollouts of
    the pool are not checked here: only the claim can exclude them without a race.
    """
    facts = read_facts(services, PreflightInput(pool, image, version, policy, allow_downgrade, becomes_active))
    findings = [finding for check in CHECKS for finding in check(facts)]
    return Preflight(findings, facts.version, facts.regions, facts.replicas, losses=replacing.losses_by_host(facts))
