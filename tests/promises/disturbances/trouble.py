"""What Azure, the tables and the engine do to us: storms, refusals, operations that fail or hang, lost answers."""

from __future__ import annotations

from typing import Any

from shared.core.errors import AzureBusy, AzureConflict, AzureRefused, FreshcoatError, OperationFailed
from shared.models.azure import Operation
from shared.models.rollouts import RolloutKind
from tests.fixtures.engine import Action
from tests.fixtures.picks import Picks
from tests.fixtures.world.azure import AzureWorld
from tests.promises.checks.step_checks import Watch
from tests.promises.disturbances.withdrawals import Withdrawals
from tests.promises.scenario import Stage

READS = ("session_hosts", "host_pool", "user_sessions", "machine", "machines", "session_host", "host_sessions")
GALLERY = ("version", "versions", "permissions", "locks")
"""What the checks of a rollout read, besides the pool."""
WRITES = ("set_accepting", "update", "sign_out", "send_message", "remove_session_host", "registration_token",
          "devices", "remove_device")  # fmt: skip
STARTS = (
    "start_reimage", "start_delete", "start_create", "start_power_on", "start_deallocate", "start_join",
    "start_register", "start_probe", "start_swap", "start_inspection", "resume",
)  # fmt: skip
KINDS = ("reimage", "create", "register", "join", "inspect", "delete", "probe", "swap", "power_on", "deallocate")
ROWS = ("hosts", "rollouts", "pools", "disks")
TABLE_CALLS = ("find", "replace", "write_many", "add", "all", "page")
FOR_EVER = 10**6
LONGER_THAN_ANY_STEP = 95
"""So often it is asked after: an image takes up to 45 minutes, and one asks every 30 seconds."""


