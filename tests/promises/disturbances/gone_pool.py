"""The host pool goes: somebody deletes it in the middle of a rollout, or closes it to the app for a while."""

from __future__ import annotations

from shared.core.errors import AzureForbidden
from shared.core.names import EXCLUSION_TAG, FAILED_TAG, ROLLOUT_TAG
from shared.core.states import HostState
from shared.models.rollouts import RolloutHost
from tests.promises.disturbances.outside import POOL, Outside
from tests.promises.scenario import Stage

CLOSED = ("host_pool", "session_hosts", "session_host", "user_sessions", "host_sessions")


class GonePool:
    """Takes the host pool away, and looks what has come of its VMs."""

    def __init__(self, stage: Stage, outside: Outside) -> None:
        self.stage, self.outside = stage, outside

    @property
    def gone(self) -> bool:
        """Whether the host pool is deleted."""
        return POOL not in self.stage.app.world.pools

    def delete(self) -> None:
        """Somebody deletes it, with all its session hosts; their VMs stay, and nobody is on them any more."""
        if not self.gone:
            self.stage.watch.steady.clear()
            self.stage.app.world.delete_pool()

    def close(self) -> None:
        """The app may not read it any more."""
        for read in CLOSED:
            error = AzureForbidden(read, 403, "AuthorizationFailed", "no right any more")
            self.stage.app.world.fail(read, error, times=10**9)

    def check(self) -> None:
        """Autoscale has each VM that is left again; what did not fail carries no mark of ours."""
        last: dict[str, RolloutHost] = {}
        for row in sorted(self.stage.watch.rows(), key=lambda row: row.ended_at or row.taken_at or self.stage.app.now):
            last[row.host] = row
        for host, row in last.items():
            machine = self.stage.app.world.machines.get(row.vm_id.lower())
            if machine is None or host in self.outside.meddled or host not in self.outside.exclusion:
                continue
            failed = row.state is HostState.FAILED
            if not failed or FAILED_TAG in machine.tags:  # else Azure has refused to have it marked
                assert machine.tags.get(EXCLUSION_TAG) == self.outside.exclusion[host], (row, machine.tags)
            assert failed or machine.tags.get(ROLLOUT_TAG) != row.rollout, (row, machine.tags)  # an earlier one failed
