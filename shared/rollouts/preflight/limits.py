"""The limits that an admin has set for the pool's account and ring."""

from __future__ import annotations

from collections.abc import Iterator

from shared.access.limits import Wanted, beyond
from shared.models.findings import Finding
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned


def limits(facts: Facts) -> Iterator[Finding]:
    """Whether the rollout keeps to the limits. A roll-back is urgent: a limit does not stop it."""
    request = facts.request
    hosts = len(facts.hosts) + facts.left_out
    found = beyond(facts.limits, Wanted(request.policy, request.mode, request.notice, hosts))
    tell = warned if request.goes_back else failed
    for one in found:
        yield tell("limits", one.detail, one.what_to_do)
    if facts.limits and not found:
        yield passed("limits", f"it keeps to the limits of account {facts.limits.account}, ring {facts.limits.ring}")
