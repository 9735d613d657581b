"""What is checked before a rollout: everything that would stop it half-way, found before the first host is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.arm_ids import refusal
from shared.errors import AzureBusy, AzureError, FieldProblem, InvalidRequest
from shared.images import available
from shared.imaging.family import read_family
from shared.models.azure import Machine
from shared.models.base import version_key
from shared.models.images import GalleryVersion, Image
from shared.models.policy import Strategy
from shared.models.pools import DomainJoin, Pool
from shared.models.views import Finding
from shared.pool_hosts import SeenHost, regions_of, see_hosts
from shared.publishing.version_use import check_use
from shared.services import Services

_FIELDS = {
    "account": "image",
    "host_pool": "pool",
    "hosts": "pool",
    "image": "image",
    "join": "pool.join",
    "strategy": "policy.strategy",
}
"""Which field of the request a check is about; `version` otherwise."""


class PreflightFailed(InvalidRequest):
    """The request is well-formed, but the rollout would not go well. Nothing was written."""

    status = 422
    title = "The rollout cannot start"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            [
                FieldProblem(_FIELDS.get(finding.check, "version"), f"{finding.detail}; {finding.what_to_do}")
                for finding in findings
                if finding.result == "fail"
            ]
        )


@dataclass
class Preflight:
    """The findings, and what was read on the way."""

    findings: list[Finding] = field(default_factory=list)
    version: GalleryVersion | None = None
    regions: frozenset[str] = frozenset()
    replicas: int = 0
    """Replicas of the version in the region that has fewest of them."""

    def passed(self, check: str, detail: str) -> None:
        """A check that is fine."""
        self.findings.append(Finding(check=check, result="pass", detail=detail))

    def warned(self, check: str, detail: str, what_to_do: str) -> None:
        """A check whose result somebody should know."""
        self.findings.append(Finding(check=check, result="warn", detail=detail, what_to_do=what_to_do))

    def failed(self, check: str, detail: str, what_to_do: str) -> None:
        """A check that forbids the rollout."""
        self.findings.append(Finding(check=check, result="fail", detail=detail, what_to_do=what_to_do))

    def stop_if_failed(self) -> None:
        """Raises PreflightFailed with the findings when one of them forbids the rollout."""
        if any(finding.result == "fail" for finding in self.findings):
            raise PreflightFailed(self.findings)


def preflight(
    services: Services,
    pool: Pool,
    image: Image,
    version: str,
    strategy: Strategy,
    *,
    allow_downgrade: bool,
    becomes_active: bool = False,
) -> Preflight:
    """Check whether `version` of `image` can be published to the pool now. Raises AzureBusy only.

    `becomes_active`: it will be the active version by then, whatever it is now. Other rollouts of the pool are not
    looked for: the claim does that, and cannot be overtaken.
    """
    found = Preflight()
    hosts = _check_host_pool(services, pool, found)
    _check_strategy(hosts, image, version, strategy, found)
    _check_account(pool, image, found)
    _check_version(services, image, version, found)
    if not becomes_active:
        family = read_family(services, image.name)
        if use := check_use(pool, family, version, found.version, allow_downgrade=allow_downgrade):
            found.findings.append(use)
    if found.version:
        _check_replication(found.version, found)
    _check_direction(pool, image, version, found, allow_downgrade=allow_downgrade)
    _check_join(services, pool, found)
    return found


def _check_host_pool(services: Services, pool: Pool, found: Preflight) -> Sequence[SeenHost]:
    try:
        host_pool = services.desktops.host_pool(pool.host_pool_id)
        hosts = see_hosts(services, pool.host_pool_id)
    except AzureBusy:
        raise
    except AzureError as error:
        found.failed("host_pool", refusal("host pool", error), "give the app's identity the rights, or register anew")
        return ()
    if host_pool.kind != "Pooled":
        found.failed("host_pool", f"the host pool is {host_pool.kind}", "only pooled host pools can be published to")
    else:
        found.passed("host_pool", "the host pool is pooled and can be read")
    found.regions = regions_of(hosts, lambda: host_pool)
    _check_hosts(hosts, found)
    return hosts


def _check_hosts(hosts: Sequence[SeenHost], found: Preflight) -> None:
    if not hosts:
        found.warned("hosts", "the pool has no hosts", "add hosts, or only new hosts will get the version")
        return
    ghosts = [host.broker.name for host in hosts if host.machine is None]
    if ghosts:
        names = ", ".join(sorted(ghosts)[:5])
        found.warned("hosts", f"{len(ghosts)} hosts have no VM: {names}", "remove them; they are skipped")
    else:
        found.passed("hosts", f"{len(hosts)} hosts can be read")


def _check_strategy(
    hosts: Sequence[SeenHost], image: Image, version: str, strategy: Strategy, found: Preflight
) -> None:
    """Re-imaging reaches only versions of the VM's own definition, and an ephemeral disk goes back to what it was."""
    machines = [host.machine for host in hosts if host.machine]
    foreign = [machine for machine in machines if not _made_from(machine, image)]
    ephemeral = [machine for machine in machines if machine.ephemeral and machine not in foreign]
    changing = [machine for machine in ephemeral if machine.version != version]
    if strategy is Strategy.REIMAGE and (foreign or changing):
        found.failed(
            "strategy",
            f"re-imaging in place cannot bring this version to {len(foreign) + len(changing)} hosts: "
            f"{len(foreign)} were made from another image definition, {len(changing)} have an ephemeral OS disk",
            "use strategy auto, which replaces such hosts, or replace",
        )
    elif foreign:
        found.warned(
            "hosts",
            f"{len(foreign)} hosts were not made from the image {image.name}",
            "they are replaced, since re-imaging keeps a VM's image definition",
        )
    elif strategy is Strategy.REIMAGE and machines:
        found.passed("strategy", "all hosts can be re-imaged in place")


