"""A replaced VM that Azure refuses to create again: until it is there, no other host is risked. Pure."""

from __future__ import annotations

from shared.core.codes import Code
from shared.models.host_parts import WaitKind
from shared.models.messages import Message, message
from shared.planning.values import Snapshot


def waits_for_lost_host(snapshot: Snapshot) -> Message | None:
    """Why no host may be begun now; None when none is lost. A roll-back goes on: most hosts keep their VMs in it."""
    if snapshot.rolling_back:
        return None
    lost = [view for view in snapshot.hosts if view.row.state.in_work and view.row.azure_wait.kind is WaitKind.HELD]
    if not lost:
        return None
    text = f"waits until {lost[0].name} can be created again: other hosts could be lost in the same way"
    return message(Code.WAITS_FOR_LOST_HOST, text, count=len(lost))
