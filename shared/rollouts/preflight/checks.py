"""The preflight: read, then ask every check. Each check is pure and says pass, warn or fail, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.models.findings import Finding
from shared.models.images import Image
from shared.models.policy import Policy
from shared.models.pools import Pool
from shared.rollouts.preflight import hosts, join, locks, rights, surroundings, versions
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
    rights.rights,
    locks.locks,
    surroundings.quota,
    surroundings.network,
    surroundings.scaling_plan,
)
"""In the order in which they are shown."""


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

    `becomes_active`: it will be the active version by then, whatever it is now. Other rollouts of the pool are not
    looked for: the claim does that, and cannot be overtaken.
    """
    facts = read_facts(services, PreflightInput(pool, image, version, policy, allow_downgrade, becomes_active))
    findings = [finding for check in CHECKS for finding in check(facts)]
    return Preflight(findings, facts.version, facts.regions, facts.replicas)
