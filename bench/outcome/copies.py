"""The pool at START: filled once, and copied for every policy."""

from __future__ import annotations

import pickle
from typing import Any

from bench.outcome.people import HOUR, START, Trace
from bench.outcome.pool import Pool

NO_TRACE = Trace("", 0, 0, 0.0, ())


def fill_pool(trace: Trace, **given: Any) -> Pool:
    """Create a pool and run it to START. The result is the same for all policies."""
    pool = Pool(trace, **given)
    pool.run(START)
    pool.begin()
    return pool


def pickle_pool(pool: Pool) -> bytes:
    """Pickle the current state of a pool, without its trace, which never changes."""
    trace, pool.trace = pool.trace, NO_TRACE
    try:
        return pickle.dumps(pool)
    finally:
        pool.trace = trace


def unpickle_pool(pool: bytes, trace: Trace) -> Pool:
    """Create a copy of the pool from its pickled state."""
    copy: Pool = pickle.loads(pool)  # noqa: S301 - made by `pickle_pool` in this process
    copy.trace = trace
    return copy


def hours(seconds: float) -> float:
    """Hours since START."""
    return (seconds - START) / HOUR
