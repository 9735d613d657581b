"""The preflight: read all facts, then run every check. Checks are pure and return pass, warn or fail with advice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.models.findings import Finding
from shared.rollouts.preflight import (
    directory,
    hosts,
    join,
    limits,
    locks,
    probe,
    replacing,
    rights,
    scopes,
    surroundings,
    versions,
)
from shared.rollouts.preflight.facts import Facts, PreflightInput, read_facts
from shared.rollouts.preflight.results import Preflight
from shared.services import Services

CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    hosts.host_pool,
    hosts.hosts,
    hosts.strategy,
    scopes.scope,
    versions.account,
    versions.version,
    versions.use,
    versions.verdict,
    versions.replication,
    versions.direction,
    limits.limits,
    probe.probe,
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


def preflight(services: Services, request: PreflightInput) -> Preflight:
    """Check whether the version can be published to the pool now. Raises AzureBusy only.

    Other rollouts of the pool are not checked here: only the claim can exclude them without a race.
    """
    facts = read_facts(services, request)
    findings = [finding for check in CHECKS for finding in check(facts)]
    return Preflight(findings, facts.version, facts.regions, facts.replicas, losses=replacing.losses_by_host(facts))
