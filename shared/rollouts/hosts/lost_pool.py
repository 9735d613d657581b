"""Ends the hosts of a rollout, and the rollout, when their host pool is gone: deleted, moved, or closed to the app.

The VMs may still be there: what can be reached gets its tags and its disk's delete option back, so that autoscale has
it again. Hosts in work are finished by their own orchestrations, which fail, unless nobody waits for them any more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.core.errors import AzureBusy, AzureConflict, AzureRefused, StaleRow
from shared.core.states import HostState, RolloutState, transition_rollout
from shared.history.write import rollout_changed
from shared.models.base import refuse_newer
from shared.models.messages import Message
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.host_rows import as_failed, skip
from shared.pools.settlement import apply_outcome_to_pool
from shared.records.change import change
from shared.rollouts.hosts.actions import skip_marked, tidy
from shared.rollouts.hosts.failure import fail
from shared.services import ROLLOUTS, Services

log = logging.getLogger("freshcoat.reconcile")

_WORKERS = 16


@dataclass(frozen=True)
class LostPool:
    """A pool whose hosts are ended. `why`: told for each host. `given_up`: nothing waits for Azure any more.

    `pool` is None when it was unregistered. `in_work`: end hosts in work too, whatever their orchestrations do.
    """

    services: Services
    pool: Pool | None
    why: Message
    given_up: bool
    in_work: bool = False

    def end_hosts(self, rows: Iterable[RolloutHost]) -> list[RolloutHost]:
        """End these hosts, each once, and write their rows. Returns those that have not ended.

        Raises NewerRow before anything is done.
        """
        rows = list(rows)
        refuse_newer(*rows)
        ours = [row for row in rows if not row.state.ended and (self.in_work or not row.state.in_work)]
        with ThreadPoolExecutor(_WORKERS) as threads:
            done = {row.host for row in threads.map(self._end_and_save, ours) if row is not None}
        return [row for row in rows if not row.state.ended and row.host not in done]

    def _end_and_save(self, row: RolloutHost) -> RolloutHost | None:
        try:
            return self.services.hosts.replace(self._ended(row).stamped(self.services.now()))
        except (AzureBusy, AzureConflict) as busy:
            log.warning("rollout %s: %s is not ended yet: %s", row.rollout, row.host, busy)
        except StaleRow:
            log.info("rollout %s: the row of %s was written by somebody else meanwhile", row.rollout, row.host)
        return None

    def _ended(self, row: RolloutHost) -> RolloutHost:
        """The row at its end. Raises AzureBusy, and AzureConflict while Azure works on the VM, unless given up."""
        try:
            return self._given_back(row)
        except AzureBusy as busy:
            if not self.given_up or busy.http_status == 429:
                raise
            return as_failed(row, f"{self.why.text}; its VM could not be reached: {busy}", self.services.now())

    def _given_back(self, row: RolloutHost) -> RolloutHost:
        now, text = self.services.now(), self.why.text
        if self.pool is None:
            tidy(self.services, row, failed_for=text)
            return as_failed(row, text, now)
        if row.state.in_work:
            text = f"{text}; its last error: {row.error}" if row.error else text
        elif not (row.removed_from_pool or row.drained_by_earlier_failure):
            if row.state is HostState.PENDING:
                return skip(row, self.why, now)
            try:
                return skip_marked(self.services, self.pool, row, self.why)
            except AzureRefused as error:
                if isinstance(error, AzureConflict) and not self.given_up:
                    raise
                text = f"{text}; it could not be returned to service: {error}"
        return fail(self.services, self.pool, row, text)


def end_rollout(services: Services, rollout: Rollout, note: Message) -> Rollout:
    """Write the end of a rollout whose hosts have all ended: as it was to end if it was cancelled, else `failed`."""
    counts: dict[str, int] = {}
    for row in services.hosts.all(rollout.id):
        counts[row.state.value] = counts.get(row.state.value, 0) + 1

    def decide(found: Rollout) -> Rollout | None:
        if found.state.ended:
            return None
        cancelled = found.state is RolloutState.CANCELLING
        ends_as = found.ends_as if cancelled else RolloutState.FAILED
        changes = {
            "state": transition_rollout(found.id, found.state, ends_as),
            "note": found.note if cancelled else note,
            "resume_to": None,
            "ended_at": services.now(),
            "progress": found.progress.replace(counts=counts, unreadable=None, suspended_since=None),
        }
        return found.model_copy(update=changes)

    before, ended = change(services.rollouts, (ROLLOUTS, rollout.id), decide, describe="rollout", retried=True)
    rollout_changed(services, before, ended)
    apply_outcome_to_pool(services, ended)
    services.snapshots.forget(rollout.id)
    services.host_rows.forget(rollout.id)
    return ended
