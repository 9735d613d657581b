"""Promise 8: everything that was ever written or logged, to be looked through for secrets at the end of a run."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.fixtures.fakes.tables import MemoryTables
from tests.promises.counting_tables import LeanRows

LOGGERS = ("freshcoat", "shared", "triggers", "activities")
PLAIN = (bool, int, float, datetime, type(None))


class Kept(logging.Handler):
    """Keeps what is logged, whatever its level, between `begin` and `end`; nobody else gets it meanwhile."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text: set[str] = set()

    def begin(self) -> None:
        """Listen."""
        for name in LOGGERS:
            logger = logging.getLogger(name)
            logger.addHandler(self)
            logger.setLevel(logging.DEBUG)
            logger.propagate = False

    def end(self) -> None:
        """Leave the loggers as they were."""
        for name in LOGGERS:
            logger = logging.getLogger(name)
            logger.removeHandler(self)
            logger.setLevel(logging.NOTSET)
            logger.propagate = True

    def emit(self, record: logging.LogRecord) -> None:
        self.text.add(record.getMessage())
        error = record.exc_info[1] if record.exc_info else None
        while error is not None:
            self.text.add(repr(error))
            error = error.__cause__ or error.__context__


def leaked(secrets: Iterable[str], tables: MemoryTables, *others: object) -> list[str]:
    """The secrets that a row of any table has ever held, or that are in anything else that is given."""
    texts: set[str] = {repr(other) for other in others}
    others_kept: dict[int, Any] = {}
    for rows in vars(tables).values():
        assert isinstance(rows, LeanRows)
        for record in rows.written:
            for value in record.__dict__.values():
                if isinstance(value, str):
                    texts.add(value)
                elif not isinstance(value, PLAIN):
                    others_kept[id(value)] = value
    text = "\n".join(texts | {repr(value) for value in others_kept.values()})
    return [secret for secret in secrets if secret in text]
