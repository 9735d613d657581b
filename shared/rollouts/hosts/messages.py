"""Messages to the users of one host, and the record of who was told what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from shared.core.errors import AzureBusy, AzureRefused
from shared.core.time_zones import moment_text
from shared.models.host_parts import Warnings
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.people.notices import TELL_LIMIT
from shared.planning.values import NoticeKind, SessionNotice
from shared.services import Services

TITLE = "Update of this desktop"

_OFF = "The update of this desktop is off for now: you will not be signed out. Before an update, you are told again."


def tell(
    services: Services,
    rollout: Rollout,
    pool: Pool,
    row: RolloutHost,
    notices: Sequence[SessionNotice],
    listed: Collection[str],
) -> RolloutHost:
    """Send the messages of one host and record what each session was told; `listed` are the host's sessions now.

    A session that Azure refuses to tell is recorded too: its sign-out must not wait for ever, and repeating the attempt
    would tell the others each time. Messages that Azure was too busy for are left to the next pass, up to TELL_LIMIT.
    """
    now = services.now()
    told = {session: known for session, known in row.warnings.told.items() if session in listed}
    error, busy_since = row.error, row.warnings.busy_since
    gives_up = busy_since is not None and now >= busy_since + TELL_LIMIT
    busy = False
    for notice in notices:
        text = text_for_user(rollout, pool, notice, now)
        try:
            services.host_pools.send_message(pool.host_pool_id, row.host, notice.session, TITLE, text)
        except AzureBusy as throttled:
            if not gives_up:
                busy = True
                break
            error = str(throttled)
        except AzureRefused as refused:
            error = str(refused)
        told[notice.session] = notice.told
    return row.replace(warnings=Warnings(told=told, busy_since=(busy_since or now) if busy else None), error=error)


def text_for_user(rollout: Rollout, pool: Pool, notice: SessionNotice, now: datetime) -> str:
    """The text of a message. Times are in the pool's zone, where the users are."""
    deadline = notice.told.deadline
    if deadline is None:
        return _OFF
    if notice.kind is NoticeKind.MOVED:
        when = moment_text(deadline, now, rollout.zone)
        return f"The update of this desktop has moved: you will be signed out at {when}. Please save your work before."
    return rollout.policy.warning(deadline, now, rollout.zone, pool.name)
