"""Judges the caps of an account by what Azure is asked to do: at no time more has begun than the caps allow by then.

What was reserved may reach Azure much later, when Azure is busy or the process dies. So what counts is the sum since
the run began, in as many hours as have begun; roll-backs have the same once more.
"""

from __future__ import annotations

from datetime import timedelta

from shared.services import CAPS
from tests.fixtures.app import App
from tests.promises.checks.told_users import ToldUsers

HOUR = timedelta(hours=1)


class WithinCaps(ToldUsers):
    """What has begun since the run began."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._begun: set[tuple[str, ...]] = set()
        self._ended: set[tuple[str, ...]] = set()

    def begins(self, *host: str) -> None:
        """A host is rebuilt: its rollout, its name, and when it was begun."""
        self._begun.add(host)
        self._is_within("hosts_per_hour", len(self._begun))

    def ends_session(self, host: str, session: str) -> None:
        """A session is ended."""
        super().ends_session(host, session)
        self._ended.add((host, session))
        self._is_within("sign_outs_per_hour", len(self._ended))

    def _is_within(self, name: str, number: int) -> None:
        row = self.app.tables.caps.find(CAPS, "default")
        cap = getattr(row, name) if row else None
        if row is None or cap is None:
            return
        hours = (self.app.now - row.changed_at) // HOUR + 1
        allowed = cap * hours * (2 if any(rollout.rolling_back for rollout in self.rollouts()) else 1)
        if number > allowed:
            self.broken(0, f"{number} have begun, and {name} allows {allowed} until now")
