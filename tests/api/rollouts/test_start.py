"""Asking for a rollout: one at a time, checked before anything is written, safe against a crash half-way."""

from __future__ import annotations

import threading

import pytest

from shared.core.errors import AzureBusy, AzureForbidden, FreshcoatError, TooLarge
from shared.core.ids import newest_first_id
from shared.core.states import RolloutState
from shared.models.rollouts import Rollout
from shared.rollouts.recovery import resume_lost
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.app import WHAT_IF, App, Reply, change_pool, findings, office, update
from tests.fixtures.audit import changes


def test_a_request_reserves_the_pool_and_writes_and_starts_a_rollout() -> None:
    app = office()
    reply = update(app, {"reason": "patch day", "policy": {"settle_seconds": 5}})
    rollout = app.rollout(reply.json["id"])
    assert (reply.status, reply.headers["Location"]) == (202, f"/api/rollouts/{rollout.id}")
    assert app.pool().running_rollout == rollout.id
    assert app.engine.rollouts == {(rollout.id, 1)}
    assert (rollout.state, rollout.version, rollout.before.version) == (RolloutState.SCHEDULED, "2.0.0", "1.0.0")
    assert (rollout.policy.settle_seconds, rollout.replicas, rollout.reason) == (5, 1, "patch day")
    assert rollout.schedule.time_zone == "Europe/Berlin"


def test_a_second_request_gets_the_running_ones_id() -> None:
    app = office()
    first = update(app).json["id"]
    second = update(app)
    assert (second.status, second.json["rollout"]) == (409, first)
    assert len(app.tables.rollouts.all(ROLLOUTS)) == 1


def test_of_many_concurrent_requests_exactly_one_wins() -> None:
    app = office()
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(update(app))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.status for reply in replies) == [202] + [409] * 7
    assert len(app.tables.rollouts.all(ROLLOUTS)) == 1


def test_after_the_end_of_a_rollout_the_next_one_is_accepted() -> None:
    app = office()
    rollout = app.rollout(update(app).json["id"])
    app.tables.rollouts.replace(rollout.model_copy(update={"state": RolloutState.SUCCEEDED}))
    app.later(seconds=1)
    assert update(app).status == 202


@pytest.mark.parametrize("error", [TooLarge("too large"), RuntimeError("broken")])
def test_the_pool_is_released_when_the_rollout_cannot_be_written(error: Exception) -> None:
    app = office()
    app.tables.rollouts.failures["add"] = [error]
    assert update(app).status >= 400
    assert app.pool().running_rollout == ""
    assert update(app).status == 202


def test_a_rollout_written_with_a_lost_response_runs() -> None:
    app = office()
    app.tables.rollouts.lost_answers["add"] = [AzureBusy("table Rollouts", None, "Lost", "no answer")]
    reply = update(app)
    assert reply.status == 202
    assert app.pool().running_rollout == reply.json["id"]
    assert app.engine.rollouts == {(reply.json["id"], 1)}


def test_a_rollout_that_was_not_written_releases_the_pool() -> None:
    app = office()
    app.tables.rollouts.failures["add"] = [AzureBusy("table Rollouts", 503, "Busy", "later")]
    assert update(app).status == 503
    assert app.pool().running_rollout == ""


@pytest.mark.parametrize("knob", ["failures", "lost_answers"])
def test_the_reservation_stays_while_the_outcome_of_the_write_is_unknown(knob: str) -> None:
    app = office()
    rollouts = app.tables.rollouts
    getattr(rollouts, knob)["add"] = [AzureBusy("table Rollouts", None, "Lost", "no answer")]
    rollouts.failures["find"] = [AzureBusy("table Rollouts", None, "Down", "no connection")]
    assert update(app).status == 503
    written = rollouts.all(ROLLOUTS)
    assert [row.id for row in written] in ([], [app.pool().running_rollout])
    app.later(minutes=2)
    resumed = resume_lost(app.services, app.engine)
    assert resumed == [row.id for row in written]
    assert update(app).status == (409 if written else 202)


