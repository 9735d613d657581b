"""Pages of a partition. A continuation is the last row key given out, so it outlives restarts and needs no state."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from shared.core.errors import InvalidRequest
from shared.models.base import Record
from shared.ports.paging import continuation_after
from shared.ports.storage import Page
from shared.tables.codec import Coding, Entity


def next_page[R: Record](found: list[R], limit: int, codec: Coding[R]) -> Page[R]:
    """The first `limit` of the records found; the token says where the next page begins when there were more."""
    if len(found) <= limit:
        return Page(found, None)
    rows = found[:limit]
    _, last = codec.keys(rows[-1])
    return Page(rows, continuation_after(last))


def read_continuation(token: str) -> str:
    """The row key after which the page begins. Raises InvalidRequest for a token that is none of ours."""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:
        raise InvalidRequest.one("continuation", "is not one this service has given out") from error


def check_one_partition(entities: Sequence[Entity]) -> None:
    """Raises ValueError unless all are of one partition and no two have the same row key."""
    if len({entity["PartitionKey"] for entity in entities}) > 1:
        raise ValueError("records written together must be of one partition")
    if len({entity["RowKey"] for entity in entities}) < len(entities):
        raise ValueError("a record cannot be written twice together")
