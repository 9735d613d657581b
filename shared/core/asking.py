"""On whose behalf the code runs: the caller of the current request, for records that say who did what.

Rights are never read from here: they are passed as arguments. Timers and orchestrations run on behalf of Freshcoat. It
belongs to the thread that works: work that starts threads passes it on itself (`contextvars.copy_context`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

_RUNS = uuid.UUID("5b0f2a51-3a55-4c0e-9d0b-6b7f3d1f0c4e")
"""The namespace of correlation ids that are derived from the id of a rollout or a task."""


@dataclass(frozen=True)
class About:
    """What an entry of the record is about, for its filters. `accounts`: whose it is; `*` for all; none: unknown."""

    accounts: tuple[str, ...] = ()
    pool: str = ""
    image: str = ""
    rollout: str = ""

    def over(self, other: About) -> About:
        """This, completed by another one where it says nothing."""
        return About(
            self.accounts or other.accounts,
            self.pool or other.pool,
            self.image or other.image,
            self.rollout or other.rollout,
        )


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
    about: About = About()
    """What the work is about, once that is known."""
    behalf_of: str = ""
    """In work that the app does by itself: the id of the caller who asked for it. Only the record reads it."""


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


def refine_asker(**changes: object) -> None:
    """Say more about who asks, until the end of the block of `asking`."""
    _current.set(replace(_current.get(), **changes))  # type: ignore[arg-type]


def new_correlation() -> str:
    """A correlation id for a request."""
    return str(uuid.uuid4())


def correlation_of(run: str) -> str:
    """The correlation id of all steps of a rollout or a task: the same in every worker and after every restart."""
    return str(uuid.uuid5(_RUNS, run))
