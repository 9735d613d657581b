"""A pass that cannot read its pool: it waits, and ends the rollout once the host pool is taken for gone.

A refresh has no end: it gives its hosts back, and goes on when the pool can be read again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from shared.core.codes import Code
from shared.core.errors import AzureBusy, AzureError
from shared.core.hrefs import pool_href
from shared.core.states import RolloutState
from shared.models.messages import Message, message, quote
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.ports.engine import Engine
from shared.records.change import change
from shared.records.unreadable_pools import SHORT, gone_at, is_gone, is_no_outage, note_reading
from shared.rollouts.hosts.lost_pool import LostPool, end_rollout
from shared.rollouts.reconcile.answer import PassResult
from shared.rollouts.reconcile.start_hosts import start_hosts
from shared.rollouts.refresh.exclusion import signal_refresh
from shared.services import ROLLOUTS, Services

log = logging.getLogger("freshcoat.reconcile")

_HOST = message(Code.POOL_GONE, "the host pool is gone or cannot be read any more")


def pass_unread(
    services: Services, engine: Engine, rollout: Rollout, pool: Pool, run: int, error: AzureError
) -> PassResult:
    """What a pass does that could not read its pool."""
    now = services.now()
    log.warning("rollout %s: the pool cannot be read now: %s", rollout.id, error)
    pool = note_reading(services, pool, error)
    if not _is_over(services, rollout, pool, error):
        return _wait(services, rollout, pool, error, now)
    if isinstance(error, AzureBusy) and rollout.kind is RolloutKind.REFRESH and rollout.state is not _CANCELLING:
        return _wait(services, rollout, pool, error, now)
    rows = services.hosts.all(rollout.id)
    left = LostPool(services, pool, _HOST, given_up=is_gone(services, pool)).end_hosts(rows)
    in_work = {row.host: row for row in left if row.state.in_work}
    start_hosts(services, engine, [], in_work, new_run=rollout.progress.adopted_run != run, now=now)
    if left or (rollout.kind is RolloutKind.REFRESH and rollout.state is not _CANCELLING):
        return _wait(services, rollout, pool, error, now)
    log.error("rollout %s ends, because its host pool is gone: %s", rollout.id, error)
    ended = end_rollout(services, rollout, _note_at_end(error))
    signal_refresh(services, engine, pool, f"rollout {rollout.id} is {ended.state}")
    return PassResult(ended=True, state=ended.state)


_CANCELLING = RolloutState.CANCELLING


def _is_over(services: Services, rollout: Rollout, pool: Pool, error: AzureError) -> bool:
    """Whether the pool is not waited for any more: after the limit, or at once when somebody cancelled."""
    if is_gone(services, pool):
        return True
    try:
        return rollout.state is _CANCELLING and is_no_outage(services, pool, error)
    except AzureError:
        return pool.unreadable_since is not None and services.now() >= pool.unreadable_since + SHORT


def _wait(services: Services, rollout: Rollout, pool: Pool, error: AzureError, now: datetime) -> PassResult:
    """Tell it on the rollout, and try again: slowly if it needs a person."""
    busy, pause = isinstance(error, AzureBusy), services.settings.azure_pause
    wait = error.retry_after or pause if busy else max(pause, rollout.policy.poll_seconds)
    if not busy or (pool.unreadable_since and now >= pool.unreadable_since + SHORT):
        rollout = _told(services, rollout, _note(services, rollout, pool, error))
    return PassResult(ended=False, state=rollout.state, next_pass_at=now + timedelta(seconds=wait))


def _told(services: Services, rollout: Rollout, note: Message) -> Rollout:
    def decide(found: Rollout) -> Rollout | None:
        told = found.progress.replace(unreadable=note, suspended_since=None)
        return None if told is found.progress else found.model_copy(update={"progress": told})

    return change(services.rollouts, (ROLLOUTS, rollout.id), decide, describe="rollout", retried=True)[1]


def _note(services: Services, rollout: Rollout, pool: Pool, error: AzureError) -> Message:
    what = "its hosts are given back" if rollout.kind is RolloutKind.REFRESH else "the rollout ends"
    text = f"The pool cannot be read: {quote(_answer(error))}. If that lasts, {what}."
    return message(Code.POOL_UNREADABLE, text, at=gone_at(services, pool), href=pool_href(pool.name))


def _note_at_end(error: AzureError) -> Message:
    text = f"The host pool is gone or cannot be read any more: {quote(_answer(error))}. Register the pool anew."
    return message(Code.POOL_GONE, text)


def _answer(error: AzureError) -> str:
    return f"{error.code}: {error.message}"
