"""What a host that is back in service shows for the others: the update works, done in this way. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.core.states import HostState
from shared.models.policy import Policy, Strategy
from shared.models.pools import HostProof, Pool, ReimageSupport
from shared.models.rollouts import Rollout, RolloutHost

_KEPT = timedelta(hours=1)
"""A pool's proof is not written again within this time, however many hosts return."""

_STRATEGY = {
    (Strategy.AUTO, ReimageSupport.WORKS): Strategy.REIMAGE,
    (Strategy.AUTO, ReimageSupport.UNSUPPORTED): Strategy.REPLACE,
}


def returned(row: RolloutHost) -> bool:
    """Whether the host was rebuilt and is back in service."""
    return row.state is HostState.DONE and row.taken_at is not None


def newest_proof(rollout: Rollout, pool: Pool, rows: Iterable[RolloutHost]) -> HostProof | None:
    """What the host shows that this rollout brought back to service last; None before the first one."""
    back = [row for row in rows if returned(row) and not row.goal_id]
    last = max(back, key=lambda row: (row.ended_at or row.taken_at, row.host), default=None)
    if last is None or last.ended_at is None:
        return None
    return HostProof(
        version_id=rollout.version_id,
        strategy=last.rebuild.strategy,
        join=pool.join,
        at=last.ended_at,
        rollout=rollout.id,
    )


def expected_strategy(policy: Policy, pool: Pool) -> str:
    """How hosts of this pool will be rebuilt; empty while nobody knows."""
    if policy.strategy is not Strategy.AUTO:
        return policy.strategy
    return _STRATEGY.get((policy.strategy, pool.reimage), "")


def fits(proof: HostProof, rollout: Rollout, pool: Pool, strategy: str, since: datetime) -> bool:
    """Whether that host got the same version, by the same strategy, with the same join, and lately enough."""
    same_version = proof.version_id.lower() == rollout.version_id.lower()
    return same_version and proof.strategy == strategy and proof.join == pool.join and proof.at >= since


def with_proof(pool: Pool, proof: HostProof | None) -> Pool:
    """The pool's row with this proof, unless it says the same already."""
    if proof is None:
        return pool
    said = pool.proof
    alike = said is not None and (said.version_id, said.strategy, said.join) == (
        proof.version_id,
        proof.strategy,
        proof.join,
    )
    return pool if said and alike and proof.at < said.at + _KEPT else pool.model_copy(update={"proof": proof})
