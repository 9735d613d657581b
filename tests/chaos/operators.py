"""What people ask for and tell the rollouts of a pool, and what the simulated Azure is told to expect of that."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.plan import Plan
from tests.chaos.stack import ChaosStack
from tests.end_to_end.conftest import ENDED
from tests.promises.disturbances.operators import FITTING

OLD, NEW = "1.0.0", "2.0.0"


class Operators:
    """The people of one pool. Each request goes to one of the two function hosts."""

    def __init__(self, stack: ChaosStack, plan: Plan, pool: str) -> None:
        self.stack, self.plan, self.pool = stack, plan, pool
        self.accepted: set[str] = set()
        """The rollouts whose request was answered with 202."""
        self.listing = f"GET /rollouts?pool={pool}"
        """The request that lists all rollouts of the pool."""
        self._force_at = datetime.max.replace(tzinfo=UTC)
        self._lock = threading.Lock()
        self._expect(self._force_at)

    def _expect(self, force_at: datetime) -> None:
        """Sessions may be ended from this moment on, if no earlier one was asked for before."""
        with self._lock:
            self._force_at = min(self._force_at, force_at)
            expected = {"force_at": self._force_at.isoformat(), "min_accepting": self.plan.policy["min_available"]}
            self.stack.sim("POST", "/expect", {"pools": {f"hp-{self.pool}": expected}})

    def publish(self, host: int) -> None:
        """Ask for the new version."""
        moment = datetime.now(UTC) + timedelta(seconds=self.plan.due if self.plan.mode != "now" else 0)
        dates = {"at": {"at": moment.isoformat()}, "on_logoff": {"deadline": moment.isoformat()}}
        schedule = {"mode": self.plan.mode, **dates.get(self.plan.mode, {})}
        self._expect(moment)
        self._tell(host, f"/pools/{self.pool}/update-image", {"version": NEW, "schedule": schedule})

    def command(self, host: int, rng: random.Random) -> None:
        """Read the pool's newest rollout and tell it something that fits its state."""
        rollout = self.newest(host)
        if rollout is None:
            self.publish(host)
        else:
            self.tell(host, rollout, rng.choice(FITTING[rollout["state"]]))

    def tell(self, host: int, rollout: dict[str, Any], text: str) -> None:
        """Send one command."""
        command, _, how = text.partition(" ")
        later = datetime.now(UTC) + timedelta(seconds=3)
        path = f"/rollouts/{rollout['id']}/{command}"
        body: Any = {"how": how} if how else None
        match command:
            case "reschedule":
                body = {"at" if self.plan.mode == "at" else "deadline": later.isoformat()}
                self._expect(later)
            case "retry":  # of a rollout that has ended: a new one, which would begin at once without a date
                body = {"schedule": {"mode": "on_logoff", "deadline": later.isoformat()}}
                self._expect(later)
            case "roll-back":
                path = f"/pools/{self.pool}/roll-back"
                self._expect(datetime.now(UTC))
            case "refresh":
                path = f"/rollouts/{rollout['id']}/hosts"
        if command == "refresh":
            self.stack.call(host, "GET", path)
        else:
            self._tell(host, path, body)

    def _tell(self, host: int, path: str, body: Any) -> None:
        answer = self.stack.call(host, "POST", path, body)
        if answer is not None and answer.status_code == 202:
            self.accepted.add(answer.json()["id"])

    def newest(self, host: int) -> dict[str, Any] | None:
        """The pool's newest rollout; None when there is none, or no answer."""
        found = self.rollouts(host)
        return found[0] if found else None

    def rollouts(self, host: int) -> list[dict[str, Any]] | None:
        """The pool's rollouts, newest first; None without an answer."""
        answer = self.stack.call(host, *self.listing.split())
        if answer is None or answer.status_code != 200:
            return None
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def decide(self) -> bool:
        """Give the open rollouts what they wait for. Whether all have ended."""
        found = self.rollouts(0)
        waiting = [rollout for rollout in found or [] if rollout["state"] not in ENDED]
        for rollout in waiting:
            commands = {"paused": "resume", "awaiting_approval": "approve"}
            if command := commands.get(rollout["state"]):
                self.tell(0, rollout, command)
        return found is not None and not waiting
