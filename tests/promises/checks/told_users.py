"""Judges what users are told: nobody is signed out unwarned or too early, and nobody is left with a false alarm."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.core.states import HostState
from shared.models.rollout_parts import LEFT_OUT_BY_NAME
from shared.models.rollouts import Rollout, RolloutHost
from tests.fixtures.app import App
from tests.fixtures.world.azure import HOST_POOL_ID
from tests.promises.checks.snapshot_check import ENDS, IN_HAND, IN_WORK, OVER, Sight

BUSY_FOR = timedelta(minutes=15)
"""For so long a sign-out waits for messages that Azure is too busy for."""
_PROMISE = re.compile(r"signed out at (\d\d):(\d\d)(?: on \w{3} (\d+) (\w{3}) (\d{4}))?")


class ToldUsers(Sight):
    """What each session was told, by the texts that Azure took."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.promised: dict[str, datetime] = {}
        """Session -> when its user expects to be signed out."""
        self.told_by: dict[str, str] = {}
        self.untellable: set[str] = set()
        """Sessions for which Azure refused a message."""
        self._busy_since: dict[str, datetime] = {}

    def tells(self, host: str, session: str, text: str) -> None:
        """Azure takes a message."""
        self._busy_since.pop(session, None)
        self.told_by[session] = self.acting
        found = _PROMISE.search(text)
        if found is None:
            self.promised.pop(session, None)
            return
        if "has moved" not in text:
            self._is_taken(host)
        self.promised[session] = self._moment(found)

    def taken_in_again(self, rollout: Rollout, before: RolloutHost) -> bool:
        """Whether a host that was left out by name is not any more."""
        by_name = before.reason is not None and before.reason.code in LEFT_OUT_BY_NAME
        return before.state is HostState.SKIPPED and by_name and rollout.why_left_out(before) is None

    def _moment(self, found: re.Match[str]) -> datetime:
        zone = ZoneInfo(self.pool.time_zone)
        day = self.app.now.astimezone(zone)
        if found[3]:
            day = datetime.strptime(f"{found[3]} {found[4]} {found[5]}", "%d %b %Y").replace(tzinfo=zone)
        return day.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)

    def _is_taken(self, host: str) -> None:
        """Users are warned only on hosts that the rollout will take."""
        rollout, row = self.rollout(), self.row(host)
        # A pass writes that a host is not left out any more when it has told its users.
        ended = row is not None and row.state in ENDS and not self.taken_in_again(rollout, row)
        if row is None or ended or row.state in IN_WORK or rollout.state in OVER:
            self.broken(0, f"somebody on {host} is warned, and its row says {row and row.state}")
            return
        if left_out := rollout.why_left_out(row):
            self.broken(0, f"somebody on {host} is warned, and the host is left out: {left_out}")
        # A pass finds out which hosts are rolled back, and writes it on their rows when it has told their users.
        stays = rollout.rolling_back and not row.rolling_back and row.version != rollout.version
        there = not rollout.rolling_back and row.version == rollout.version and not row.drained_by_earlier_failure
        if row.state not in IN_HAND and (stays or there):
            self.broken(0, f"somebody on {host} is warned, and the host is on {row.version} already")

    def cannot_tell(self, session: str, *, busy: bool) -> None:
        """Azure does not take a message: for good, or because it is busy."""
        if not busy or self.app.now >= self._busy_since.setdefault(session, self.app.now) + BUSY_FOR:
            self.untellable.add(session)
            self.app.world.expecting.add(session)

    def ends_session(self, host: str, session: str) -> None:
        """Whoever is signed out was told so, and not that it comes later."""
        if session in self.untellable:
            return
        promised = self.promised.get(session)
        if promised is None:
            self.broken(1, f"session {session} on {host} is signed out without a word")
        elif self.app.now < promised:
            self.broken(
                1, f"session {session} on {host} is signed out before {promised:%d %H:%M}, of which it was told"
            )

    def nobody_is_left_warned(self, rollout: Rollout) -> None:
        """After the end nobody expects to be signed out who will not be, but where that did not work.

        While the pool cannot be read, nobody can be found to be told.
        """
        if self.pool.unreadable_since is not None:
            return
        failed = {row.host for row in self.rows(rollout.id) if row.state is HostState.FAILED}
        for one in self.app.world.sessions.get(HOST_POOL_ID.lower(), []):
            warned = self.told_by.get(one.id) == rollout.id and one.id in self.promised
            if warned and one.host not in failed and one.id not in self.untellable:
                self.broken(0, f"{rollout.id} is {rollout.state}, and session {one.id} on {one.host} is left warned")
