"""One table of one kind of record in Table Storage.

The SDK never repeats a write that may have reached the service: if the answer to a replace was lost, the repetition
would get 412, and the writer would take its own success for somebody else's change. Instead the caller gets AzureBusy
and reads again. Reads are repeated a few times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from azure.core import MatchConditions
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient, UpdateMode

from shared.core.errors import AzureBusy
from shared.models.base import Record, refuse_newer
from shared.ports.storage import Page
from shared.tables.codec import Coding, Entity
from shared.tables.errors import translated
from shared.tables.keys import escape_key
from shared.tables.limits import TRANSACTION_ROWS, transactions
from shared.tables.paging import check_one_partition, next_page, read_continuation
from shared.tables.plain_pages import plain_rows, with_plain_pages

ONCE: Final[dict[str, Any]] = {"retry_total": 2, "retry_connect": 2, "retry_read": 0, "retry_status": 0}
"""Retry only if the connection could not be made, so that the request was never sent."""
_SERVICE_PAGE = 1000
OVERLAP = timedelta(minutes=1)
"""How much before the mark `since` reads again: a write may become visible a little after its timestamp, and the clocks
of the servers of a partition may differ a little."""


class TableRows[R: Record]:
    """Fulfils `shared.ports.storage.Rows`. Safe for many threads."""

    def __init__(self, table: TableClient, codec: Coding[R], *, keeps: int = 0) -> None:
        """`keeps`: how many rows are kept as they were decoded, until they have another etag; for lists that are read
        again and again."""
        self._table, self._codec = with_plain_pages(table), codec
        self._name = table.table_name
        self._most, self._kept = keeps, dict[tuple[str, str], R]()

    def find(self, partition: str, row: str) -> R | None:
        """The record with these keys and its etag, or None."""
        with translated(self._name, f"{partition}/{row}"):
            try:
                entity = self._table.get_entity(escape_key(partition), escape_key(row))
            except ResourceNotFoundError as error:
                if "TableNotFound" in str(error):
                    raise
                return None
        return self._read(entity)

    def add(self, record: R) -> R:
        """Write a new record and return it with its etag. Raises AlreadyExists, TooLarge."""
        entity = self._codec.encode(record)
        with translated(self._name, _key(entity)):
            written = self._table.create_entity(entity, **ONCE)
        return _with_etag(record, written.get("etag"))

    def replace(self, record: R) -> R:
        """Replace the row that has `record.etag`.

        Raises StaleRow when it was changed or removed, NewerRow, TooLarge.
        """
        refuse_newer(record)
        entity = self._codec.encode(record)
        with translated(self._name, _key(entity)):
            written = self._table.update_entity(
                entity,
                mode=UpdateMode.REPLACE,
                etag=etag_of(record),
                match_condition=MatchConditions.IfNotModified,
                **ONCE,
            )
        return _with_etag(record, written.get("etag"))

    def write_many(self, records: Sequence[R]) -> list[R]:
        """Add (no etag) or replace (etag) records of one partition, at most 100 rows and 4 MiB to a transaction.

        Raises StaleRow, AlreadyExists or TooLarge; transactions before the failing one stay written. Raises NewerRow,
        and ValueError for records of several partitions or two with the same keys, before anything is written.
        """
        refuse_newer(*(record for record in records if record.etag))
        entities = [self._codec.encode(record) for record in records]
        check_one_partition(entities)
        etags: list[str] = []
        for group in transactions(entities):
            operations = [
                _operation(entity, record) for entity, record in zip(group, records[len(etags) :], strict=False)
            ]
            with translated(self._name, *map(_key, group)):
                written = self._table.submit_transaction(operations, **ONCE)
            etags += [answer["etag"] for answer in written]
        return [_with_etag(record, etag) for record, etag in zip(records, etags, strict=True)]

    def remove(self, record: R) -> None:
        """Delete the row that has `record.etag`. Does nothing when it is gone. Raises StaleRow, NewerRow."""
        refuse_newer(record)
        partition, row = self._codec.keys(record)
        with translated(self._name, f"{partition}/{row}"):
            self._table.delete_entity(
                partition, row, etag=etag_of(record), match_condition=MatchConditions.IfNotModified, **ONCE
            )

    def remove_many(self, records: Sequence[R]) -> None:
        """Delete records of one partition, 100 to a transaction.

        Raises StaleRow when one was changed or is gone; transactions before the failing one stay done. Raises NewerRow,
        and ValueError for records of several partitions, before anything is deleted.
        """
        refuse_newer(*records)
        entities = [dict(zip(("PartitionKey", "RowKey"), self._codec.keys(record), strict=True)) for record in records]
        check_one_partition(entities)
        for start in range(0, len(entities), TRANSACTION_ROWS):
            group = entities[start : start + TRANSACTION_ROWS]
            operations = [_deletion(entity, record) for entity, record in zip(group, records[start:], strict=False)]
            with translated(self._name, *map(_key, group)):
                self._table.submit_transaction(operations, **ONCE)

    def all(self, partition: str) -> list[R]:
        """Every record of a partition, in key order."""
        return list(self._query(partition, "", _SERVICE_PAGE))

    def since(self, partition: str, mark: str) -> tuple[list[R], str]:
        """The records of a partition that were written since the call that returned this mark, or within OVERLAP before
        it, and the mark for the next call. An empty mark returns every record. Removed records are not reported.

        The marks are timestamps of the service's own clock (Microsoft Learn, "Understanding the Table service data
        model"), never of ours.
        """
        newest, found = mark, []
        with translated(self._name, partition):
            for entity in self._entities(
                partition, f" and Timestamp ge datetime'{mark}'" if mark else "", _SERVICE_PAGE
            ):
                found.append(self._read(entity))
                newest = max(newest, _mark_of(entity.metadata["timestamp"]))
        return found, newest

    def every(self) -> list[R]:
        """Every record of the table, whatever its partition."""
        with translated(self._name):
            found = plain_rows(self._table.list_entities(results_per_page=_SERVICE_PAGE))
            return [self._read(entity) for entity in found]

    def page(self, partition: str, *, limit: int, continuation: str | None = None, **equal: Any) -> Page[R]:
        """Up to `limit` records of a partition in key order, those whose properties equal the given values.

        Raises InvalidRequest for a `continuation` that was never given out, ValueError for a property that is
        not kept natively.
        """
        after = f" and RowKey gt {_text(read_continuation(continuation))}" if continuation else ""
        found = self._query(partition, after + self._filters(equal), min(limit + 1, _SERVICE_PAGE))
        return next_page(list(islice(found, limit + 1)), limit, self._codec)

    def before(self, name: str, moment: datetime, *, limit: int) -> list[R]:
        """Up to `limit` records of the table whose time `name` is before `moment`. Reads the whole table."""
        which = f"{name} lt {self._codec.literal(name, moment)}"
        with translated(self._name):
            found = plain_rows(self._table.query_entities(which, results_per_page=min(limit, _SERVICE_PAGE)))
            return [self._read(entity) for entity in islice(found, limit)]

    def each(self, partition: str, **equal: Any) -> Iterator[R]:
        """Every record of a partition in key order, those whose properties equal the given values, page by page.

        Raises ValueError for a property that is not kept natively.
        """
        return self._query(partition, self._filters(equal), _SERVICE_PAGE)

    def _filters(self, equal: Mapping[str, Any]) -> str:
        return "".join(f" and {name} eq {self._codec.literal(name, value)}" for name, value in equal.items())

    def _query(self, partition: str, more: str, page_size: int) -> Iterator[R]:
        with translated(self._name, partition):
            for entity in self._entities(partition, more, page_size):
                yield self._read(entity)

    def _entities(self, partition: str, more: str, page_size: int) -> Iterable[Any]:
        which = f"PartitionKey eq {_text(escape_key(partition))}{more}"
        return plain_rows(self._table.query_entities(which, results_per_page=page_size))

    def _read(self, entity: Any) -> R:
        """The record of an entity, which is always read. A kept one is as good: its etag names the same content."""
        etag = entity.metadata["etag"]
        if not (self._most and etag):
            return self._codec.decode(entity, etag)
        key = entity["PartitionKey"], entity["RowKey"]
        known = self._kept.get(key)
        if known is not None and known.etag == etag:
            return known
        found = self._codec.decode(entity, etag)
        if len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[key] = found
        return found


def _mark_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC) - OVERLAP:%Y-%m-%dT%H:%M:%S.%fZ}"


def etag_of(record: Record) -> str:
    """The record's etag. Raises ValueError for a record that was never read or written."""
    if record.etag is None:
        raise ValueError(f"a {type(record).__name__} without an etag can only be added")
    return record.etag


def _operation(entity: Entity, record: Record) -> tuple[str, Entity, dict[str, Any]]:
    if record.etag is None:
        return "create", entity, {}
    conditions = {"etag": record.etag, "match_condition": MatchConditions.IfNotModified}
    return "update", entity, {"mode": UpdateMode.REPLACE, **conditions}


def _deletion(entity: Entity, record: Record) -> tuple[str, Entity, dict[str, Any]]:
    return "delete", entity, {"etag": etag_of(record), "match_condition": MatchConditions.IfNotModified}


def _with_etag[R: Record](record: R, etag: str | None) -> R:
    """The record as it was written. Raises AzureBusy without an etag: the headers of the answer have broken off."""
    if not etag:
        raise AzureBusy(f"write of a {type(record).__name__}", None, "NoETag", "the answer broke off")
    return record.model_copy(update={"etag": etag})


def _key(entity: Entity) -> str:
    return f"{entity['PartitionKey']}/{entity['RowKey']}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
