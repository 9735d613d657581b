"""How host and workers log: to standard error, a line each."""

from __future__ import annotations

import logging
import sys

_QUIET = ("azure.core", "azure.identity", "azure.durable_functions", "durabletask", "uvicorn", "urllib3")


def configure_logging(level: str) -> None:
    """Log from this severity on; the libraries only warn."""
    logging.basicConfig(level=level, stream=sys.stderr, format="[%(asctime)s] %(levelname)s %(name)s: %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
