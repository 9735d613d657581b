"""Whole rollouts, driven by chance: hypothesis draws what happens next, `judge` looks at everything that is done.

A run is one pool from a request to the end of all that came of it. What it draws shrinks to the least that fails.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.models.azure import Lock
from shared.states import HostState
from tests.fixtures.azure_world import GROUP
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.picks import Picks
from tests.promises.ending import Ending
from tests.promises.judge import OVER
from tests.promises.outside import Outside
from tests.promises.setting import STAGED, policy_of, pool_of, schedule_of
from tests.promises.stage import Stage
from tests.promises.tally import TALLY
from tests.promises.trouble import KINDS, READS, Trouble

BYTES = st.binary(min_size=12, max_size=12)
MANY = st.binary(min_size=64, max_size=64)
WHO = st.integers(0, 59)
PEOPLE = ("log_on", "log_off", "one_leaves", "log_on", "disconnect")
OTHERS = ("switch_off", "switch_on", "add_host", "remove_host", "drain", "undrain", "delete_vm", "recreate")
DURING = ("log_on", "log_off", "one_leaves", "switch_off", "add_host", "remove_host")
COMMANDS = (
    "fitting", "fitting", "fitting", "pause", "resume", "approve", "retry", "reschedule", "cancel leave",
    "cancel roll_back", "roll-back", "refresh after_logoff", "refresh daily", "refresh off",
)  # fmt: skip
FITTING = {
    "scheduled": ("reschedule", "pause", "cancel leave"),
    "running": ("pause", "reschedule", "cancel roll_back", "retry", "pause", "cancel leave"),
    "paused": ("resume", "retry", "cancel roll_back", "cancel leave", "reschedule"),
    "awaiting_approval": ("approve", "approve", "cancel roll_back", "pause", "cancel leave"),
    "rolling_back": ("pause", "retry", "reschedule", "cancel leave"),
    "cancelling": ("cancel roll_back",),
    "failed": ("retry", "roll-back"),
    "succeeded": ("roll-back", "refresh after_logoff"),
    "cancelled": ("retry", "roll-back"),
    "rolled_back": ("refresh daily",),
}
"""What one tells a rollout that is in this state."""
LOOKED_AT = ("session_hosts", "host_pool", "machine", "set_accepting", "update", "user_sessions")
MINUTES = st.sampled_from([1.0, 0.1, 0.5, 3.0, 10.0, 30.0, 90.0])


class Rollouts(RuleBasedStateMachine):
    """One pool, everybody who has to do with it, and the product."""

    stage: Stage

    @initialize(setting=MANY, asked=MANY, end=BYTES)
    def begin(self, setting: bytes, asked: bytes, end: bytes) -> None:
        """A pool, and a request."""
        self.stage, self.end = Stage(pool_of(setting)), end
        self.outside = Outside(self.stage)
        self.trouble = Trouble(self.stage)
        self.ending = Ending(self.stage, self.outside, self.trouble)
        logging.getLogger("freshcoat").addHandler(self.stage.log)
        picks = Picks(asked)
        if picks.chance(6):
            self._ask_what_cannot_be(picks)
        self._ask(picks)
        if self.stage.watch.newest() is None:  # its moment was outside the windows
            self._ask(Picks(b"\0" * len(asked)))

    # What operators want.

    def _ask(self, picks: Picks) -> None:
        """Ask for a version; a second time while one runs it is refused, and the one that runs is named."""
        pool, running = self.stage.watch.pool, self._running()
        version = NEW if pool.version == OLD else OLD
        if pool.ring == "test" and picks.chance(2):
            version = STAGED
        body = {
            "version": version,
            "allow_downgrade": True,
            "schedule": schedule_of(picks, self.stage.app),
            "policy": policy_of(picks),
        }
        reply = self.stage.send("/api/pools/office/update-image", body)
        if reply and reply.status == 202:
            assert not running, reply.text
            self._count("request")
        elif reply and running and running.state not in OVER:
            assert reply.status in {400, 409, 422, 502, 503}, reply.text
            if reply.status == 409:
                assert reply.json["rollout"] == running.id
                self._count("second request refused")

    def _ask_what_cannot_be(self, picks: Picks) -> None:
        """Promise 6: a broken policy, image or permission stops it before anything is touched, and says why."""
        world, before = self.stage.app.world, self._untouched()
        body: dict[str, Any] = {"version": NEW, "allow_downgrade": True, "schedule": {"mode": "now"}}
        kept = world.permissions, dict(world.versions), world.pools.copy()
        broken = picks.one(("policy", "version", "replicas", "permission", "lock"))
        match broken:
            case "policy":
                body["policy"] = picks.one(({"max_unavailable": "0%"}, {"retries": 9}, {"size": 1}))
            case "version":
                body["version"] = "9.0.0"
            case "replicas":
                world.add_version(NEW, replicas=0)
            case "permission":
                world.permissions = world.permissions.model_copy(update={"granted": ()})
            case _:
                world.locks.append(Lock(name="keep", level="ReadOnly", scope=GROUP))
        reply = self.stage.send("/api/pools/office/update-image", body)
        assert reply is not None
        assert reply.status in {400, 409, 422}, reply.text
        assert reply.json["detail"]
        assert self._untouched() == before
        self._count(f"refused: {broken}")
        world.permissions, world.pools = kept[0], kept[2]
        world.locks.clear()
        world.add_version(NEW)

    def _untouched(self) -> Any:
        world = self.stage.app.world
        return dict(self.stage.watch.hosts), dict(world.machines), self.stage.watch.rollouts()

    def _running(self) -> Any:
        pool = self.stage.watch.pool
        return next((r for r in self.stage.watch.rollouts() if r.id == pool.running_rollout), None)

    def _count(self, what: str) -> None:
        self.stage.counted[what] += 1

    # What happens. After each of it time passes, if only a few seconds.

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: float) -> None:
        """Everything goes on."""
        self.stage.pass_time(minutes)

    @rule(kind=st.sampled_from(KINDS), who=WHO, minutes=MINUTES)
    def something_fails(self, kind: str, who: int, minutes: float) -> None:
        """What is done with one of the hosts next does not work."""
        self._count("trouble: host fails")
        self.trouble.fail(kind, who)
        self.stage.pass_time(minutes)

    @rule(what=st.sampled_from(PEOPLE), who=WHO, minutes=MINUTES)
    def people(self, what: str, who: int, minutes: float) -> None:
        """Somebody logs on or off."""
        getattr(self.outside, what)(who)
        self.stage.pass_time(minutes)

    @rule(what=st.sampled_from(OTHERS), who=WHO, minutes=MINUTES)
    def others(self, what: str, who: int, minutes: float) -> None:
        """Autoscale, an operator by hand, or somebody who does not know of us."""
        self._others(what, who)
        self.stage.pass_time(minutes)

    def _others(self, what: str, who: int) -> None:
        if what == "add_host":
            self.outside.add_host(self.given_out())
        else:
            getattr(self.outside, what)(who)

    @rule(drawn=BYTES, minutes=MINUTES)
    def trouble_comes(self, drawn: bytes, minutes: float) -> None:
        """Azure, a table or the engine fails."""
        self._count(f"trouble: {self.trouble.make(Picks(drawn))}")
        self.stage.pass_time(minutes)

    @rule(minutes=MINUTES)
    def trouble_ends(self, minutes: float) -> None:
        """All is well again."""
        self.trouble.over()
        self.stage.pass_time(minutes)

    @rule(calls=st.integers(1, 80), engine_lives=st.booleans(), minutes=MINUTES)
    def the_process_dies(self, calls: int, engine_lives: bool, minutes: float) -> None:
        """At a call that comes soon; with the engine, or the engine goes on."""
        self.stage.die_soon(calls, engine_lives=engine_lives)
        self.stage.pass_time(minutes)

    @rule(method=st.sampled_from(READS), what=st.sampled_from(DURING), who=WHO, minutes=MINUTES)
    def in_between(self, method: str, what: str, who: int, minutes: float) -> None:
        """Something happens while the product reads."""
        self.stage.meanwhile(method, lambda: self._others(what, who))
        self.stage.pass_time(minutes)

    @rule(told=st.sampled_from(COMMANDS), minutes=MINUTES)
    def a_command(self, told: str, minutes: float) -> None:
        """An operator tells the rollout something."""
        self._tell(told)
        self.stage.pass_time(minutes)

    @rule(told=st.sampled_from(COMMANDS), method=st.sampled_from(LOOKED_AT), minutes=MINUTES)
    def a_command_during_a_look(self, told: str, method: str, minutes: float) -> None:
        """An operator tells the rollout something while it looks."""
        self.stage.meanwhile(method, lambda: self._tell(told))
        self.stage.pass_time(minutes)

    def _tell(self, told: str) -> None:
        running = self._running() or self.stage.watch.newest()
        if running is None:
            return
        if told == "fitting":
            told = FITTING[running.state][self.stage.calls % len(FITTING[running.state])]
        if told.startswith("refresh"):
            self._count(told)
            self.ending.refresh(told.split()[1])
            return
        path, _, how = told.partition(" ")
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
            self._count(told if reply.status == 202 else f"{told} refused")

    @rule(drawn=MANY, minutes=MINUTES)
    def another_request(self, drawn: bytes, minutes: float) -> None:
        """Somebody asks for a version."""
        self._ask(Picks(drawn))
        self.stage.pass_time(minutes)

    @invariant()
    def new_hosts_get_what_was_released(self) -> None:
        """Promise 4; and the report can be read at any time."""
        if not hasattr(self, "stage"):
            return
        self.given_out()
        if running := self._running():
            reply = self.stage.send(f"/api/rollouts/{running.id}", method="GET")
            assert reply is None or reply.status in {200, 503}, reply.text
            if reply and reply.status == 200:
                assert 0 <= reply.json["percent"] <= 100
                assert sum(reply.json["counts"].values()) == reply.json["hosts"]
        assert not self.stage.app.world.violations, self.stage.app.world.violations

    def given_out(self) -> str | None:
        """The version a new host gets now."""
        reply = self.stage.send("/api/pools/office/image", method="GET")
        if reply is None or reply.status != 200:
            return None
        version = str(reply.json["version"])
        assert version != STAGED, reply.json
        running = self._running()
        if running and running.state not in OVER and version == running.version and running.kind == "update":
            rows = self.stage.watch.rows(running.id)
            proved = any(row.proved_at or row.state is HostState.DONE for row in rows)
            assert proved or version in {running.from_version, self.stage.watch.pool.previous_version}, reply.json
        return version

    def teardown(self) -> None:
        """The end."""
        if not hasattr(self, "stage"):
            return
        try:
            self.ending.come_to_it(Picks(self.end * 9))
            self.ending.check()
            assert not self.stage.app.world.violations, self.stage.app.world.violations
            TALLY.add(self.stage)
        finally:
            logging.getLogger("freshcoat").removeHandler(self.stage.log)
