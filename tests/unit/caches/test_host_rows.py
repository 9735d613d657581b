"""What a worker knows of a rollout's rows is what the table says, and only what was written since is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.caches.host_rows import WHOLE_EVERY, HostRowCache
from shared.core.errors import AzureBusy
from shared.core.states import RolloutState
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.tables import keys
from shared.tables.codec import Codec
from tests.fixtures.fakes.tables import MemoryRows

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROLLOUT = Rollout.model_construct(id="r", kind=RolloutKind.UPDATE, state=RolloutState.RUNNING)


class Told(MemoryRows[RolloutHost]):
    """Rows of a rollout; `read` is how many records each reading has brought."""

    read: list[int]

    def since(self, partition: str, mark: str) -> tuple[list[RolloutHost], str]:
        found, mark = super().since(partition, mark)
        self.read.append(len(found))
        return found, mark


@pytest.fixture
def table() -> Told:
    table = Told("RolloutHosts", Codec(RolloutHost, keys.rollout_host_keys))
    table.read = []
    table.write_many([RolloutHost(rollout="r", host=f"h{number}", vm_id="/vm") for number in range(5)])
    return table


def test_only_rows_written_since_the_last_read_are_read(table: Told) -> None:
    known = HostRowCache()
    first = known.read(table, ROLLOUT, NOW)
    assert list(first.values()) == table.all("r")

    table.replace(first["h3"].model_copy(update={"step": "drained"}))
    table.add(RolloutHost(rollout="r", host="late", vm_id="/vm"))
    second = known.read(table, ROLLOUT, NOW)

    assert sorted(second.values(), key=lambda row: row.host) == table.all("r")
    assert table.read == [5, 2]


def test_all_rows_are_read_again_at_intervals_and_after_forget(table: Told) -> None:
    known = HostRowCache()
    for moment in (NOW, NOW + WHOLE_EVERY - timedelta(seconds=1), NOW + WHOLE_EVERY):
        known.read(table, ROLLOUT, moment)
    known.forget("r")
    known.read(table, ROLLOUT, NOW + WHOLE_EVERY)
    assert table.read == [5, 0, 5, 5]


@pytest.mark.parametrize("change", [{"kind": RolloutKind.REFRESH}, {"state": RolloutState.SUCCEEDED}])
def test_rows_of_refreshes_and_ended_rollouts_are_not_cached(table: Told, change: dict[str, object]) -> None:
    known = HostRowCache()
    rollout = ROLLOUT.model_copy(update=change)
    assert len(known.read(table, rollout, NOW)) == 5
    table.remove(table.all("r")[0])
    assert len(known.read(table, rollout, NOW)) == 4
    assert table.read == []


def test_each_rollout_has_its_own_rows_and_results_are_copies(table: Told) -> None:
    known = HostRowCache()
    known.read(table, ROLLOUT, NOW).clear()
    assert known.read(table, ROLLOUT.model_copy(update={"id": "other"}), NOW) == {}
    assert len(known.read(table, ROLLOUT, NOW)) == 5


def test_a_failed_read_loses_no_row(table: Told) -> None:
    known = HostRowCache()
    before = known.read(table, ROLLOUT, NOW)
    changed = table.replace(before["h1"].model_copy(update={"step": "drained"}))
    table.failures["all"] = [AzureBusy("rows", 503, "ServerBusy", "later")]
    with pytest.raises(AzureBusy):
        known.read(table, ROLLOUT, NOW)
    assert known.read(table, ROLLOUT, NOW)["h1"] == changed
