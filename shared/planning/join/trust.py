"""Whether a host must join at all, and why a domain join failed. Pure."""

from __future__ import annotations

from shared.models.directory import JoinFacts
from shared.models.pools import DomainJoin, EntraJoin
from shared.models.rollouts import RolloutHost


def may_be_joined(row: RolloutHost) -> bool:
    """Whether the VM's disk may hold a join: it was not rebuilt, or an earlier attempt may have joined it since."""
    return not row.rebuild.rebuilt or row.attempt > 1


def trust_holds(facts: JoinFacts, join: DomainJoin | EntraJoin) -> bool:
    """Whether the VM is joined as the pool wants it, and the directory still knows it: then it must not join again."""
    if isinstance(join, EntraJoin):
        return facts.entra_joined and facts.device_valid
    return facts.domain.lower() == join.domain.lower() and facts.domain_trusted


_REUSE = "another account created the computer object, so the domain refused to reuse it (KB5020276)"
_CAUSES = {
    "0xaac": f"{_REUSE}; delete the object, or allow the joining user in the policy for re-use",
    "0x52e": "the domain refused the user or the password",
    "0x54b": "the domain could not be found; check the subnet's DNS servers",
    "0x232b": "the domain's name could not be resolved; check the subnet's DNS servers",
    "0x21c5": "the joining user has created as many computers as the domain allows",
    "0x5": "the joining user may not write the computer object",
}
"""The errors of a join in netsetup.log and what they mean. 0xaac is 2732, NERR_AccountReuseBlockedByPolicy."""


def join_failure(error: str, facts: JoinFacts | None) -> str:
    """Why a domain join failed: the cause that the last lines of netsetup.log name, else the error alone."""
    lines = facts.log if facts else ()
    words = [word.strip(":,.()[]").lower() for line in reversed(lines) for word in line.split()]
    for word in words:
        if cause := _CAUSES.get(word) or (_CAUSES["0xaac"] if word == "2732" else None):
            return f"{cause}. {error}"
    return f"{error}; netsetup.log ends: {' | '.join(lines[-3:])}" if lines else error
