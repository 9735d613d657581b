"""Finds what a pool or a request names among the profiles of the pool's account."""

from __future__ import annotations

from shared.models.access.profiles import JoinProfile
from shared.models.policy import Policy
from shared.models.pools import DomainJoin, EntraJoin, Pool, ProfileJoin
from shared.models.rollout_parts import NO_PROBE, RolloutProbe
from shared.services import Services


def probe_of(services: Services, account: str, policy: Policy) -> RolloutProbe:
    """The probe that the policy names, as it is now. None: the policy names none, or the account has none so called."""
    found = services.probes.find(account, policy.probe) if policy.probe else None
    if found is None:
        return NO_PROBE
    return RolloutProbe(
        name=found.name,
        script=found.script,
        timeout_minutes=found.timeout_minutes,
        digest=found.digest,
        changed_by_id=found.changed_by_id,
    )


def join_profile_of(services: Services, pool: Pool) -> JoinProfile | None:
    """The join profile that the pool names. None: its hosts join Entra ID, or its account has none so called."""
    named = pool.join.profile if isinstance(pool.join, ProfileJoin) else ""
    return services.join_profiles.find(pool.account, named) if named else None


def join_of(services: Services, pool: Pool) -> EntraJoin | DomainJoin | None:
    """How the pool's hosts join, as of now; None when its account has no join profile of the name."""
    if isinstance(pool.join, EntraJoin):
        return pool.join
    profile = join_profile_of(services, pool)
    return profile.join if profile else None


def no_such_join_profile(account: str, name: str) -> str:
    """What people are told of a name that the account has no join profile for."""
    return f"account {account} has no join profile called {name}"


def no_such_probe(account: str, name: str) -> str:
    """What people are told of a name that the account has no probe for."""
    return f"account {account} has no probe called {name}"
