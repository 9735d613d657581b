"""Applies the outcome of a rollout to its pool's row: the version and the claim."""

from __future__ import annotations

from contextlib import suppress

from shared.core.errors import NotFound
from shared.history.write import complete_history
from shared.models.pools import HostProof, Pool
from shared.models.rollouts import Rollout
from shared.planning.proof import with_proof
from shared.records.change import change
from shared.services import POOLS, Services
from shared.versions.outcome import with_outcome


def apply_outcome_to_pool(services: Services, rollout: Rollout, proof: HostProof | None = None) -> None:
    """Update the pool's row from its rollout: the version for new hosts, the claim, and the proof.

    New and burst hosts get the target version once the canary has passed or the rollout has succeeded. Safe to repeat:
    after a crash between the two rows, the next pass or the resume timer repeats it. Therefore the history of an ended
    rollout is completed before it.
    """
    if rollout.state.ended:
        complete_history(services, rollout)

    def decide(pool: Pool) -> Pool | None:
        settled = with_proof(with_outcome(pool, rollout), proof)
        return None if settled == pool else settled

    with suppress(NotFound):  # the pool was unregistered
        change(services.pools, (POOLS, rollout.pool), decide, describe="pool", retried=True)
