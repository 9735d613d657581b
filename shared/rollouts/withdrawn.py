"""Stops the open rollouts of a version that was withdrawn: rolled back, discarded, or failed in its test."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from shared.core.codes import Code
from shared.core.errors import Conflict, NotFound
from shared.core.hrefs import rollout_href, versions_href
from shared.core.states import RolloutState
from shared.models.messages import Message, message
from shared.models.rollouts import Rollout, RolloutKind
from shared.models.withdrawals import RolloutsOfVersion, StoppedRollout
from shared.ports.engine import Engine
from shared.records.change import change
from shared.rollouts import control
from shared.services import POOLS, ROLLOUTS, Services

log = logging.getLogger(__name__)

GONE_FOR_GOOD = "Cancel this rollout, or roll it back if it has begun."
"""What to do with a stopped rollout whose version is for no pool any more."""


def open_rollouts(services: Services, image: str, version: str) -> Iterator[Rollout]:
    """The open rollouts that bring pools to the version, also those that have not begun.

    Not those that are rolling back or being cancelled already: they leave the version. A refresh follows its pool.
    """
    for pool in services.pools.all(POOLS):
        rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
        if rollout is None or rollout.state.ended or (rollout.image, rollout.version) != (image, version):
            continue
        leaves = rollout.rolling_back or rollout.state is RolloutState.CANCELLING
        if not leaves and rollout.kind is not RolloutKind.REFRESH:
            yield rollout


def stop_rollouts(
    services: Services,
    engine: Engine,
    image: str,
    version: str,
    how: RolloutsOfVersion,
    *,
    who: str,
    reason: str,
    what_to_do: str = GONE_FOR_GOOD,
    chosen: Callable[[Rollout], bool] = lambda _: True,
) -> tuple[StoppedRollout, ...]:
    """Pause or cancel the open rollouts of a version, and name them. Safe to repeat. Raises AzureBusy.

    `reason` says what happened to the version, as a clause; `what_to_do` is a sentence. A rollout that ends at the same
    time is left out.
    """
    stopped = []
    for rollout in open_rollouts(services, image, version):
        if not chosen(rollout):
            continue
        try:
            state = _stop(services, engine, rollout, how, who, reason, what_to_do)
        except (Conflict, NotFound) as error:
            log.info("rollout %s could not be stopped: %s", rollout.id, error)
            continue
        stopped.append(
            StoppedRollout(pool=rollout.pool, rollout=rollout.id, state=state, href=rollout_href(rollout.id))
        )
    return tuple(stopped)


def _stop(
    services: Services,
    engine: Engine,
    rollout: Rollout,
    how: RolloutsOfVersion,
    who: str,
    reason: str,
    what_to_do: str,
) -> RolloutState:
    if how is RolloutsOfVersion.CANCEL:
        note = _note(rollout, f"Cancelled by {who}: {reason}.")
        return control.cancel(services, engine, rollout.id, who, note=note).state
    note = _note(rollout, f"Stopped by {who}: {reason}. {what_to_do}")
    if rollout.state is RolloutState.PAUSED:
        _note_on_paused(services, rollout, note)
        return rollout.state
    return control.pause(services, engine, rollout.id, who, note=note).state


def _note_on_paused(services: Services, rollout: Rollout, note: Message) -> None:
    """Say on a rollout that is paused for another reason that its version was withdrawn: its resume would not."""

    def decide(row: Rollout) -> Rollout | None:
        return row.replace(note=note) if row.state is RolloutState.PAUSED else None

    change(services.rollouts, (ROLLOUTS, rollout.id), decide, describe="rollout")


def _note(rollout: Rollout, text: str) -> Message:
    return message(Code.VERSION_WITHDRAWN, text, href=versions_href(rollout.image))
