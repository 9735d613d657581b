"""The check of the policy's probe: the pool's account must have one of that name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.wording import counted
from shared.models.findings import Finding
from shared.records.profiles import no_such_probe
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed


def probe(facts: Facts) -> Iterator[Finding]:
    """Which script runs on the canary hosts. Nothing is said of a policy without a probe."""
    name, found = facts.request.policy.probe, facts.request.probe
    if name is None:
        return
    if found.name != name:
        text = no_such_probe(facts.request.pool.account, name)
        yield failed("probe", text, "name another one, or let an admin of the account add it")
        return
    minutes = counted(found.timeout_minutes, "minute")
    yield passed("probe", f"probe {name} runs on canary hosts for {minutes} at most; its SHA-256 is {found.digest}")
