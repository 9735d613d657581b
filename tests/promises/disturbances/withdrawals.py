"""What was true at a request and is so no longer: a version that is gone or withdrawn, a right, a lock."""

from __future__ import annotations

from shared.core.states import VersionState
from shared.models.azure import Lock, Permissions
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.version_sets import record_family, version_row, version_set
from tests.fixtures.world.azure import DEFINITION_ID, GROUP
from tests.promises.pool_setup import STAGED
from tests.promises.scenario import Stage

WITHDRAWALS = ("version_deleted", "replica_removed", "image_rolled_back", "right_withdrawn", "locked")
ALL_RIGHTS = Permissions(granted=((("*",), ()),))
NO_REBUILD = ("Microsoft.Compute/virtualMachines/reimage/action", "Microsoft.Compute/virtualMachines/delete")
ELSEWHERE = "northeurope"


class Withdrawals:
    """Takes away what rollouts go by, and gives it back."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._versions = dict(stage.app.world.versions[DEFINITION_ID.lower()])
        rows = stage.app.tables.versions.all("win11")
        self._staged = any(row.kind == "version" and row.state is VersionState.STAGED for row in rows)
        self._since = next(row.activated_at for row in rows if row.kind == "state")

    def make(self, what: str) -> None:
        """One of `WITHDRAWALS`, about the version of the rollout that runs."""
        getattr(self, f"_{what}")()

    def over(self) -> None:
        """All is as it was at the beginning."""
        world = self.stage.app.world
        world.versions[DEFINITION_ID.lower()] = dict(self._versions)
        world.permissions = ALL_RIGHTS
        world.locks = [lock for lock in world.locks if lock.name != "withdrawn"]
        staged = STAGED if self._staged else None
        with self.stage.by_others():
            record_family(self.stage.app.tables.versions, version_set(staged=staged, activated_at=self._since))

    @property
    def _version(self) -> str:
        running = self.stage.watch.running()
        return running.version if running else NEW

    def _version_deleted(self) -> None:
        self.stage.app.world.versions[DEFINITION_ID.lower()].pop(self._version, None)

    def _replica_removed(self) -> None:
        versions = self.stage.app.world.versions[DEFINITION_ID.lower()]
        if found := versions.get(self._version):
            versions[self._version] = found.model_copy(update={"replicas": {ELSEWHERE: 1}})

    def _image_rolled_back(self) -> None:
        rows = [version_row(NEW, VersionState.BACKUP, retired_at=self.stage.app.now)]
        staged = STAGED if self._staged else None
        now = self.stage.app.now
        family = version_set(OLD, backups=(), staged=staged, others=rows, activated_at=now)
        with self.stage.by_others():
            record_family(self.stage.app.tables.versions, family)

    def _right_withdrawn(self) -> None:
        self.stage.app.world.permissions = Permissions(granted=((("*",), NO_REBUILD),))

    def _locked(self) -> None:
        self.stage.app.world.locks.append(Lock(name="withdrawn", level="ReadOnly", scope=GROUP))
