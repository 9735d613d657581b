"""Tables, as the use cases need them. `shared.tables` implements it.

Every method blocks and may raise AzureBusy and the errors it names. Nothing retries inside: the durable timer does
the waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.models.base import Record


@dataclass(frozen=True)
class Page[R]:
    """Some rows, and the token of the next page; None at the end."""

    rows: list[R]
    continuation: str | None


class Rows[R: Record](Protocol):
    """One table of one kind of record. Keys are derived from the record by the table itself."""

    def find(self, partition: str, row: str) -> R | None:
        """The record under these keys, with its etag, or None."""

    def add(self, record: R) -> R:
        """Write a new record; the answer carries its etag. Raises AlreadyExists."""

    def replace(self, record: R) -> R:
        """Write over the version named by `record.etag`. Raises StaleRow when it has changed or is gone.

        Raises NewerRow for a record that a newer version of the app wrote; so do `write_many` and `remove`.
        """

    def write_many(self, records: Sequence[R]) -> list[R]:
        """Add (no etag) or replace (etag) many records of one partition, 100 to a transaction.

        Raises StaleRow or AlreadyExists; transactions before the failing one stay written.
        """

    def remove(self, record: R) -> None:
        """Delete the version named by `record.etag`. Raises StaleRow; a row that is gone is fine."""

    def all(self, partition: str) -> list[R]:
        """Every record of a partition, in key order."""

    def since(self, partition: str, mark: str) -> tuple[list[R], str]:
        """The records of a partition that were written since the reading which gave this mark, perhaps others too, and
        the mark for the next reading. An empty mark: every record. What was removed meanwhile is not told.
        """

    def every(self) -> list[R]:
        """Every record of the table, whatever its partition."""

    def page(self, partition: str, *, limit: int, continuation: str | None = None, **equal: Any) -> Page[R]:
        """Up to `limit` records of a partition in key order, those whose properties equal the given values."""

    def each(self, partition: str, **equal: Any) -> Iterator[R]:
        """Every record of a partition in key order, those whose properties equal the given values. Reads page by page,
        so that a caller which stops early reads no more than it needs.
        """