def _made_from(machine: Machine, image: Image) -> bool:
    return (machine.definition_id or "").lower() == image.definition_id.lower()


def _check_account(pool: Pool, image: Image, found: Preflight) -> None:
    if available(image, pool.account):
        found.passed("account", f"image {image.name} is available to account {pool.account}")
    else:
        found.failed(
            "account",
            f"image {image.name} is not available to account {pool.account}",
            "choose another image, or make it available to the account",
        )


def _check_version(services: Services, image: Image, version: str, found: Preflight) -> None:
    try:
        found.version = services.gallery.version(image.definition_id, version)
    except AzureBusy:
        raise
    except AzureError as error:
        found.failed(
            "image", refusal("image definition", error), "correct the image's definition_id or the rights on it"
        )
        return
    if found.version is None:
        found.failed("version", f"image {image.name} has no version {version}", "choose one from its list of versions")
    elif not found.version.ready:
        why = found.version.detail or "it is still being made"
        found.failed("version", f"version {version} is not ready: {why}", "wait until it is replicated")
    else:
        found.passed("version", f"version {version} is ready")


def _check_replication(version: GalleryVersion, found: Preflight) -> None:
    missing = version.missing_in(found.regions)
    if missing:
        names = ", ".join(missing)
        found.failed("replication", f"version {version.version} is not in {names}", f"replicate it to {names}")
        return
    found.replicas = min((version.replicas[region] for region in found.regions), default=0)
    if found.regions:
        found.passed("replication", f"{found.replicas} replicas where the hosts are")


def _check_direction(pool: Pool, image: Image, version: str, found: Preflight, *, allow_downgrade: bool) -> None:
    if image.name != pool.image:
        found.warned(
            "downgrade", f"the pool changes from image {pool.image} to {image.name}", "make sure this is meant"
        )
    elif pool.version is None or version_key(version) > version_key(pool.version):
        found.passed("downgrade", f"the pool goes from {pool.version or 'an unknown version'} to {version}")
    elif version_key(version) == version_key(pool.version):
        found.warned("downgrade", f"the pool is on {version} already", "hosts that are on it are skipped")
    elif allow_downgrade:
        found.warned("downgrade", f"the pool goes back from {pool.version} to {version}", "make sure this is meant")
    else:
        found.failed(
            "downgrade",
            f"{version} is older than the pool's {pool.version}",
            "send allow_downgrade: true if it is meant",
        )


def _check_join(services: Services, pool: Pool, found: Preflight) -> None:
    if not isinstance(pool.join, DomainJoin):
        found.passed("join", "hosts join Entra ID, which needs no password")
    elif services.settings.secrets.get(pool.join.password_setting):
        found.passed("join", f"hosts join {pool.join.domain}, and the password is set")
    else:
        setting = pool.join.password_setting
        found.failed("join", f"the app setting {setting} has no password", f"set {setting} to a Key Vault reference")
