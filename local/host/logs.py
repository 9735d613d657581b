"""How host and workers log, to standard error, a line each; and how they end."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

_QUIET = ("azure.core", "azure.identity", "azure.durable_functions", "durabletask", "uvicorn", "urllib3")


def configure_logging(level: str) -> None:
    """Log from this severity on; the libraries only warn."""
    logging.basicConfig(level=level, stream=sys.stderr, format="[%(asctime)s] %(levelname)s %(name)s: %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def leave(code: int) -> NoReturn:
    """End the process at once: functions still running, and the app's own threads, must not keep it."""
    try:
        logging.shutdown()
        sys.stdout.flush()  # to a reader that is gone, maybe
    finally:
        os._exit(code)
