"""On whose behalf the code runs: the caller of the current request, for records that say who did what.

Rights are never read from here: they are passed as arguments. Timers and orchestrations run on behalf of Freshcoat.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Asker:
    """Who asks. `id` tells callers apart and never changes; empty for Freshcoat itself. `name` is for people.

    `address` and `client` say from where: network address and user agent. `correlation` is in the log, in the
    record and in the calls to Azure of one request.
    """

    id: str = ""
    name: str = "freshcoat"
    address: str = ""
    client: str = ""
    correlation: str = ""


_FRESHCOAT = Asker()
_current: ContextVar[Asker] = ContextVar("asker", default=_FRESHCOAT)


def asker() -> Asker:
    """Who asks now."""
    return _current.get()


@contextmanager
def asking(who: Asker) -> Iterator[None]:
    """Run the block on behalf of this caller."""
    token = _current.set(who)
    try:
        yield
    finally:
        _current.reset(token)
