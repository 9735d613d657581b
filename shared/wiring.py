"""The app's services, once per worker and on first use: importing the app connects to nothing and is quick."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from threading import Lock

from shared.core.settings import Settings
from shared.services import Services

_lock = Lock()


def services() -> Services:
    """The app's services. Raises BadSettings naming every setting that is wrong."""
    with _lock:  # two first calls at once would both create the tables
        return _services()


@cache
def _services() -> Services:
    from shared.assembly import assemble  # noqa: PLC0415 - half a second that a worker need not spend to be indexed

    return assemble(Settings.read(os.environ), now)


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