@pytest.mark.parametrize("written", [True, False])
def test_a_request_that_lost_its_reservation_while_writing_is_refused(written: bool) -> None:
    app = office()
    other = newest_first_id(app.now)
    add = app.tables.rollouts.add

    def slow_add(record: Rollout) -> Rollout:
        change_pool(app, running_rollout=other)
        if written:
            add(record.model_copy(update={"id": other}))
        return add(record)

    app.tables.rollouts.add = slow_add  # type: ignore[method-assign]
    reply = update(app)
    assert (reply.status, reply.json.get("rollout")) == (409, other if written else None)
    assert [row.state for row in app.tables.rollouts.all(ROLLOUTS) if row.id != other] == [RolloutState.FAILED]
    assert app.engine.rollouts == set()


def test_an_unreachable_engine_does_not_lose_the_rollout() -> None:
    app = office()
    app.engine.down = AzureBusy("engine", None, "Down", "no connection")
    reply = update(app)
    assert reply.status == 202
    assert app.rollout(reply.json["id"]).state is RolloutState.SCHEDULED


def test_all_errors_of_image_and_schedule_are_named_at_once() -> None:
    reply = update(office(), {"image": "other", "schedule": {"mode": "at", "time_zone": "Mars"}})
    assert reply.bad_fields == {"image", "schedule.at", "schedule.time_zone"}


def test_an_unknown_pool_is_404() -> None:
    body = {"version": "2.0.0", "schedule": {"mode": "now"}}
    assert office().send("POST", "/api/pools/other/update-image", body).status == 404


class TestWhatIf:
    """The plan first; nothing is written."""

    def ask(self, app: App, **body: object) -> Reply:
        asked = {"version": "2.0.0", "schedule": {"mode": "now"}} | body
        return app.send("POST", WHAT_IF, asked)

    def test_the_plan_shows_the_affected_users(self) -> None:
        app = office()
        before = app.pool()
        reply = self.ask(app)
        assert reply.status == 200
        assert (reply.json["to_update"], reply.json["users_now"], reply.json["can_start"]) == (3, 3, True)
        assert {host["host"] for host in reply.json["hosts"]} == {f"h{n}.contoso.local" for n in range(3)}
        assert all(host["reason"] for host in reply.json["hosts"])
        assert app.pool() == before
        assert app.tables.rollouts.all(ROLLOUTS) == []
        assert app.tables.hosts.all(reply.json.get("id", "")) == []
        assert app.engine.rollouts == set()
        assert app.world.count("set_accepting") == 0

    def test_the_plan_contains_the_findings_that_forbid_it(self) -> None:
        app = office()
        reply = self.ask(app, version="9.0.0")
        assert (reply.status, reply.json["can_start"]) == (200, False)
        assert findings(reply)["version"] == "fail"

    def test_a_running_rollout_is_a_finding(self) -> None:
        app = office()
        update(app)
        assert findings(self.ask(app))["rollout"] == "fail"

    def test_a_pool_that_cannot_be_read_has_no_plan_but_a_reason(self) -> None:
        app = office()
        error: FreshcoatError = AzureForbidden("x", 403, "AuthorizationFailed", "no")
        app.world.fail("host_pool", error, times=9)
        reply = self.ask(app)
        assert (reply.status, reply.json["hosts"], reply.json["can_start"]) == (200, [], False)


def test_a_refused_request_leaves_nothing_behind() -> None:
    app = office()
    pool = app.pool()
    for body in ({"version": "9.0.0"}, {"schedule": {"mode": "at"}}, {"policy": {"canary_hosts": 99}}):
        assert update(app, dict(body)).status in {400, 422}
    assert app.tables.pools.find(POOLS, "office") == pool
    assert changes(app.tables, "2026-11") == []
