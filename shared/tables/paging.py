"""Pages of a partition. A continuation is the last row key of a page: it needs no state and survives restarts."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from shared.core.errors import InvalidRequest
from shared.models.base import Record
from shared.ports.paging import continuation_after
from shared.ports.storage import Page
from shared.tables.codec import Coding, Entity


def next_page[R: Record](found: list[R], limit: int, codec: Coding[R]) -> Page[R]:
    """The first `limit` of the found records, and the token of the next page when there are more."""
    if len(found) <= limit:
        return Page(found, None)
    rows = found[:limit]
    _, last = codec.keys(rows[-1])
    return Page(rows, continuation_after(last))


def read_continuation(token: str) -> str:
    """The row key after which the page starts. Raises InvalidRequest for a token that is not ours."""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:
        raise InvalidRequest.one("continuation", "not a continuation of this list") from error


def check_one_partition(entities: Sequence[Entity]) -> None:
    """Raises ValueError unless all are of one partition and no two have the same row key."""
    if len({entity["PartitionKey"] for entity in entities}) > 1:
        raise ValueError("records of one call must be in one partition")
    if len({entity["RowKey"] for entity in entities}) < len(entities):
        raise ValueError("a record cannot be written twice in one call")
