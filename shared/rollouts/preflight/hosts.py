"""Checks of the pool itself: its kind, its hosts, and whether the strategy can bring them the version. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureError
from shared.core.wording import counted
from shared.models.findings import Finding
from shared.models.policy import Strategy
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned

_SHOWN = 5


def host_pool(facts: Facts) -> Iterator[Finding]:
    """It can be read, and is pooled."""
    for read in (facts.host_pool, facts.seen):
        if isinstance(read, AzureError):
            what_to_do = "give the app's identity the rights, or register anew"
            yield failed("host_pool", describe_azure_error("host pool", read), what_to_do)
            return
    assert not isinstance(facts.host_pool, AzureError)  # noqa: S101 - looked at just above
    if facts.host_pool.kind != "Pooled":
        kind = facts.host_pool.kind
        yield failed("host_pool", f"the host pool is {kind}", "only pooled host pools can be published to")
    else:
        yield passed("host_pool", "the host pool is pooled and can be read")


def hosts(facts: Facts) -> Iterator[Finding]:
    """There are some, and each has its VM."""
    if isinstance(facts.seen, AzureError):
        return
    if not facts.hosts:
        yield warned("hosts", "the pool has no hosts", "add hosts, or only new hosts will get the version")
        return
    ghosts = [host.broker.name for host in facts.hosts if host.machine is None]
    if ghosts:
        names = ", ".join(sorted(ghosts)[:_SHOWN])
        yield warned("hosts", f"{counted(len(ghosts), 'host')} without a VM: {names}", "remove them; they are skipped")
    else:
        yield passed("hosts", f"{counted(len(facts.hosts), 'host')} can be read")


def strategy(facts: Facts) -> Iterator[Finding]:
    """Re-imaging reaches only versions of the VM's own definition, and an ephemeral disk goes back to what it was."""
    ways, asked = facts.ways, facts.asked
    foreign, ephemeral = len(ways.foreign), len(ways.ephemeral)
    reimages = asked.policy.strategy is Strategy.REIMAGE
    if reimages and (foreign or ephemeral):
        yield failed(
            "strategy",
            f"re-imaging in place cannot bring this version to {counted(foreign + ephemeral, 'host')}: "
            f"{foreign} made from another image definition, {ephemeral} with an ephemeral OS disk",
            "use strategy auto, which replaces such hosts, or replace",
        )
    elif foreign:
        yield warned(
            "hosts",
            f"{counted(foreign, 'host')} not made from the image {asked.image.name}",
            "they are replaced, since re-imaging keeps a VM's image definition",
        )
    elif reimages and facts.machines:
        yield passed("strategy", "all hosts can be re-imaged in place")
