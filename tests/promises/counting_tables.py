"""Tables in memory that keep records as they are: no codec, so that thousands of rollouts take minutes, not hours.

Etags, conflicts, key order and pages are those of `tests.fixtures.fakes.tables`, which goes through the codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from shared.core.errors import AlreadyExists, StaleRow
from shared.models.base import Record
from shared.ports.storage import Page
from shared.tables import keys
from shared.tables.keys import Keys
from tests.fixtures.fakes.tables import MemoryRows, MemoryTables

_numbers = count(1)


class LeanRows[R: Record](MemoryRows[R]):
    """Fulfils `shared.ports.storage.Rows`. Records are frozen, so that who has one cannot change what is kept."""

    def __init__(self, name: str, keys_of: Keys[R]) -> None:
        self._table, self._keys_of = name, keys_of
        self._records: dict[tuple[str, str], R] = {}
        self.written: list[R] = []
        """Every record that was ever written, in order."""
        self.writes = 0
        self.failures: dict[str, list[Exception]] = {}
        self.lost_answers: dict[str, list[Exception]] = {}

    def peek(self, partition: str, row: str) -> R | None:
        """The record, for who only watches: it counts as no call and uses up no planned failure."""
        return self._records.get((partition, row))

    def peek_all(self) -> list[R]:
        """Every record, for who only watches."""
        return list(self._records.values())

    def find(self, partition: str, row: str) -> R | None:
        self._fail(self.failures, "find")
        return self._records.get((partition, row))

    def remove(self, record: R) -> None:
        self._fail(self.failures, "remove")
        key = self._keys_of(record)
        if key in self._records:
            self._check(key, record.etag)
            del self._records[key]
            self.writes += 1
        self._fail(self.lost_answers, "remove")

    def remove_many(self, records: Sequence[R]) -> None:
        self._fail(self.failures, "remove_many")
        for record in records:
            self._check(self._keys_of(record), record.etag)
        for record in records:
            del self._records[self._keys_of(record)]
        self.writes += len(records)
        self._fail(self.lost_answers, "remove_many")

    def lose_writes(self, partition: str, row: str, writes: int | None = None) -> None:
        """As in `MemoryRows`. The first record of all stays the least."""
        past = [record for record in self.written if self._keys_of(record) == (partition, row)]
        if past:
            self._records[partition, row] = past[-min(len(past), (writes or len(past)) + 1)]

    def every(self) -> list[R]:
        self._fail(self.failures, "all")
        return self.every_row()

    def every_row(self) -> list[R]:
        return [record for _, record in sorted(self._records.items(), key=_by_key)]

    def page(self, partition: str, *, limit: int, continuation: str | None = None, **equal: Any) -> Page[R]:
        self._fail(self.failures, "page")
        found = [r for r in self._of_partition(partition) if self._keys_of(r)[1] > (continuation or "")]
        found = [r for r in found if all(getattr(r, name) == value for name, value in equal.items())]
        more = self._keys_of(found[limit - 1])[1] if len(found) > limit else None
        return Page(found[:limit], more)

    def _of_partition(self, partition: str) -> list[R]:
        found = [item for item in self._records.items() if item[0][0] == partition]
        return [record for _, record in sorted(found, key=_by_key)]

    def _write(self, method: str, records: Sequence[R]) -> list[R]:
        self._fail(self.failures, method)
        keyed = [(self._keys_of(record), record) for record in records]
        for key, record in keyed:
            self._check(key, record.etag)
        written = []
        for key, record in keyed:
            kept = record.model_copy(update={"etag": str(next(_numbers))})
            self._records[key] = kept
            written.append(kept)
        self.written += written
        self.writes += len(written)
        self._fail(self.lost_answers, method)
        return written

    def _check(self, key: tuple[str, str], etag: str | None) -> None:
        kept = self._records.get(key)
        if etag is None and kept is not None:
            raise AlreadyExists(self._table, "/".join(key))
        if etag is not None and (kept is None or kept.etag != etag):
            raise StaleRow(self._table, "/".join(key))


def _by_key[R: Record](item: tuple[tuple[str, str], R]) -> tuple[str, str]:
    return item[0]


_KEYS: dict[str, Keys[Any]] = {
    "accounts": keys.account_keys,
    "pools": keys.pool_keys,
    "looks": keys.look_keys,
    "images": keys.image_keys,
    "versions": keys.image_row_keys,
    "tasks": keys.task_keys,
    "promotions": keys.promotion_keys,
    "rollouts": keys.rollout_keys,
    "disks": keys.disk_keys,
    "hosts": keys.rollout_host_keys,
    "events": keys.event_keys,
    "claims": keys.claim_keys,
    "answers": keys.answer_keys,
    "audit": keys.audit_keys,
    "refusals": keys.refusal_keys,
    "grants": keys.grant_keys,
    "app_keys": keys.app_key_keys,
    "limits": keys.limits_keys,
    "caps": keys.caps_keys,
    "probes": keys.profile_keys,
    "join_profiles": keys.profile_keys,
}


def lean_tables() -> MemoryTables:
    """All tables, lean."""
    return MemoryTables(**{name: LeanRows(name, keys_of) for name, keys_of in _KEYS.items()})
