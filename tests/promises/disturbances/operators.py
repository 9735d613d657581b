"""What operators ask for and tell a rollout, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.fixtures.builders import NEW, OLD
from tests.fixtures.picks import Picks
from tests.promises.checks.outcome_checks import Ending
from tests.promises.checks.snapshot_check import OVER
from tests.promises.pool_setup import STAGED, policy_of, schedule_of
from tests.promises.scenario import Stage

COMMANDS = (
    "fitting", "fitting", "fitting", "pause", "resume", "approve", "retry", "reschedule", "cancel leave",
    "cancel roll_back", "cancel roll_back", "roll-back", "refresh after_logoff", "refresh daily", "refresh off",
    "change", "change",
)  # fmt: skip
FITTING = {
    "scheduled": ("reschedule", "pause", "change", "cancel leave"),
    "running": ("pause", "reschedule", "cancel roll_back", "retry", "change", "change", "cancel leave"),
    "paused": ("resume", "retry", "cancel roll_back", "cancel leave", "reschedule"),
    "awaiting_approval": ("approve", "approve", "cancel roll_back", "pause", "cancel leave"),
    "rolling_back": ("pause", "retry", "reschedule", "change", "cancel leave"),
    "cancelling": ("cancel roll_back",),
    "failed": ("retry", "roll-back"),
    "succeeded": ("roll-back", "refresh after_logoff"),
    "cancelled": ("retry", "roll-back"),
    "rolled_back": ("refresh daily",),
}
"""What one tells a rollout that is in this state."""


class Operators:
    """Ask and tell; what a reply must be is looked at here."""

    def __init__(self, stage: Stage, ending: Ending) -> None:
        self.stage, self.ending, self.watch = stage, ending, stage.watch

    def ask(self, picks: Picks) -> None:
        """Ask for a version; a second time while one runs it is refused, and the one that runs is named."""
        pool, running = self.watch.pool, self.watch.running()
        version = NEW if pool.version == OLD else OLD
        if pool.ring == "test" and picks.chance(2):
            version = STAGED
        body = {
            "version": version,
            "allow_downgrade": True,
            "schedule": schedule_of(picks, self.stage.app),
            "policy": policy_of(picks),
        }
        hosts = sorted(self.watch.hosts)
        if hosts and picks.chance(4):
            body |= picks.one(
                ({"exclude": hosts[:1]}, {"only": hosts[-1:]}, {"only": hosts[:2], "for_new_hosts": True})
            )
        reply = self.stage.send("/api/pools/office/update-image", body)
        if reply is None:
            return
        assert reply.status != 422 or "slow down" not in reply.text, reply.text
        if reply.status == 202:
            assert not running or running.state in OVER, reply.text
            self.stage.counted["request"] += 1
        elif running and running.state not in OVER:
            assert reply.status in {400, 409, 422, 502, 503}, reply.text
            if reply.status == 409:
                assert reply.json["rollout"] == running.id
                self.stage.counted["second request refused"] += 1

    def people_must_go(self) -> bool:
        """Whether the rollout that runs may end sessions now."""
        running = self.watch.running()
        return running is not None and self.watch.forced(running)

    def tell(self, text: str) -> None:
        """One command to the rollout that runs, or to the last one."""
        running = self.watch.running() or self.watch.newest()
        if running is None:
            return
        if text == "fitting":
            text = FITTING[running.state][self.stage.calls % len(FITTING[running.state])]
        if text.startswith("refresh"):
            self.stage.counted[text] += 1
            self.ending.refresh(text.split()[1])
            return
        if text == "change":
            self.change(self.stage.calls)
            return
        path, _, how = text.partition(" ")
        body: dict[str, Any] | None = {"how": how} if how else None
        url = f"/api/rollouts/{running.id}/{path}"
        match path:
            case "reschedule":
                moment = max(self.stage.app.now, running.schedule.force_at) + timedelta(minutes=20)
                body = {"at" if running.schedule.mode == "at" else "deadline": moment.isoformat()}
            case "roll-back":
                url = "/api/pools/office/roll-back"
        reply = self.stage.send(url, body)
        if reply:
            self.stage.counted[text if reply.status == 202 else f"{text} refused"] += 1

    def change(self, number: int) -> None:
        """Another limit, another host that is left out, an answer to a question."""
        running, hosts = self.watch.running(), sorted(self.watch.hosts)
        if running is None:
            return
        bodies: tuple[dict[str, Any], ...] = (
            {"exclude": hosts[number % len(hosts) :][:1] if hosts else []},
            {"policy": {"max_unavailable": "100%", "max_in_flight": 5, "min_available": 0}},
            {"policy": {"max_unavailable": 1, "min_available": "50%"}},
            {"exclude": None},
            {"drain_again": hosts},
            {"policy": {"warn_minutes": [30, 5], "max_failed": 3, "retries": 0}},
        )
        body = bodies[number % len(bodies)]
        reply = self.stage.send(f"/api/rollouts/{running.id}", body, method="PATCH")
        if reply is None or reply.status == 202:
            self.watch.changes(body)
        if reply:
            self.stage.counted[f"change {next(iter(body))}" if reply.status == 202 else "change refused"] += 1
