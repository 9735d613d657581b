"""How many people a command to an open rollout may sign out: counted in Azure, just before the command is written."""

from __future__ import annotations

from shared.api.agreed_plans import AgreedSignOuts, refuse_more_sign_outs
from shared.models.rollouts import Rollout
from shared.planning.people.still_there import people_to_sign_out
from shared.records.pools import find_pool
from shared.rollouts.reconcile.snapshot import read_snapshot
from shared.services import Services


def check_sign_outs(services: Services, changed: Rollout, asked: AgreedSignOuts) -> None:
    """Check the bound of a command. `changed`: the rollout as the command leaves it.

    Raises MoreSignOuts when more people are signed in on the hosts that it still has to update; AzureError when they
    cannot be counted. Without a bound, nothing is read.
    """
    refuse_more_sign_outs(asked, lambda: _count(services, changed))


def _count(services: Services, rollout: Rollout) -> int:
    pool = find_pool(services, rollout.pool)
    return people_to_sign_out(read_snapshot(services, rollout, pool, services.now()).snapshot)
