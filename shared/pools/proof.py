"""Whether one host must show first that an update works, and what other pools of the account have shown already."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from shared.core.arm_ids import subscription_of
from shared.models.policy import Proof
from shared.models.pools import HostProof, Pool
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.proof import expected_strategy, fits, returned
from shared.records.profiles import join_profile_of
from shared.services import POOLS, Services

PROOF_LASTS = timedelta(days=7)
"""How long a host that got a version and returned to service speaks for other hosts: tenants change."""


def needs_proof(services: Services, rollout: Rollout, pool: Pool, rows: Iterable[RolloutHost]) -> bool:
    """Whether a host of this rollout must be back in service before others are rebuilt. Raises AzureBusy.

    Hosts that are rolled back need no proof, since they had that version before; nor does a refresh, whose pool has it.
    """
    if rollout.kind is RolloutKind.REFRESH or rollout.rolling_back or rollout.policy.proof is Proof.NONE:
        return False
    if any(returned(row) for row in rows):
        return False
    return rollout.policy.proof is Proof.FIRST_HOST or earlier_proof(services, rollout, pool) is None


def earlier_proof(services: Services, rollout: Rollout, pool: Pool) -> HostProof | None:
    """What a host of this pool, or of another one of the account and subscription, has shown lately of this update."""
    strategy = expected_strategy(rollout.policy, pool)
    since, subscription = services.now() - PROOF_LASTS, subscription_of(pool.host_pool_id)
    if profile := join_profile_of(services, pool):
        since = max(since, profile.changed_at)  # what joined before says nothing of how hosts join now
    proofs = (
        other.proof
        for other in services.pools.each(POOLS, account=pool.account)
        if other.proof and subscription_of(other.host_pool_id) == subscription
    )
    fitting = [proof for proof in proofs if fits(proof, rollout, pool, strategy, since)]
    return max(fitting, key=lambda proof: proof.at, default=None)
