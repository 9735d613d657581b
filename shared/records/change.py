"""Changes a row under its ETag: read, decide, write, and again from the start when somebody else wrote it meanwhile.

Every change of a row that several people or workers may change goes through here. `decide` may run several times, so
what it does besides deciding must be safe to repeat. What has to happen once, such as an audit entry, comes afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.core.errors import AlreadyExists, Conflict, NotFound, StaleRow
from shared.models.base import Record
from shared.ports.storage import Rows

ATTEMPTS = 8
"""How often a change is tried before it is given up. An attempt is lost only when somebody else wrote the row."""


def change[R: Record](
    rows: Rows[R],
    key: tuple[str, str],
    decide: Callable[[R], R | None],
    *,
    describe: str,
    known: R | None = None,
    retried: bool = False,
) -> tuple[R, R]:
    """Change the row under `key` to what `decide` makes of it. Returns the row before and after the change.

    `decide` returns the changed row; None, or the row that it was given, to write nothing: then both rows returned are
    the same object. `known` is the row as the caller has read it, which saves the first read. `describe` names the
    row's kind in messages ("pool").

    Raises what `decide` raises; NotFound; Conflict when others keep changing the row. With `retried` that is StaleRow:
    the durable engine repeats an activity that raises it, where a Conflict counts as a refusal.
    """

    def read() -> R:
        found = rows.find(*key)
        if found is None:
            raise NotFound(describe, key[1])
        return found

    def write(_: R, row: R) -> R:
        return rows.replace(row)

    first = read() if known is None else known
    return repeat_while_stale(first, read, decide, write, describe=describe, retried=retried)


def add_or_change[R: Record](
    rows: Rows[R],
    key: tuple[str, str],
    new: R,
    decide: Callable[[R], R | None],
    *,
    describe: str,
    retried: bool = False,
) -> R:
    """Add the row `new`, or change the row that is there already. Adding is tried first, without a read.

    `decide`, `describe`, `retried` and the errors are as in `change`. Returns the row as it is stored.
    """

    def decide_on(there: R | None) -> R | None:
        return new if there is None else decide(there)

    def write(there: R | None, row: R | None) -> R | None:
        return rows.add(new) if there is None or row is None else rows.replace(row)

    def read() -> R | None:
        return rows.find(*key)

    _, row = repeat_while_stale(None, read, decide_on, write, describe=describe, retried=retried)
    return new if row is None else row


def register[R: Record](
    read: Callable[[], R | None],
    decide: Callable[[R | None], R],
    write: Callable[[R | None, R], R],
    *,
    describe: str,
) -> tuple[R | None, R]:
    """Add or change a row that `read` finds, as `repeat_while_stale` does. Returns what was there, and what is now.

    `write` takes what was read and what was decided, and may do more than write the row.
    """

    def write_decided(before: R | None, row: R | None) -> R | None:
        return None if row is None else write(before, row)

    before, row = repeat_while_stale(read(), read, decide, write_decided, describe=describe)
    assert row is not None  # noqa: S101 - `decide` and `write` return a row
    return before, row


def repeat_while_stale[T](
    known: T,
    read: Callable[[], T],
    decide: Callable[[T], T | None],
    write: Callable[[T, T], T],
    *,
    describe: str,
    retried: bool = False,
) -> tuple[T, T]:
    """The loop behind `change`, also for several rows at once. Begins with `known`; reads before every repetition.

    `write` takes what was read and what was decided. Its StaleRow and AlreadyExists are repeated, those of `decide`
    are not. Returns and raises as `change` does.
    """
    found, attempts_left = known, ATTEMPTS
    while True:
        decided = decide(found)
        if decided is None or decided is found:
            return found, found
        try:
            return found, write(found, decided)
        except (StaleRow, AlreadyExists) as error:
            attempts_left -= 1
            if not attempts_left:
                stale = StaleRow(error.table, error.key, describe)
                raise (stale if retried else Conflict(str(stale))) from None
        found = read()
