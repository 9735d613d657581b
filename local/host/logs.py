"""Logging of host and workers to standard error, and ending a process."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

_QUIET = ("azure.core", "azure.identity", "azure.durable_functions", "durabletask", "uvicorn", "urllib3")


def configure_logging(level: str) -> None:
    """Log messages of this severity and above; from the libraries only warnings and errors."""
    logging.basicConfig(level=level, stream=sys.stderr, format="[%(asctime)s] %(levelname)s %(name)s: %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def leave(code: int) -> NoReturn:
    """End the process immediately, without waiting for running functions or the app's threads."""
    try:
        logging.shutdown()
        sys.stdout.flush()  # may fail when the reader is gone
    finally:
        os._exit(code)
