"""PATCH of an open rollout: what may change, what is written, who is told, and what is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.core.errors import AzureBusy
from shared.core.states import HostState, RolloutState
from tests.api.rollouts.commands import in_state, just_before_writing, minutes, set_row, tell, written
from tests.fixtures.app import office, update

S = RolloutState
H0, H1, H2 = (f"h{number}.contoso.local" for number in range(3))
OPEN = [S.SCHEDULED, S.RUNNING, S.AWAITING_APPROVAL, S.PAUSED, S.ROLLING_BACK]
AGAIN = {"checks.passed_at": None}


def change(state: RolloutState, **body: Any) -> dict[str, object]:
    """The fields of the row that a change writes in this state."""
    return written(*in_state(state), "change", body)


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(
    "field",
    [
        {"max_unavailable": "10%"},
        {"min_available": 0},
        {"max_in_flight": 1},
        {"max_failed": 3},
        {"retries": 0},
        {"warn_minutes": [30]},
        {"warn_message": "Bye at {time}."},
    ],
)
def test_limits_and_warnings_change_in_every_open_state(state: RolloutState, field: dict[str, Any]) -> None:
    app, rollout_id = in_state(state)
    before = app.rollout(rollout_id)
    done = written(app, rollout_id, "change", {"policy": field})
    assert done.keys() <= {"policy", "checks.passed_at"}
    assert app.rollout(rollout_id).policy == before.policy.model_validate(
        before.policy.model_dump() | {name: tuple(v) if isinstance(v, list) else v for name, v in field.items()}
    )


def test_null_resets_a_field_to_its_default() -> None:
    app, rollout_id = in_state(S.RUNNING)
    written(app, rollout_id, "change", {"policy": {"max_failed": 2, "retries": 0}})
    written(app, rollout_id, "change", {"policy": {"max_failed": None, "retries": None}})
    policy = app.rollout(rollout_id).policy
    assert (policy.max_failed, policy.retries) == (None, 1)


def test_a_change_that_changes_nothing_writes_nothing() -> None:
    app, rollout_id = in_state(S.RUNNING)
    before = app.rollout(rollout_id)
    reply = tell(app, rollout_id, "change", {"policy": {"retries": before.policy.retries}, "exclude": []})
    assert reply.status == 202
    assert app.rollout(rollout_id) == before
    assert app.engine.signals == []


def test_a_change_is_recorded_with_before_and_after() -> None:
    app, rollout_id = in_state(S.RUNNING)
    tell(app, rollout_id, "change", {"policy": {"max_in_flight": 7}, "exclude": [H1]})
    (entry,) = [entry for entry in app.tables.audit.all("2026-11") if entry.action == "change"]
    assert (entry.who, entry.subject) == ("developer", rollout_id)
    assert json.loads(entry.before) == {"policy.max_in_flight": 50, "exclude": []}
    assert json.loads(entry.after) == {"policy.max_in_flight": 7, "exclude": [H1]}


@pytest.mark.parametrize("state", OPEN)
def test_hosts_are_left_out_and_taken_in_again(state: RolloutState) -> None:
    app, rollout_id = in_state(state)
    done = written(app, rollout_id, "change", {"exclude": [H2.upper(), H1]})
    assert done.pop("selection.exclude") == (H1, H2)
    assert done == AGAIN
    assert tell(app, rollout_id, "change", {"exclude": [H2]}).json["exclude"] == [H2]
    assert tell(app, rollout_id, "change", {"exclude": None}).json["exclude"] == []


@pytest.mark.parametrize("field", ["exclude", "drain_again"])
def test_a_name_that_no_host_has_is_refused(field: str) -> None:
    app, rollout_id = in_state(S.RUNNING)
    reply = tell(app, rollout_id, "change", {field: ["h9", H1]})
    assert (reply.status, reply.bad_fields) == (400, {field})
    assert "h9" in reply.json["errors"][0]["message"]


def test_a_host_that_has_left_the_pool_may_still_be_named_while_the_rollout_has_it() -> None:
    app, rollout_id = in_state(S.RUNNING, failed=1)
    app.world.hosts[app.pool().host_pool_id.lower()].pop(H0)
    assert tell(app, rollout_id, "change", {"exclude": [H0]}).status == 202


def test_names_that_cannot_be_checked_now_are_not_written() -> None:
    app, rollout_id = in_state(S.RUNNING)
    app.world.fail("session_hosts", AzureBusy("host pool", 429, "Busy", "later"))
    assert tell(app, rollout_id, "change", {"exclude": [H1]}).status == 503
    assert app.rollout(rollout_id).selection.exclude == ()


@pytest.mark.parametrize(
    "body",
    [
        {"version": "3.0.0"},
        {"image": "win10"},
        {"only": [H0]},
        {"for_new_hosts": True},
        {"schedule": {"mode": "now"}},
        {"pool": "lab"},
        {"policy": {"strategy": "replace"}},
        {"policy": {"on_failure": "continue"}},
        {"policy": {"proof": "none"}},
        {"policy": {"canary_hosts": 2}},
        {"policy": {"canary_hold": "approve"}},
        {"deadline": None},
    ],
)
def test_what_an_open_rollout_keeps_is_refused_by_name(body: dict[str, Any]) -> None:
    app, rollout_id = in_state(S.RUNNING)
    before = app.rollout(rollout_id)
    reply = tell(app, rollout_id, "change", body)
    ((name, value),) = body.items()
    assert reply.status == 422, reply.json
    assert reply.bad_fields == {f"policy.{next(iter(value))}" if name == "policy" else name}
    assert app.rollout(rollout_id) == before


def test_the_canary_changes_as_long_as_no_host_was_touched() -> None:
    app, rollout_id = in_state(S.SCHEDULED)
    written(app, rollout_id, "change", {"policy": {"canary_hosts": 2, "bake_minutes": 10}})
    assert tell(app, rollout_id, "change", {"policy": {"canary_hosts": 0}}).bad_fields == {"policy.canary_hosts"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"polcy": {}}, {"polcy"}),
        ({"policy": {"max_in_flight": 0}}, {"policy.max_in_flight"}),
        ({"policy": {"max_unavailable": None}}, {"policy.max_unavailable"}),
        ({"exclude": "h0"}, {"exclude"}),
        ({"at": "2026-11-03T01:00"}, {"at"}),
        ({"deadline": "2026-11-01T01:00"}, {"deadline"}),
        ({"begin_at": "2026-11-03T01:00"}, {"begin_at"}),
    ],
)
def test_a_bad_change_is_refused_by_name_and_writes_nothing(body: dict[str, Any], fields: set[str]) -> None:
    app, rollout_id = in_state(S.RUNNING)
    before = app.rollout(rollout_id)
    reply = tell(app, rollout_id, "change", body)
    assert (reply.status, reply.bad_fields) == (400, fields)
    assert app.rollout(rollout_id) == before


def test_the_deadline_moves_by_the_rules_of_a_reschedule() -> None:
    app, rollout_id = in_state(S.RUNNING)
    done = written(app, rollout_id, "change", {"deadline": "2026-11-02T15:00", "time_zone": "Europe/Berlin"})
    assert done.keys() == {"schedule", "checks.passed_at"}
    assert app.rollout(rollout_id).schedule.force_at.isoformat() == "2026-11-02T14:00:00+00:00"
    app.now = app.rollout(rollout_id).schedule.force_at + minutes(1)
    assert tell(app, rollout_id, "change", {"deadline": "2026-11-05T01:00"}).bad_fields == {"deadline"}


@pytest.mark.parametrize(("state", "status"), [(S.RUNNING, 400), (S.ROLLING_BACK, 202)])
def test_windows_must_hold_the_deadline_unless_the_request_moves_it(state: RolloutState, status: int) -> None:
    app, rollout_id = in_state(state)
    windows = {"policy": {"windows": [{"from": "14:00", "to": "18:00"}]}}
    reply = tell(app, rollout_id, "change", windows)
    assert reply.status == status
    if status == 400:
        assert reply.bad_fields == {"policy.windows"}
    assert tell(app, rollout_id, "change", windows | {"deadline": "2026-11-02T15:30"}).status == 202


class TestConditions:
    """If-Match, and what happens when somebody else writes at the same time."""

    def test_who_has_read_an_older_state_is_refused(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        read = app.send("GET", f"/api/rollouts/{rollout_id}").headers["ETag"]
        assert tell(app, rollout_id, "change", **{"If-Match": read}).status == 202
        assert tell(app, rollout_id, "change", {"policy": {"retries": 3}}, **{"If-Match": read}).status == 412
        assert app.rollout(rollout_id).policy.retries == 1

    def test_a_pass_that_writes_does_not_change_the_tag(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        read = app.send("GET", f"/api/rollouts/{rollout_id}").headers["ETag"]
        set_row(app, rollout_id, started_at=app.now)
        assert tell(app, rollout_id, "change", **{"If-Match": read}).status == 202

    def test_two_changes_at_once_are_both_kept(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        just_before_writing(app, lambda: tell(app, rollout_id, "change", {"exclude": [H1]}))
        assert tell(app, rollout_id, "change").status == 202
        rollout = app.rollout(rollout_id)
        assert (rollout.selection.exclude, rollout.policy.max_in_flight) == ((H1,), 7)

    def test_a_rollout_that_ends_meanwhile_is_not_changed(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        just_before_writing(app, lambda: set_row(app, rollout_id, state=S.SUCCEEDED))
        assert tell(app, rollout_id, "change").status == 409


def test_a_rollout_of_mode_now_changes_but_has_no_date_to_move() -> None:
    app = office()
    rollout_id = update(app).json["id"]
    assert tell(app, rollout_id, "change").status == 202
    assert tell(app, rollout_id, "change", {"deadline": "2026-11-03T01:00"}).bad_fields == {"at", "deadline"}


def test_a_failed_host_keeps_its_row_when_it_is_named() -> None:
    app, rollout_id = in_state(S.PAUSED, failed=1)
    tell(app, rollout_id, "change", {"exclude": [H0]})
    assert [row.state for row in app.tables.hosts.all(rollout_id)] == [HostState.FAILED]
