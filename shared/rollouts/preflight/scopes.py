"""The check that everything a rollout works on is the account's own in Azure. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.wording import counted
from shared.models.findings import Finding
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed

_MEND = "let somebody with all accounts change the scopes, or take it out of the pool"


def scope(facts: Facts) -> Iterator[Finding]:
    """The host pool, the VMs of its hosts and the definition of an image of single accounts are the account's."""
    account, scopes = facts.request.pool.account, facts.scopes
    image = facts.request.image
    fixed = [facts.request.pool.host_pool_id, *([image.definition_id] if image.accounts else ())]
    found = [problem for one in fixed if (problem := scopes.problem(account, one))]
    vms = [problem for host in facts.hosts if (problem := _of_vm(facts, host.broker.vm_id))]
    if vms:
        more = f", and {counted(len(vms) - 1, 'more VM')}" if len(vms) > 1 else ""
        found.append(f"{vms[0]}{more}")
    yield from (failed("scope", problem, _MEND) for problem in found)
    if not found:
        yield passed("scope", f"the host pool and its VMs are within the scopes of account {account}")


def _of_vm(facts: Facts, vm_id: str) -> str:
    return facts.scopes.problem(facts.request.pool.account, vm_id) if vm_id else ""
