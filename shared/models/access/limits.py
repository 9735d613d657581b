"""The limits of an account's ring: what no pool and no request may go beyond."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.models.access.roles import TwoPeople
from shared.models.base import WHOLE, Name, Record, UtcTime
from shared.models.policy import CanaryHosts, MaxShare, MinShare, ScheduleMode
from shared.models.pools import Ring
from shared.models.windows import Windows

NoticeMinutes = Annotated[int, Field(ge=0, le=10_080), WHOLE]


class Limits(Record):
    """Set by an admin, laid over every request and pool policy. None or empty: no limit."""

    account: Name
    ring: Ring
    least_min_available: MinShare | None = None
    most_max_unavailable: MaxShare | None = None
    modes: tuple[ScheduleMode, ...] = ()
    """The allowed modes."""
    windows: Windows = ()
    """Every rollout keeps to windows within these, in the pool's time zone."""
    least_canary_hosts: CanaryHosts = 0
    notice_minutes: NoticeMinutes = 0
    """Least time between a request and the moment when people are signed out."""
    two_people: TwoPeople = TwoPeople.AUTO
    """Whether rollouts wait for a second person."""
    removed: bool = False
    """They were removed, and limit nothing: the row only keeps who did that, who is not a second person."""
    changed_by: str = ""
    changed_by_id: str = ""
    """The id of the caller who set them."""
    changed_at: UtcTime
