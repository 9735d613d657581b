"""Checks of the image version: allowed for the pool, present in the gallery, with enough replicas. Pure."""

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
from shared.versions.for_pools import check_replaced, check_use
from shared.versions.lifecycle import failed_its_test


def account(facts: Facts) -> Iterator[Finding]:
    """The image is available to the pool's account."""
    image, pool = facts.request.image, facts.request.pool
    if available(image, pool.account):
        yield passed("account", f"image {image.name} is available to account {pool.account}")
    else:
        yield failed(
            "account",
            f"image {image.name} is not available to account {pool.account}",
            "choose another image, or make it available to the account",
        )


def version(facts: Facts) -> Iterator[Finding]:
    """The version exists in the gallery and is ready."""
    request, gallery_version = facts.request, facts.gallery_version
    if isinstance(gallery_version, AzureError):
        what_to_do = "correct the image's definition_id or the rights on it"
        yield failed("image", describe_azure_error("image definition", gallery_version), what_to_do)
    elif gallery_version is None:
        detail = f"image {request.image.name} has no version {request.version}"
        yield failed("version", detail, "choose one from its list of versions")
    elif gallery_version.being_deleted:
        yield failed(
            "version", f"version {request.version} is being deleted from the gallery", "choose another version"
        )
    elif request.asked_at and not gallery_version.failed:
        yield passed("version", f"version {request.version} is still there")  # somebody adds replicas, perhaps
    elif not gallery_version.ready:
        reason = gallery_version.detail or "it is still being created"
        yield failed("version", f"version {request.version} is not ready: {reason}", "wait until it is replicated")
    else:
        yield passed("version", f"version {request.version} is ready")


def use(facts: Facts) -> Iterator[Finding]:
    """The version's state allows it: active for every pool, staged for ring test, a backup with `allow_downgrade`."""
    request = facts.request
    if isinstance(facts.gallery_version, AzureError) or request.becomes_active:
        return
    withdrawn = None
    if request.asked_at:
        withdrawn = check_replaced(facts.version_set, request.version, request.asked_at, begun=request.begun)
    found = withdrawn or check_use(
        request.pool, facts.version_set, request.version, facts.version, allow_downgrade=request.allow_downgrade
    )
    if found:
        yield found


def verdict(facts: Facts) -> Iterator[Finding]:
    """The version did not fail its test. Only a warning: it may be published to find out more."""
    version = facts.request.version
    row = facts.version_set.versions.get(version)
    if row is not None and failed_its_test(row):
        yield warned("verdict", f"version {version} failed its test", "publish another version, or go on if intended")


def replication(facts: Facts) -> Iterator[Finding]:
    """The version is replicated to the hosts' regions, with replicas for all parallel rebuilds (azure-facts 2.8)."""
    gallery_version = facts.version
    if gallery_version is None:
        return
    if missing := gallery_version.missing_in(facts.regions):
        names = ", ".join(missing)
        yield failed("replication", f"version {gallery_version.version} is not in {names}", f"replicate it to {names}")
    elif facts.regions:
        yield _enough_replicas(facts)


def _enough_replicas(facts: Facts) -> Finding:
    at_once = min(facts.request.policy.max_in_flight, len(facts.strategies.changing))
    supported = HOSTS_PER_REPLICA * facts.replicas
    have = f"{counted(facts.replicas, 'replica')} in the hosts' regions"
    if at_once <= supported:
        return passed("replication", have)
    needed = math.ceil(at_once / HOSTS_PER_REPLICA)
    return warned(
        "replication",
        f"{have} {'is' if facts.replicas == 1 else 'are'} enough for {supported} parallel rebuilds, "
        f"but the policy allows {at_once}",
        f"to rebuild more hosts in parallel, give the version {needed} replicas in {_regions_with_fewest(facts)}",
    )


def _regions_with_fewest(facts: Facts) -> str:
    """The regions with the fewest replicas."""
    replicas = facts.version.replicas if facts.version else {}
    return ", ".join(sorted(region for region in facts.regions if replicas.get(region, 0) == facts.replicas))


def direction(facts: Facts) -> Iterator[Finding]:
    """The version is newer than the pool's, unless the request allows a downgrade."""
    pool, image, version = facts.request.pool, facts.request.image, facts.request.version
    if image.name != pool.image:
        yield warned(
            "downgrade", f"the pool changes from image {pool.image} to {image.name}", "check that this is intended"
        )
    elif pool.version is None or version_key(version) > version_key(pool.version):
        yield passed("downgrade", f"this updates the pool from {pool.version or 'an unknown version'} to {version}")
    elif version_key(version) == version_key(pool.version):
        yield warned(
            "downgrade", f"the pool has version {version} already", "nothing to do; hosts on this version are skipped"
        )
    elif facts.request.allow_downgrade:
        yield warned(
            "downgrade", f"this downgrades the pool from {pool.version} to {version}", "check that this is intended"
        )
    else:
        yield failed(
            "downgrade",
            f"{version} is older than the pool's {pool.version}",
            'to downgrade, send "allow_downgrade": true',
        )
