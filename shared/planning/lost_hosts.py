"""A VM that Azure cannot provide again after we deleted or deallocated it: until then no other is risked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.core.codes import Code
from shared.models.host_parts import WaitKind
from shared.models.messages import Message, message
from shared.models.rollouts import RolloutHost
from shared.planning.values import Snapshot


def lost_hosts(rows: Iterable[RolloutHost]) -> list[RolloutHost]:
    """The hosts in work whose VM Azure cannot provide at the moment."""
    return [row for row in rows if row.state.in_work and row.azure_wait.kind is WaitKind.HELD]


def waits_for_lost_host(snapshot: Snapshot) -> Message | None:
    """Why no host may be begun now; None when none is lost. A roll-back goes on: most hosts keep their VMs in it."""
    if snapshot.rolling_back:
        return None
    return waits_for(lost_hosts(view.row for view in snapshot.hosts))


def waits_for(lost: Sequence[RolloutHost], now: datetime | None = None) -> Message | None:
    """What others wait for while these hosts are lost; None when none is. `now`: name the next try if it is ahead."""
    if not lost:
        return None
    tries = [row.azure_wait.until for row in lost if row.azure_wait.until and now and row.azure_wait.until >= now]
    text = f"waits until {lost[0].host} has its VM again: other hosts could be lost in the same way"
    return message(Code.WAITS_FOR_LOST_HOST, text, at=min(tries, default=None), count=len(lost))
