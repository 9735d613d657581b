"""Checks of the image version: whether the pool may have it, whether it is there, and enough of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureError
from shared.core.wording import counted
from shared.models.base import version_key
from shared.models.findings import Finding
from shared.planning.budget import HOSTS_PER_REPLICA
from shared.records.images import available
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned
from shared.versions.for_pools import check_use


def account(facts: Facts) -> Iterator[Finding]:
    """The image is for the pool's account."""
    image, pool = facts.asked.image, facts.asked.pool
    if available(image, pool.account):
        yield passed("account", f"image {image.name} is available to account {pool.account}")
    else:
        yield failed(
            "account",
            f"image {image.name} is not available to account {pool.account}",
            "choose another image, or make it available to the account",
        )


def version(facts: Facts) -> Iterator[Finding]:
    """It is in the gallery, and ready."""
    asked, there = facts.asked, facts.there
    if isinstance(there, AzureError):
        what_to_do = "correct the image's definition_id or the rights on it"
        yield failed("image", describe_azure_error("image definition", there), what_to_do)
    elif there is None:
        detail = f"image {asked.image.name} has no version {asked.version}"
        yield failed("version", detail, "choose one from its list of versions")
    elif not there.ready:
        reason = there.detail or "it is still being made"
        yield failed("version", f"version {asked.version} is not ready: {reason}", "wait until it is replicated")
    else:
        yield passed("version", f"version {asked.version} is ready")


def use(facts: Facts) -> Iterator[Finding]:
    """Where it stands: active for all, staged for ring test, a backup for those who ask to go back."""
    asked = facts.asked
    if isinstance(facts.there, AzureError) or asked.becomes_active:
        return
    found = check_use(
        asked.pool, facts.version_set, asked.version, facts.version, allow_downgrade=asked.allow_downgrade
    )
    if found:
        yield found


def replication(facts: Facts) -> Iterator[Finding]:
    """It is where the hosts are, with replicas for as many as may be rebuilt at once (azure-facts 2.8)."""
    there = facts.version
    if there is None:
        return
    if missing := there.missing_in(facts.regions):
        names = ", ".join(missing)
        yield failed("replication", f"version {there.version} is not in {names}", f"replicate it to {names}")
    elif facts.regions:
        yield _enough(facts)


def _enough(facts: Facts) -> Finding:
    at_once = min(facts.asked.policy.max_in_flight, len(facts.ways.changing))
    fed = HOSTS_PER_REPLICA * facts.replicas
    have = f"{counted(facts.replicas, 'replica')} where the hosts are"
    if at_once <= fed:
        return passed("replication", have)
    needed = math.ceil(at_once / HOSTS_PER_REPLICA)
    return warned(
        "replication",
        f"{have} {'feeds' if facts.replicas == 1 else 'feed'} {fed} hosts at once, though {at_once} could be rebuilt",
        f"the others wait their turn; to be faster, give the version {needed} replicas in {_few(facts)}",
    )


def _few(facts: Facts) -> str:
    """The regions with the fewest replicas."""
    replicas = facts.version.replicas if facts.version else {}
    return ", ".join(sorted(region for region in facts.regions if replicas.get(region, 0) == facts.replicas))


def direction(facts: Facts) -> Iterator[Finding]:
    """It is newer than what the pool is on, unless going back is meant."""
    pool, image, version = facts.asked.pool, facts.asked.image, facts.asked.version
    if image.name != pool.image:
        yield warned(
            "downgrade", f"the pool changes from image {pool.image} to {image.name}", "make sure this is meant"
        )
    elif pool.version is None or version_key(version) > version_key(pool.version):
        yield passed("downgrade", f"the pool goes from {pool.version or 'an unknown version'} to {version}")
    elif version_key(version) == version_key(pool.version):
        yield warned("downgrade", f"the pool is on {version} already", "hosts that are on it are skipped")
    elif facts.asked.allow_downgrade:
        yield warned("downgrade", f"the pool goes back from {pool.version} to {version}", "make sure this is meant")
    else:
        yield failed(
            "downgrade",
            f"{version} is older than the pool's {pool.version}",
            "send allow_downgrade: true if it is meant",
        )
