"""Retry of a rollout that has ended: a new one that takes what failed, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import OperationFailed
from shared.core.states import HostState, RolloutState
from shared.models.policy import CanaryHold, OnFailure
from shared.models.rollout_parts import Before, Rollback
from shared.models.rollouts import Rollout, RolloutKind
from shared.rollouts.recovery import resume_lost
from shared.services import POOLS
from tests.api.rollouts.commands import all_rollouts, fail_host, in_state, minutes, set_row, tell
from tests.fixtures.app import START, App, Reply, change_pool, update
from tests.fixtures.engine import Environment, ProcessDied
from tests.fixtures.world.azure import vm_id_of

S = RolloutState
NIGHTS = [{"from": "22:00", "to": "06:00"}]


def retried(app: App, rollout_id: str, body: dict[str, Any] | None = None) -> Rollout:
    """The rollout that is begun by a retry."""
    reply = tell(app, rollout_id, "retry", body)
    assert reply.status == 202, reply.json
    return app.rollout(reply.json["id"])


def canary_passed() -> tuple[App, str]:
    """A rollout that failed on a host behind its canary hosts."""
    app, old_id = in_state(S.FAILED)
    set_row(app, old_id, progress=app.rollout(old_id).progress.replace(canary_passed_at=START))
    return app, old_id


def test_a_retry_takes_the_whole_pool_only_after_a_failed_canary() -> None:
    app, old_id = in_state(S.FAILED)
    assert retried(app, old_id).retries_whole
    app, old_id = canary_passed()
    assert retried(app, old_id).failed_hosts_only
    app, old_id = in_state(S.CANCELLED)
    assert retried(app, old_id).failed_hosts_only


def test_a_retry_of_the_whole_pool_needs_a_schedule_after_the_deadline() -> None:
    app, old_id = in_state(S.FAILED)
    app.now = app.rollout(old_id).schedule.force_at + minutes(1)
    assert tell(app, old_id, "retry").bad_fields == {"schedule"}
    again = {"mode": "on_logoff", "deadline": (app.now + minutes(600)).isoformat()}
    assert retried(app, old_id, {"schedule": again}).retries_whole


def test_a_retry_has_the_same_version_and_policy_and_starts_now() -> None:
    app, old_id = in_state(S.FAILED)
    old, new = app.rollout(old_id), retried(app, old_id)
    assert (new.retry_of, new.kind, new.state) == (old_id, RolloutKind.UPDATE, S.SCHEDULED)
    assert (new.image, new.version, new.version_id) == (old.image, old.version, old.version_id)
    assert new.policy == old.policy
    assert new.schedule.begin_at == app.now
    assert new.reason == f"retry of rollout {old_id}: patch day"
    assert app.pool().running_rollout == new.id
    assert app.engine.rollouts >= {(new.id, 1)}


def test_a_retry_keeps_the_old_deadline_and_signs_out_at_once_after_it() -> None:
    app, old_id = in_state(S.FAILED)
    deadline = app.rollout(old_id).schedule.force_at
    assert deadline > app.now
    assert retried(app, old_id).schedule.force_at == deadline
    app, old_id = canary_passed()
    app.now = deadline + minutes(1)
    new = retried(app, old_id).schedule
    assert (new.mode, new.begin_at, new.force_at) == ("now", app.now, app.now)


def test_a_retry_uses_the_old_policy_although_the_pool_changed() -> None:
    app, old_id = in_state(S.FAILED)
    old = app.rollout(old_id)
    change_pool(app, policy=app.pool().policy.model_validate({"probe": "smoke", "retries": 3, "canary_hosts": 2}))
    assert retried(app, old_id).policy == old.policy


def test_a_retry_of_a_retry_keeps_the_first_reason() -> None:
    app, old_id = in_state(S.FAILED)
    again = retried(app, old_id).id
    set_row(app, again, state=S.FAILED, started_at=app.now, ended_at=app.now)
    fail_host(app, again, "h0.contoso.local")
    app.later(minutes=1)
    assert retried(app, again).reason == f"retry of rollout {again}: patch day"


def test_a_retry_accepts_a_schedule() -> None:
    app, old_id = in_state(S.CANCELLED)
    new = retried(app, old_id, {"schedule": {"mode": "at", "at": "2026-11-02T22:00"}})
    assert new.schedule.force_at.isoformat() == "2026-11-02T21:00:00+00:00"  # the pool's own zone


def test_all_invalid_fields_of_a_retry_are_named_at_once() -> None:
    app, old_id = in_state(S.FAILED)
    reply = tell(app, old_id, "retry", {"schedule": {"mode": "at", "at": 5}, "version": "3.0.0"})
    assert reply.bad_fields == {"schedule.at", "version"}
    reply = tell(app, old_id, "retry", {"schedule": {"mode": "on_logoff", "begin_at": "x", "deadline": "2020-01-01"}})
    assert reply.bad_fields == {"schedule.begin_at", "schedule.deadline"}
    assert len(all_rollouts(app)) == 1


def test_a_retry_now_must_be_inside_the_windows() -> None:
    app, old_id = canary_passed()
    app.now = app.rollout(old_id).schedule.force_at.replace(hour=12) + minutes(1440)
    policy = app.rollout(old_id).policy
    set_row(app, old_id, policy=policy.model_validate(policy.model_dump() | {"windows": NIGHTS}))
    assert tell(app, old_id, "retry").bad_fields == {"schedule.mode"}
    assert retried(app, old_id, {"schedule": {"mode": "at", "at": "2026-11-20T23:00"}}).retry_of == old_id


def test_a_repeated_retry_is_answered_with_the_running_one() -> None:
    app, old_id = in_state(S.FAILED)
    new = retried(app, old_id)
    app.later(minutes=5)
    assert retried(app, old_id).id == new.id
    set_row(app, new.id, state=S.PAUSED, started_at=START)
    assert retried(app, old_id).id == new.id
    assert len(all_rollouts(app)) == 2


def test_another_rollout_of_the_pool_blocks_a_retry() -> None:
    app, old_id = in_state(S.FAILED)
    other = update(app).json["id"]
    reply = tell(app, old_id, "retry")
    assert (reply.status, reply.json["rollout"]) == (409, other)


def test_a_rollout_followed_by_another_one_cannot_be_retried() -> None:
    app, old_id = in_state(S.FAILED)
    later = str(update(app).json["id"])
    set_row(app, later, state=S.FAILED, started_at=app.now, ended_at=app.now)
    app.later(minutes=1)
    reply = tell(app, old_id, "retry")
    assert (reply.status, reply.json["rollout"]) == (409, later)
    assert "Retry that rollout" in reply.json["detail"]


@pytest.mark.parametrize("fields", [{"started_at": None}, {"started_at": START, "kind": RolloutKind.REFRESH}])
def test_a_rollout_followed_by_an_unstarted_one_or_a_refresh_can_be_retried(fields: dict[str, Any]) -> None:
    app, old_id = in_state(S.FAILED)
    later = str(update(app).json["id"])
    set_row(app, later, state=S.CANCELLED, ended_at=app.now, **fields)
    app.later(minutes=1)
    assert retried(app, old_id).retry_of == old_id


def test_a_retry_to_a_removed_version_is_refused() -> None:
    app, old_id = in_state(S.FAILED)
    set_row(app, old_id, version="9.0.0")
    reply = tell(app, old_id, "retry")
    assert (reply.status, reply.bad_fields) == (422, {"version"})
    assert app.pool().running_rollout == ""


def test_a_retry_of_an_unregistered_pool_is_refused() -> None:
    app, old_id = in_state(S.FAILED)
    app.tables.pools.remove(app.pool())
    assert tell(app, old_id, "retry").status == 404
    assert app.tables.pools.find(POOLS, "office") is None


def test_a_retry_accepts_the_same_backup_again() -> None:
    app, old_id = in_state(S.FAILED)
    change_pool(app, version="2.0.0")
    set_row(app, old_id, version="1.0.0", kind=RolloutKind.ROLL_BACK)
    new = retried(app, old_id)
    assert (new.version, new.kind) == ("1.0.0", RolloutKind.ROLL_BACK)


class TestOnTheWayBack:
    """What could not be brought back is brought to what the pool was on before."""

    def test_a_retry_of_a_roll_back_targets_the_former_version(self) -> None:
        app, old_id = in_state(S.FAILED, rollback=Rollback(since=START))
        new = retried(app, old_id)
        assert (new.kind, new.version, new.image, new.retry_of) == (RolloutKind.ROLL_BACK, "1.0.0", "win11", old_id)

    def test_a_retry_of_a_roll_back_waits_for_no_canary_host_and_no_window(self) -> None:
        app, old_id = in_state(S.FAILED, rollback=Rollback(since=START))
        policy = app.rollout(old_id).policy
        careful = {"windows": NIGHTS, "canary_hosts": 2, "canary_hold": "approve", "bake_minutes": 30}
        set_row(app, old_id, policy=policy.model_validate(policy.model_dump() | careful))
        found = retried(app, old_id).policy
        assert (found.canary_hosts, found.canary_hold, found.bake_minutes, found.windows) == (0, CanaryHold.AUTO, 0, ())
        assert found.on_failure is OnFailure.CONTINUE

    def test_a_retry_of_a_roll_back_without_a_former_version_is_refused(self) -> None:
        app, old_id = in_state(S.FAILED, rollback=Rollback(since=START), before=Before(image="win11"))
        reply = tell(app, old_id, "retry")
        assert (reply.status, "Publish the version you want" in reply.json["detail"]) == (409, True)


class TestCutOff:
    """The process dies between the claim, the row and the start."""

    def test_a_crash_before_the_row_is_written_releases_the_pool_after_seconds(self) -> None:
        app, old_id = in_state(S.FAILED)
        app.tables.rollouts.failures["add"] = [ProcessDied()]  # type: ignore[list-item]
        with pytest.raises(ProcessDied):
            tell(app, old_id, "retry")
        claimed = app.pool().running_rollout
        reply = tell(app, old_id, "retry")
        assert (reply.status, "rollout" in reply.json) == (409, False)
        app.later(seconds=int(reply.headers["Retry-After"]))
        assert retried(app, old_id).id == app.pool().running_rollout != claimed

    def test_a_crash_before_the_start_is_resumed_by_the_timer(self) -> None:
        app, old_id = in_state(S.FAILED)
        app.engine.down = OperationFailed("engine", None, "Down", "no connection")
        new = retried(app, old_id)
        app.engine.down = None
        app.later(minutes=2)
        assert resume_lost(app.services, app.engine) == [new.id]
        assert retried(app, old_id).id == new.id

    def test_a_lost_response_of_the_write_leads_to_the_same_rollout(self) -> None:
        app, old_id = in_state(S.FAILED)
        app.tables.rollouts.lost_answers["add"] = [ProcessDied()]  # type: ignore[list-item]
        with pytest.raises(ProcessDied):
            tell(app, old_id, "retry")
        assert retried(app, old_id).id == all_rollouts(app)[0].id
        assert len(all_rollouts(app)) == 2


def test_a_retry_updates_only_the_failed_hosts() -> None:
    app, env, old_id = failed_on("h1.contoso.local")
    rebuilt = app.world.count("start_reimage")
    new = retried(app, old_id)
    env.run(until=lambda: app.rollout(new.id).state.ended)
    assert app.rollout(new.id).state is S.SUCCEEDED
    assert {row.host: row.state for row in app.tables.hosts.all(new.id)} == {"h1.contoso.local": HostState.DONE}
    assert app.world.count("start_reimage") == rebuilt + 1
    assert {machine.version for machine in app.world.machines.values()} == {"2.0.0"}


def test_a_retry_of_a_running_rollout_updates_the_failed_hosts() -> None:
    app, env, old_id = failed_on("h1.contoso.local", policy={"on_failure": "pause", "max_failed": 0})
    assert app.rollout(old_id).state is S.PAUSED
    assert retried(app, old_id).id == old_id
    env.run(until=lambda: app.rollout(old_id).state.ended)
    assert app.rollout(old_id).state is S.SUCCEEDED


def failed_on(host: str, policy: dict[str, Any] | None = None) -> tuple[App, Environment, str]:
    """An app whose rollout has failed on this host, whose other hosts are updated or wait."""
    app = in_state(S.CANCELLED, failed=0)[0]
    env = Environment(app)
    app.world.fail_operation("reimage", OperationFailed("x", None, "Boom", "no disk"), target=vm_id_of(host))
    once = {"retries": 0, "on_failure": "continue", "max_in_flight": 1}
    reply: Reply = update(app, {"policy": once | (policy or {})})
    old_id = str(reply.json["id"])
    env.run(until=lambda: app.rollout(old_id).state in {S.FAILED, S.PAUSED})
    app.later(minutes=1)
    return app, env, old_id
