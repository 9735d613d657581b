"""The checks before an activation: problems are found before anything is changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from shared.access.limits import pool_policy
from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureRefused
from shared.images.replication import missing_regions, missing_text
from shared.images.scopes import out_of_scope
from shared.models.access.roles import ALL_ACCOUNTS, Reach
from shared.models.findings import Finding
from shared.models.images import Image
from shared.models.policy import resolve_policy
from shared.models.tasks import PoolsUpdate, Task, TaskKind
from shared.records.profiles import probe_of
from shared.records.unreadable_pools import is_gone
from shared.rollouts.preflight import PreflightFailed, PreflightInput, preflight
from shared.services import POOLS, Services

_READERS = 8


def check_activation(services: Services, image: Image, task: Task) -> None:
    """Find every problem that would stop the activation later. Raises PreflightFailed, AzureBusy."""
    findings = activation_findings(services, image, task)
    if any(finding.result == "fail" for finding in findings):
        raise PreflightFailed(findings)


def activation_findings(services: Services, image: Image, task: Task, reach: Reach = ALL_ACCOUNTS) -> list[Finding]:
    """The findings on the version and on each pool to be updated, naming pools in reach. Raises AzureBusy."""
    version = task.version or ""
    findings = [_check_version(services, image, version, reach, goes_back=task.kind is TaskKind.ROLL_BACK)]
    update = task.pools.update if task.pools else None
    if update and findings[0].result == "pass":
        with ThreadPoolExecutor(_READERS) as readers:
            for found in readers.map(lambda name: _check_pool(services, image, name, version, update), update.pools):
                findings += found
    return findings


def _check_version(services: Services, image: Image, version: str, reach: Reach, *, goes_back: bool) -> Finding:
    """Whether every pool can create hosts from it. A roll-back is urgent: a missing region does not stop it."""
    if problem := out_of_scope(services, image, image.definition_id):
        what = "let somebody with all accounts change the scopes, or choose another definition"
        return Finding(check="scope", result="fail", detail=problem, what_to_do=what)
    try:
        found = services.gallery.version(image.definition_id, version)
    except AzureRefused as error:
        reason, what = (
            describe_azure_error("image definition", error),
            "correct the image's definition_id or the rights on it",
        )
        return Finding(check="image", result="fail", detail=reason, what_to_do=what)
    if found is None:
        reason, what = f"version {version} is no longer in the gallery", "choose another version"
        return Finding(check="version", result="fail", detail=reason, what_to_do=what)
    if not found.ready:
        reason = f"version {version} is not ready: {found.detail or 'it is still being created'}"
        return Finding(check="version", result="fail", detail=reason, what_to_do="wait until it is replicated")
    if not goes_back and (missing := missing_regions(services, image, found, pass_unread=True)):
        missing = _seen(services, missing, reach)
        reason = f"version {version} is not in {missing_text(missing)}"
        return Finding(check="replication", result="fail", detail=reason, what_to_do="replicate it there first")
    return Finding(check="version", result="pass", detail=f"version {version} is ready")


def _seen(services: Services, missing: dict[str, list[str]], reach: Reach) -> dict[str, list[str]]:
    """The missing regions with their pools; those out of reach are not named."""
    seen = {pool.name for pool in services.pools.all(POOLS) if reach.sees((pool.account,))}
    return {
        region: [*(name for name in names if name in seen), *(["another pool"] if set(names) - seen else [])]
        for region, names in missing.items()
    }


def _check_pool(services: Services, image: Image, name: str, version: str, update: PoolsUpdate) -> list[Finding]:
    """The findings against updating one pool, each naming the pool."""
    pool = services.pools.find(POOLS, name)
    if pool is None or pool.image != image.name or is_gone(services, pool):
        return []  # it has changed since the promotion was requested, and is skipped with the reason
    policy = resolve_policy(update.schedule.mode, pool_policy(services, pool), update.policy)
    asked = PreflightInput(
        pool,
        image,
        version,
        policy,
        allow_downgrade=True,
        becomes_active=True,
        mode=update.schedule.mode,
        probe=probe_of(services, pool.account, policy),
    )
    found = preflight(services, asked)
    return [finding.model_copy(update={"detail": f"pool {name}: {finding.detail}"}) for finding in found.findings]
