"""The pool when the new image is published: filled once, and copied for every policy that is tried on it."""

from __future__ import annotations

import pickle
from typing import Any

from bench.outcome.people import HOUR, START, Trace
from bench.outcome.pool import Pool

NO_TRACE = Trace("", 0, 0, 0.0, ())


def filled(trace: Trace, **given: Any) -> Pool:
    """The pool at START: what it is before anybody publishes anything, so it is made once for all policies."""
    pool = Pool(trace, **given)
    pool.run(START)
    pool.begin()
    return pool


def kept(pool: Pool) -> bytes:
    """The pool as it is now, to try many policies on; all but its trace, which nothing changes."""
    trace, pool.trace = pool.trace, NO_TRACE
    try:
        return pickle.dumps(pool)
    finally:
        pool.trace = trace


def copied(pool: bytes, trace: Trace) -> Pool:
    """The pool that was kept."""
    copy: Pool = pickle.loads(pool)  # noqa: S301 - made by `kept` in this process
    copy.trace = trace
    return copy


def hours(seconds: float) -> float:
    """Hours since START."""
    return (seconds - START) / HOUR