class Trouble:
    """Makes trouble, and ends it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.silent: set[str] = set()
        self.late: set[tuple[str, str]] = set()
        self.withdrawals = Withdrawals(stage)
        self._start = self.world.start
        self.world.start = self._started  # type: ignore[method-assign]

    @property
    def world(self) -> AzureWorld:
        """The Azure in memory."""
        return self.stage.app.world

    @property
    def watch(self) -> Watch:
        """Who judges."""
        return self.stage.watch

    def make(self, picks: Picks) -> str:
        """Some trouble; what it is."""
        kinds = (
            self._storm, self._storm, self._operation_fails, self._operation_fails, self._refusal, self._conflict,
            self._hangs, self._never_healthy, self._sessions_stick, self._bad_version, self._missed, self._table,
            self._engine, self._wrong_version, self._unhealthy, self._lost_writes,
        )  # fmt: skip
        return picks.one(kinds)(picks)

    def over(self) -> None:
        """All is well again, and whatever hangs is given up by Azure."""
        world = self.world
        world.faults.clear()
        world.operation_faults.clear()
        world.happenings.clear()
        world.stuck_sessions.clear()
        world.bad_versions.clear()
        world.missed.clear()
        self.late.clear()
        self.withdrawals.over()
        world.register_works = True
        world.writes_left = None
        self.stage.engine.down, self.stage.engine.loses_signals = None, False
        for name in ROWS:
            rows = getattr(self.stage.app.tables, name)
            rows.failures.clear()
            rows.lost_answers.clear()
        for name in self.silent & self.watch.hosts.keys():
            seen = self.watch.hosts[name]
            if seen.status == "Unavailable" and seen.vm_id.lower() in world.joined:
                self.watch.hosts[name] = seen.model_copy(update={"status": "Available"})
        self.silent.clear()
        for token in [token for token, running in world.running.items() if running.left > FOR_EVER // 2]:
            del world.running[token]

    def _storm(self, picks: Picks) -> str:
        """429 or 503 on some calls, or on all."""
        wait = picks.one((None, 5.0, 60.0))
        error = AzureBusy("storm", 429, "TooManyRequests", "slow down", retry_after=wait)
        times = picks.one((1, 3, 20))
        methods = picks.one(((*READS, *GALLERY), WRITES, STARTS, (*READS, *GALLERY, *WRITES, *STARTS)))
        for method in methods:
            self.world.fail(method, error, times=times)
        if picks.chance(3):
            self.world.writes_left = picks.one((41, 0, 56))
        return "storm"

    def fail(self, kind: str, who: int) -> None:
        """The next operations of this kind on one host fail: more often than it is tried again."""
        names = sorted(self.watch.hosts)
        if names:
            error = AzureRefused(kind, 400, "Boom", "it did not work")
            self.world.fail(f"start_{kind}", error, times=4, target=f"/{names[who % len(names)]}")

    def delay(self, kind: str, who: int) -> None:
        """The next operation of this kind on one host takes longer than anybody waits for it, and then goes well."""
        names = sorted(self.watch.hosts)
        if names:
            self.late.add((kind, names[who % len(names)]))

    def _started(self, kind: str, target: str, effect: Action, **more: Any) -> Operation:
        operation = self._start(kind, target, effect, **more)
        meant = kind, target.rpartition("/")[2].lower()
        if meant in self.late and operation.token in self.world.running:
            self.late.discard(meant)
            self.world.running[operation.token].left = LONGER_THAN_ANY_STEP
        return operation

    def _operation_fails(self, picks: Picks) -> str:
        kind = picks.one(KINDS)
        self.world.fail_operation(
            kind, OperationFailed(kind, None, "Boom", "it did not work"), target=self._host(picks)
        )
        return "operation failed"

    def _host(self, picks: Picks) -> str:
        """A part of the VM ids that are meant: one host's, or all."""
        return picks.one(("", *(f"/{name}" for name in sorted(self.watch.hosts))))

    def _refusal(self, picks: Picks) -> str:
        """Something is refused that no waiting mends."""
        method = picks.one((*STARTS[:-1], *WRITES, *READS[:3], *GALLERY[:2]))
        self.world.fail(method, AzureRefused(method, 400, "BadRequest", "no"), times=picks.one((1, 2)))
        return "refusal"

    def _conflict(self, picks: Picks) -> str:
        method = picks.one((*STARTS[:-1], "update"))
        self.world.fail(method, AzureConflict(method, 409, "Conflict", "in use"), times=picks.one((1, 3)))
        return "conflict"

    def _hangs(self, picks: Picks) -> str:
        """What is under way on some VM never ends."""
        running = sorted(self.world.running)
        if running:
            self.world.running[picks.one(running)].left = FOR_EVER
        return "operation hangs"

    def _never_healthy(self, picks: Picks) -> str:
        self.world.register_works = False
        return "never healthy"

    def _sessions_stick(self, picks: Picks) -> str:
        self.world.stuck_sessions |= {s.id for sessions in self.world.sessions.values() for s in sessions}
        return "sessions stick"

    def _bad_version(self, picks: Picks) -> str:
        self.world.bad_versions |= {"2.0.0", "3.0.0"}
        return "probe fails"

    def _missed(self, picks: Picks) -> str:
        self.world.miss(picks.one(sorted(self.watch.hosts) or [""]), times=picks.one((1, 2, 4)))
        self.watch.steady.clear()  # what the list leaves out counts for no floor
        return "host missing in lists"

    def _table(self, picks: Picks) -> str:
        """Table Storage is away for a moment, or did what it was asked and its answer was lost."""
        rows = getattr(self.stage.app.tables, picks.one(ROWS))
        call = picks.one(TABLE_CALLS)
        error = AzureBusy("tables", 503, "ServerBusy", "later")
        lost = picks.chance(3) and call in {"replace", "write_many", "add"}
        planned = rows.lost_answers if lost else rows.failures
        planned.setdefault(call, []).extend([error] * picks.one((1, 2)))
        return "answer lost" if lost else "tables away"

    def _lost_writes(self, picks: Picks) -> str:
        """The storage fails over: a row is what it was some writes ago, and the process starts anew."""
        refreshes = {rollout.id for rollout in self.watch.rollouts() if rollout.kind is RolloutKind.REFRESH}
        # What a refresh loses is who has used a host: it may then be made fresh again for nothing.
        open_ones = [row for row in self.watch.rows() if not row.state.ended and row.rollout not in refreshes]
        out = [row for row in open_ones if row.removed_from_pool]
        if open_ones:
            row = picks.one(sorted(out or open_ones, key=lambda row: (row.rollout, row.host)))
            self.stage.app.tables.hosts.lose_writes(row.rollout, row.host, picks.one((2, 1, 3, 5)))
            self.stage.counted["writes lost of hosts out of the pool"] += bool(out)
        self.stage.die_soon(1, engine_lives=False)
        return "writes lost"

    def _engine(self, picks: Picks) -> str:
        if picks.chance(2):
            self.stage.engine.loses_signals = True
            return "signals lost"
        self.stage.engine.down = FreshcoatError("the engine is away")
        return "engine away"

    def _wrong_version(self, picks: Picks) -> str:
        self.world.reimage_works = False
        return "re-image brings the wrong version"

    def _unhealthy(self, picks: Picks) -> str:
        """An agent stops answering."""
        hosts = self.watch.hosts
        running = [name for name, host in hosts.items() if host.status == "Available"]
        if running:
            name = picks.one(sorted(running))
            hosts[name] = hosts[name].model_copy(update={"status": "Unavailable"})
            self.silent.add(name)
            self.watch.steady.discard(name)
        return "agent silent"
