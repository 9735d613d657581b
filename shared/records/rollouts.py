"""Finds rollouts."""

from __future__ import annotations

from shared.core.errors import NotFound
from shared.models.rollouts import Rollout
from shared.records import just_read
from shared.services import ROLLOUTS, Services


def find_rollout(services: Services, rollout_id: str) -> Rollout:
    """A rollout. Raises NotFound."""
    rollout = just_read.take(Rollout, rollout_id) or services.rollouts.find(ROLLOUTS, rollout_id)
    if rollout is None:
        raise NotFound("rollout", rollout_id)
    return rollout
