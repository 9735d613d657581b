"""Takes the rows of a query as the JSON that they are.

The SDK copies each answer of a query value by value, recursively, before it makes rows of it (azure-data-tables 12.7,
`_generated/_serialization.py`): for plain JSON the copy is equal, and takes a quarter of the time of a list. Then it
reads the timestamp of each row with `strptime`, under a lock, though hardly anybody asks for it: a sixth of what the
worker for HTTP did.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

from azure.core.paging import ItemPaged
from azure.core.pipeline.policies import ContentDecodePolicy
from azure.data.tables import TableClient

_PAGE = "TableEntityQueryResponse"
_INT32 = range(-(2**31), 2**31)


def with_plain_pages(table: TableClient) -> TableClient:
    """The client, which from now on leaves out the copy. One that is built otherwise stays as it is."""
    operations = getattr(getattr(table, "_client", None), "table", None)
    usual = getattr(operations, "_deserialize", None)
    if callable(usual) and not isinstance(usual, _PlainPages):
        setattr(operations, "_deserialize", _PlainPages(usual))  # noqa: B010 - its type does not name it
    return table


class _PlainPages:
    """The deserializer of a client; for a page of rows, the JSON that its pipeline has read."""

    def __init__(self, usual: Callable[..., Any]) -> None:
        self._usual = usual

    def __call__(self, kind: str, answer: Any, *more: Any) -> Any:
        if kind == _PAGE:
            found = answer.context.get(ContentDecodePolicy.CONTEXT_NAME)
            if isinstance(found, dict) and isinstance(found.get("value"), list):
                return SimpleNamespace(value=found["value"])
        return self._usual(kind, answer, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._usual, name)


def plain_rows(found: ItemPaged[Any]) -> ItemPaged[Any]:
    """The rows of a query as `PlainRow`, on pages that have nothing but plain values. Other pages stay as they are."""
    usual = getattr(found, "_page_iterator_class", None)
    if isinstance(usual, type) and hasattr(usual, "_extract_data_cb"):
        setattr(found, "_page_iterator_class", _with_plain_rows(usual))  # noqa: B010 - its type does not name it
    return found


class PlainRow(dict[str, Any]):
    """A row with its etag, and the time of its last write when somebody asks for it."""

    def __init__(self, metadata: _Metadata) -> None:
        super().__init__()
        self.metadata = metadata


class _Metadata:
    """The part of an entity's metadata that is used here."""

    def __init__(self, etag: str, timestamp: str) -> None:
        self._etag, self._timestamp = etag, timestamp

    def __getitem__(self, name: str) -> Any:
        if name == "etag":
            return self._etag
        if name == "timestamp":
            return datetime.fromisoformat(self._timestamp)
        raise KeyError(name)


@cache
def _with_plain_rows(usual: type) -> type:
    class PlainRows(usual):  # type: ignore[misc]
        def _extract_data_cb(self, answer: Any) -> Any:
            page = answer[1]
            rows = [plain_row(entry) for entry in page.value]
            if None in rows:
                return super()._extract_data_cb(answer)
            page.value = []  # what follows reads the token of the next page, and would convert the rows
            return super()._extract_data_cb(answer)[0], rows

    return PlainRows


def plain_row(entry: dict[str, Any]) -> PlainRow | None:
    """A row as the service sends it; None if it has a value of a type that JSON does not have."""
    etag, timestamp = entry.get("odata.etag"), entry.get("Timestamp")
    if not (isinstance(etag, str) and isinstance(timestamp, str)):
        return None
    row = PlainRow(_Metadata(etag, timestamp))
    for name, value in entry.items():
        if name == "Timestamp" or name.startswith("odata."):
            continue
        if name.endswith("@odata.type"):
            if name != "Timestamp@odata.type":
                return None
        elif type(value) is int and value not in _INT32:
            return None
        else:
            row[name] = value
    return row
