"""The end of a run: trouble is over, time passes, somebody decides what waits for that; then all is as promised."""

from __future__ import annotations

from typing import Any

from shared.core.names import EXCLUSION_TAG, FAILED_TAG, OUT_TAG, ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.base import Value
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from tests.fixtures.picks import Picks
from tests.promises.checks.history import judge_history
from tests.promises.checks.leaks import leaked
from tests.promises.checks.snapshot_check import ENDS, OVER
from tests.promises.disturbances.gone_pool import GonePool
from tests.promises.disturbances.outside import Outside
from tests.promises.disturbances.trouble import Trouble
from tests.promises.scenario import TIMERS_EVERY, Stage

PATIENCE = 40
"""So often two hours are waited for the end: longer than any deadline, window, limit of a step, or wait for Azure."""
TWO_HOURS = 120.0


def brief(record: Value) -> dict[str, Any]:
    """What there is to say of it, for a message."""
    return {name: value for name, value in record.model_dump(mode="json").items() if value and name not in _LONG}


_LONG = {"vm_body", "vm_id", "schema_version", "found", "disks", "location", "id", "definition_id"}


class Ending:
    """Brings a run to its end and looks at what it has come to."""

    def __init__(self, stage: Stage, outside: Outside, trouble: Trouble) -> None:
        self.stage, self.outside, self.trouble = stage, outside, trouble
        self.watch, self.gone_pool = stage.watch, GonePool(stage, outside)

    def come_to_it(self, picks: Picks) -> None:
        """All is well again; wait, and give the commands that are waited for."""
        self.trouble.over()
        self.stage.die_soon(10**9, engine_lives=True)
        self.stage.run(5, until=lambda: not self.gone_pool.gone or self.watch.pool.unreadable_since is not None)
        self.refresh("off")
        self._wait(picks)
        last = self.watch.newest()
        if last and last.state is RolloutState.FAILED and picks.chance(2):
            self._tell(last, "retry", None)
            self._wait(picks)

    def _wait(self, picks: Picks) -> None:
        for turn in range(PATIENCE):
            if not self._open():
                break
            self.stage.run(TWO_HOURS / 60, until=lambda: not self._working())
            for rollout in self._open():
                self._decide(rollout, picks, tired=turn >= PATIENCE // 2)
        assert not self._open(), [(r.id, r.kind, r.state, r.note, self._states(r.id)) for r in self._open()]
        self.stage.pass_time(1.5 * TIMERS_EVERY.total_seconds() / 60)  # a claim that was left is released by them

    def refresh(self, mode: str) -> None:
        """Switch the refresh of the pool."""
        self.stage.send("/api/pools/office", {"refresh": mode}, method="PATCH")

    def _open(self) -> list[Rollout]:
        return [rollout for rollout in self.watch.rollouts() if rollout.state not in OVER]

    def _working(self) -> list[Rollout]:
        waiting = {RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL}
        return [rollout for rollout in self._open() if rollout.state not in waiting]

    def _states(self, rollout: str) -> dict[str, str]:
        return {row.host: f"{row.state} {row.step}: {row.reason or row.error}" for row in self.watch.rows(rollout)}

    def _decide(self, rollout: Rollout, picks: Picks, *, tired: bool) -> None:
        """What a person would do who finds it waiting; one who is `tired` has resumed it again and again in vain."""
        if rollout.state is RolloutState.AWAITING_APPROVAL:
            text, body = picks.one((("approve", None), ("cancel", {"how": "leave"}), ("cancel", {"how": "roll_back"})))
        elif rollout.state is RolloutState.PAUSED:
            ways = (("resume", None), ("cancel", {"how": "leave"}), ("cancel", {"how": "roll_back"}), ("resume", None))
            text, body = ("cancel", {"how": "leave"}) if tired else picks.one(ways)
        else:
            return
        if not self._tell(rollout, text, body):  # going back cannot be cancelled with going back
            self._tell(rollout, "resume", None)

    def _tell(self, rollout: Rollout, text: str, body: Any) -> bool:
        reply = self.stage.send(f"/api/rollouts/{rollout.id}/{text}", body)
        done = reply is not None and reply.status == 202
        self.stage.counted[f"{text} {body['how']}" if body else text] += done
        return done

    def check(self) -> None:
        """Every promise that can be asked for at the end."""
        assert not leaked(self.watch.secrets, self.stage.app.tables, self.stage.engine.given, self.stage.log.text)
        assert self.watch.pool.running_rollout not in {rollout.id for rollout in self.watch.rollouts()}
        if (
            self.watch.pool.running_rollout and not self.gone_pool.gone
        ):  # of a request that died before it had written its rollout
            self._may_ask_again()
        self._disks_are_known()
        for rollout in self.watch.rollouts():
            rows = self.watch.rows(rollout.id)
            assert all(row.state in ENDS for row in rows), (rollout.id, self._states(rollout.id))
            self._ended_as_it_says(rollout, rows)
            judge_history(self.stage.app, rollout, rows)
        failed = {row.host for row in self.watch.rows() if _stays_drained(self._last(row))}
        for host in self.watch.hosts:
            if host not in self.outside.meddled:
                self._given_back(host, failed=host in failed)
        if self.gone_pool.gone:
            self.gone_pool.check()
        else:
            self._none_is_lost(failed)
        self._reported(failed)

    def _none_is_lost(self, failed: set[str]) -> None:
        """A host that we took out of its pool is in it again, or people are told that it is not."""
        told = (
            failed | {lost.host for lost in self.watch.pool.lost_hosts} | self.outside.meddled | self.watch.hosts.keys()
        )
        for machine in self.stage.app.world.machines.values():
            if OUT_TAG in machine.tags:
                assert machine.name in told, (machine, [brief(r) for r in self.watch.rows() if r.host == machine.name])

    def _may_ask_again(self) -> None:
        """A claim without a rollout keeps nobody out for long."""
        body = {"version": self.watch.pool.version, "allow_downgrade": True, "schedule": {"mode": "now"}}
        reply = self.stage.send("/api/pools/office/update-image?what_if=true", body)
        assert reply is not None
        text = [finding for finding in reply.json["preflight"] if finding["check"] == "rollout"]
        assert text[0]["result"] == "pass", text

    def _disks_are_known(self) -> None:
        """Somebody has to remove each disk that was left, when its time has come."""
        known = {disk.disk_id for disk in self.stage.app.tables.disks.peek_all()}  # type: ignore[attr-defined]
        attached = {machine.os_disk_id for machine in self.stage.app.world.machines.values()}
        for disk in self.watch.kept.keys() & self.stage.app.world.disks.keys() - attached:
            assert disk in known, (disk, known)

    def _ended_as_it_says(self, rollout: Rollout, rows: list[RolloutHost]) -> None:
        states = {row.state for row in rows}
        text = (rollout.id, rollout.note, self._states(rollout.id))
        if rollout.state is RolloutState.SUCCEEDED:
            assert HostState.FAILED not in states, text
        if rollout.state is RolloutState.ROLLED_BACK:
            assert HostState.FAILED not in states, text
            updated = [row for row in rows if row.state is HostState.DONE and row.found.from_version != rollout.version]
            assert all(row.rolling_back for row in updated), text
        if rollout.state is RolloutState.FAILED:
            assert rollout.note, text

    def _last(self, row: RolloutHost) -> RolloutHost:
        """The row of the last rollout that was at this host."""
        of_host = [other for other in self.watch.rows() if other.host == row.host]
        touched = [other for other in of_host if other.taken_at or _stays_drained(other)]
        return max(touched, key=lambda r: r.ended_at or r.taken_at, default=row)  # type: ignore[arg-type,return-value]

    def _given_back(self, host: str, *, failed: bool) -> None:
        """Nothing of ours is left on it; its drain and its power are those of its operators and of autoscale.

        One that has failed stays drained, with our mark, and is autoscale's.
        """
        seen = self.watch.hosts[host]
        machine = self.stage.app.world.machines.get(seen.vm_id.lower())
        if machine is None:
            return
        text = (brief(seen), brief(machine), [brief(row) for row in self.watch.rows() if row.host == host])
        if not failed or FAILED_TAG in machine.tags:  # else Azure has refused to have it marked
            assert machine.tags.get(EXCLUSION_TAG) == self.outside.exclusion[host], text
        if failed:
            return
        assert ROLLOUT_TAG not in machine.tags, text
        assert machine.os_disk_delete_option == self.outside.options.get(host, machine.os_disk_delete_option), text
        drained = self.outside.drained[host]
        assert drained is None or seen.accepting is not drained, text
        # Whether one that had failed was to be on when it was taken again cannot be told: it is autoscale's since.
        if host not in self.outside.visited | self.watch.failed_on:
            assert machine.running is not self.outside.off[host], text

    def _reported(self, failed: set[str]) -> None:
        """The newest report names each host's version as its disk says it."""
        for rollout in self.watch.rollouts():
            reply = self.stage.send(f"/api/rollouts/{rollout.id}/hosts?limit=100", method="GET")
            assert reply is not None
            assert reply.status == 200
            for text in reply.json["items"]:
                assert text["reason"], text
                self._true(rollout, text, failed)

    def _true(self, rollout: Rollout, text: dict[str, Any], failed: set[str]) -> None:
        rows = [row for row in self.watch.rows() if row.host == text["host"] and row.ended_at]
        last = max(rows, key=lambda row: (row.ended_at, row.rollout == rollout.id), default=None)  # type: ignore[arg-type,return-value]
        known = last is not None and last.rollout == rollout.id and text["host"] not in self.outside.meddled
        if known and text["host"] in self.watch.hosts and rollout.kind is not RolloutKind.REFRESH:
            true = self.watch.disk_version(text["vm_id"])
            assert true is None or text["version"] == true, (text, true, failed)


def _stays_drained(row: RolloutHost) -> bool:
    """Whether its host is not for users: it failed, or had failed before it was left out."""
    return row.state is HostState.FAILED or (row.state is HostState.SKIPPED and row.drained_by_earlier_failure)
