"""Checks of the pool: its kind, its hosts, and whether the strategy can update them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.arm_ids import describe_azure_error, describe_no_token
from shared.core.errors import AzureError
from shared.core.wording import counted
from shared.models.findings import Finding
from shared.models.policy import Strategy
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned

_SHOWN = 5
_KEEPS_VERSION = "remove the tag, or leave it so: then nothing is updated, and the pool keeps its version"


def host_pool(facts: Facts) -> Iterator[Finding]:
    """The host pool can be read, its type is pooled, and it lets rebuilt hosts register again."""
    if isinstance(facts.host_pool, AzureError):
        yield _unreadable(facts.host_pool)
    elif isinstance(facts.seen, AzureError):
        yield _unreadable(facts.seen)
    elif facts.host_pool.kind != "Pooled":
        kind = facts.host_pool.kind
        yield failed(
            "host_pool", f"the host pool is {kind}", "register a pooled host pool; other types cannot be updated"
        )
    elif isinstance(facts.registration, AzureError):
        yield failed(
            "host_pool", describe_no_token(facts.registration), "use a host pool without one, or add the right"
        )
    else:
        yield passed("host_pool", "the host pool is pooled and can be read")


def _unreadable(error: AzureError) -> Finding:
    what_to_do = "give the app's identity the rights, or correct the pool's registration"
    return failed("host_pool", describe_azure_error("host pool", error), what_to_do)


def hosts(facts: Facts) -> Iterator[Finding]:
    """The pool has hosts, and each of them has a VM."""
    if isinstance(facts.seen, AzureError):
        return
    if not facts.hosts and facts.left_out:
        yield warned("hosts", "every host of the pool is left out", _KEEPS_VERSION)
        return
    if not facts.hosts:
        yield warned("hosts", "the pool has no hosts", "add hosts; without them, only new hosts will get the version")
        return
    without_vm = [host.broker.name for host in facts.hosts if host.vm is None]
    if without_vm:
        names = ", ".join(sorted(without_vm)[:_SHOWN])
        yield warned(
            "hosts", f"{counted(len(without_vm), 'host')} without a VM: {names}", "remove them; they are skipped"
        )
    else:
        yield passed("hosts", f"{counted(len(facts.hosts), 'host')} can be read")


def strategy(facts: Facts) -> Iterator[Finding]:
    """The strategy can update every host. Re-imaging keeps a VM's image definition, and resets an ephemeral disk."""
    strategies, request = facts.strategies, facts.request
    foreign, ephemeral = len(strategies.foreign), len(strategies.ephemeral)
    reimages = request.policy.strategy is Strategy.REIMAGE
    if reimages and (foreign or ephemeral):
        yield failed(
            "strategy",
            f"re-imaging cannot bring {counted(foreign + ephemeral, 'host')} to this version: "
            f"{foreign} created from another image definition, {ephemeral} with an ephemeral OS disk",
            "use strategy auto, which replaces these hosts, or strategy replace",
        )
    elif foreign:
        yield warned(
            "hosts",
            f"{counted(foreign, 'host')} not created from image {request.image.name}",
            "nothing to do; they are replaced, because re-imaging keeps a VM's image definition",
        )
    elif reimages and facts.vms:
        yield passed("strategy", "all hosts can be re-imaged in place")
