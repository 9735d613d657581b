"""Tables, as the use cases need them. `shared.tables` implements it.

Every method blocks and may raise AzureBusy and the errors it names. Methods do not retry: the durable timer does the
waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.models.base import Record


@dataclass(frozen=True)
class Page[R]:
    """Some rows, and the token of the next page (None at the end)."""

    rows: list[R]
    continuation: str | None


class Rows[R: Record](Protocol):
    """One table of one kind of record. The table derives the keys from the record."""

    def find(self, partition: str, row: str) -> R | None:
        """The record with these keys and its etag, or None."""

    def add(self, record: R) -> R:
        """Write a new record and return it with its etag. Raises AlreadyExists."""

    def replace(self, record: R) -> R:
        """Replace the row that has `record.etag`. Raises StaleRow when it was changed or removed.

        Raises NewerRow for a record that a newer version of the app wrote; so do `write_many` and `remove`.
        """

    def write_many(self, records: Sequence[R]) -> list[R]:
        """Add (no etag) or replace (etag) many records of one partition, 100 to a transaction.

        Raises StaleRow or AlreadyExists; transactions before the failing one stay written.
        """

    def remove(self, record: R) -> None:
        """Delete the row that has `record.etag`. Does nothing when it is gone. Raises StaleRow."""

    def remove_many(self, records: Sequence[R]) -> None:
        """Delete many records of one partition, 100 to a transaction, each on condition of its etag.

        Raises StaleRow when one was changed or is gone; transactions before the failing one stay done.
        """

    def all(self, partition: str) -> list[R]:
        """Every record of a partition, in key order."""

    def since(self, partition: str, mark: str) -> tuple[list[R], str]:
        """The records of a partition written since the call that returned this mark, possibly more, and the mark for
        the next call. An empty mark returns every record. Removed records are not reported.
        """

    def every(self) -> list[R]:
        """Every record of the table, whatever its partition."""

    def page(self, partition: str, *, limit: int, continuation: str | None = None, **equal: Any) -> Page[R]:
        """Up to `limit` records of a partition in key order, those whose properties equal the given values."""

    def before(self, name: str, moment: datetime, *, limit: int) -> list[R]:
        """Up to `limit` records of the table, whatever their partition, whose time `name` is before `moment`."""

    def each(self, partition: str, **equal: Any) -> Iterator[R]:
        """Every record of a partition in key order, those whose properties equal the given values. Reads page by page,
        so that a caller which stops early reads no more than it needs.
        """
