"""Whole rollouts, driven by chance: hypothesis draws what happens next, `judge` looks at everything that is done.

A run is one pool from a request to the end of all that came of it. What it draws shrinks to the least that fails.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.fixtures.picks import Picks
from tests.promises.checks.outcome_checks import Ending
from tests.promises.counters import TALLY
from tests.promises.disturbances.operators import COMMANDS, Operators
from tests.promises.disturbances.outside import Outside
from tests.promises.disturbances.refusals import Refusals
from tests.promises.disturbances.trouble import KINDS, READS, Trouble
from tests.promises.disturbances.withdrawals import WITHDRAWALS
from tests.promises.pool_setup import STAGED, pool_of
from tests.promises.scenario import Stage

BYTES = st.binary(min_size=12, max_size=12)
MANY = st.binary(min_size=64, max_size=64)
WHO = st.integers(0, 59)
PEOPLE = ("log_on", "log_off", "one_leaves", "log_on", "disconnect", "slip_in", "visit")
OTHERS = (
    "switch_off", "switch_on", "add_host", "remove_host", "drain", "undrain", "delete_vm", "recreate", "move",
    "tag", "untag",
)  # fmt: skip
DURING = ("log_on", "log_off", "one_leaves", "switch_off", "add_host", "remove_host", "slip_in")
LOOKED_AT = ("session_hosts", "host_pool", "machine", "set_accepting", "update", "user_sessions")
WHILE_WORKING = (*READS, "set_accepting", "update", "remove_session_host", "start_reimage", "start_register", "resume")
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
        self.operators = Operators(self.stage, self.ending)
        self.stage.log.begin()
        picks = Picks(asked)
        if picks.chance(6):
            self._count(f"refused: {Refusals(self.stage).ask(picks)}")
        if picks.chance(4):
            self._make_fresh(picks)
        self.operators.ask(picks)
        if self.stage.watch.newest() is None:  # its moment was outside the windows
            self.operators.ask(Picks(b"\0" * len(asked)))

    def _make_fresh(self, picks: Picks) -> None:
        """Hosts are being made fresh when somebody asks for a version."""
        self.ending.refresh("after_logoff")
        self.stage.pass_time(1.0)
        self.outside.log_off(picks.one(range(6)))
        self.stage.pass_time(picks.one((2.0, 4.0, 6.0)))

    def _count(self, what: str) -> None:
        self.stage.counted[what] += 1

    # What happens. After each of it time passes, if only a few seconds.

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: float) -> None:
        """Everything goes on."""
        self.stage.pass_time(minutes)

    @rule(kind=st.sampled_from(KINDS), who=WHO, late=st.sampled_from((False, False, True)), minutes=MINUTES)
    def something_fails(self, kind: str, who: int, late: bool, minutes: float) -> None:
        """What is done with one of the hosts next does not work, or does so too late."""
        self._count("trouble: host is late" if late else "trouble: host fails")
        (self.trouble.delay if late else self.trouble.fail)(kind, who)
        self.stage.pass_time(minutes)

    @rule(what=st.sampled_from(PEOPLE), who=WHO, minutes=MINUTES)
    def people(self, what: str, who: int, minutes: float) -> None:
        """Somebody logs on or off."""
        getattr(self.outside, what)(who)
        self.stage.pass_time(minutes)

    @rule(what=st.lists(st.sampled_from(OTHERS), min_size=1, max_size=2), who=WHO, minutes=MINUTES)
    def others(self, what: list[str], who: int, minutes: float) -> None:
        """Autoscale, an operator by hand, or somebody who does not know of us; perhaps two of them at once."""
        for one in what:
            self._others(one, who)
        self.stage.pass_time(minutes)

    @rule(who=WHO, minutes=MINUTES)
    def hosts_come_and_go(self, who: int, minutes: float) -> None:
        """An operator undrains a host, perhaps one of ours, as autoscale switches another one off."""
        self.outside.undrain(who)
        self.outside.switch_off(who)
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

    @rule(what=st.sampled_from(WITHDRAWALS), minutes=MINUTES)
    def what_was_true_is_so_no_longer(self, what: str, minutes: float) -> None:
        """Somebody takes away what a rollout was accepted by."""
        self._count(f"trouble: {what.replace('_', ' ')}")
        self.trouble.withdrawals.make(what)
        self.stage.pass_time(minutes)

    @rule(deleted=st.sampled_from((False, False, True)), minutes=MINUTES)
    def the_host_pool_goes(self, deleted: bool, minutes: float) -> None:
        """It is deleted, or the app may not read it until the trouble ends."""
        gone = self.ending.gone_pool
        (gone.delete if deleted else gone.close)()
        self._count("trouble: host pool deleted" if deleted else "trouble: host pool closed")
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

    @rule(method=st.sampled_from(WHILE_WORKING), minutes=MINUTES)
    def at_the_same_time(self, method: str, minutes: float) -> None:
        """Another worker does something while one is at work: a look, a step of a host, the timers."""
        self.stage.meanwhile(method, self.stage.another_worker)
        self.stage.pass_time(minutes)

    @rule(what=st.sampled_from(("undrain", "slip_in", "move")), who=WHO, minutes=MINUTES)
    def just_before(self, what: str, who: int, minutes: float) -> None:
        """Something happens that the product must see by its last look at a host."""
        self.stage.meanwhile("session_host", lambda: self._others(what, who))
        self.stage.pass_time(minutes)

    @rule(text=st.sampled_from(COMMANDS), minutes=MINUTES)
    def a_command(self, text: str, minutes: float) -> None:
        """An operator tells the rollout something."""
        self.operators.tell(text)
        self.stage.pass_time(minutes)

    @rule(text=st.sampled_from(COMMANDS), method=st.sampled_from(LOOKED_AT), minutes=MINUTES)
    def a_command_during_a_look(self, text: str, method: str, minutes: float) -> None:
        """An operator tells the rollout something while it looks."""
        self.stage.meanwhile(method, lambda: self.operators.tell(text))
        self.stage.pass_time(minutes)

    @rule(number=WHO, minutes=MINUTES)
    def a_change(self, number: int, minutes: float) -> None:
        """An operator changes the rollout that runs."""
        self.operators.change(number)
        self.stage.pass_time(minutes)

    @rule(text=st.sampled_from(("pause", "cancel leave")), minutes=MINUTES)
    def stopped_in_the_last_moment(self, text: str, minutes: float) -> None:
        """An operator stops the rollout while it drains the last hosts, before it signs people out."""
        action = self.operators.tell
        self.stage.meanwhile("set_accepting", lambda: action(text), once=self.operators.people_must_go)
        self.stage.pass_time(minutes)

    @rule(drawn=MANY, minutes=MINUTES)
    def another_request(self, drawn: bytes, minutes: float) -> None:
        """Somebody asks for a version."""
        self.operators.ask(Picks(drawn))
        self.stage.pass_time(minutes)

    @invariant()
    def new_hosts_get_what_was_released(self) -> None:
        """Promise 4; and the report can be read at any time."""
        if not hasattr(self, "stage"):
            return
        self.given_out()
        if running := self.stage.watch.running():
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
        assert not (reason := self.stage.watch.gives_out(version)), (reason, reply.json)
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
            self.stage.log.end()
