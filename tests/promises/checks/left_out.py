"""Judges hosts that are left out, and hosts that an operator undrained while they waited for their users."""

from __future__ import annotations

from datetime import timedelta

from shared.core.names import EXCLUDE_TAG
from shared.core.states import HostState
from shared.models.rollout_parts import LEFT_OUT_BY_NAME
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from tests.fixtures.app import App
from tests.promises.checks.caps import WithinCaps
from tests.promises.checks.snapshot_check import IN_HAND, OVER

READ_TOGETHER = timedelta(seconds=3)
"""For so long the steps of all hosts may share one reading of their rollout."""


class LeftOut(WithinCaps):
    """What is begun although it is left out, and what is drained again although somebody undrained it."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.undrained: dict[str, tuple[str, str]] = {}
        """Host -> the rollout for which it waited, and its VM."""
        self._changed_at = app.now - READ_TOGETHER

    def undrains(self, host: str) -> None:
        """An operator undrains a host: perhaps one that waits."""
        for rollout in self.rollouts():
            row = next((row for row in self.rows(rollout.id) if row.host == host), None)
            waits = row is not None and row.state in IN_HAND and row.drain.drained_at is not None
            if row and waits and rollout.state not in OVER and not row.drained_by_earlier_failure:
                self.undrained[host] = (rollout.id, row.vm_id)

    def drains_by_hand(self, host: str) -> None:
        """An operator drains a host: an answer as well, if it was asked about."""
        self.undrained.pop(host, None)

    def changes(self, body: dict[str, object]) -> None:
        """An operator changed the rollout."""
        self._changed_at = self.app.now
        if body.get("drain_again"):
            self.undrained.clear()

    def is_begun(self, row: RolloutHost | None, what: str) -> None:
        """The first thing is done to a host, in a look or a step that nothing has disturbed."""
        if row is None:
            return
        machine, selection = self.app.world.machines.get(row.vm_id.lower()), self.rollout().selection
        named = row.host in selection.exclude or (bool(selection.only) and row.host not in selection.only)
        known = self.app.now >= self._changed_at + READ_TOGETHER
        if (named and known) or (machine is not None and EXCLUDE_TAG in machine.tags):
            self.broken(0, f"{row.host} is {what}, though {'its name' if named else 'its tag'} leaves it out")

    def is_drained_again(self, row: RolloutHost | None) -> None:
        """A host that somebody undrained waits for an answer, or for the deadline."""
        waited = self.undrained.pop(row.host, None) if row else None
        rollout = self.rollout()
        if row is None or waited != (rollout.id, row.vm_id) or rollout.kind is RolloutKind.REFRESH:
            return
        ahead = self.app.now < rollout.schedule.force_at and not rollout.rolling_back
        if ahead and row.host not in rollout.selection.drain_again:
            self.broken(0, f"{row.host} is drained again, and nobody has answered since somebody undrained it")

    def taken_in_again(self, rollout: Rollout, before: RolloutHost) -> bool:
        """Or it was not, by the change before the one that came during this look."""
        by_name = before.reason is not None and before.reason.code in LEFT_OUT_BY_NAME
        meanwhile = self.app.now < self._changed_at + READ_TOGETHER
        left_out = before.state is HostState.SKIPPED and by_name
        return super().taken_in_again(rollout, before) or (left_out and meanwhile)
