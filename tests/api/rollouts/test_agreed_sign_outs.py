"""A retry and a reschedule that say how many people may be signed out are refused when there are more."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.rollout_parts import Rollback
from shared.models.rollouts import RolloutHost
from tests.api.rollouts.commands import REFRESH, fail_host, in_state, set_row, tell
from tests.fixtures.app import START, App, Reply
from tests.fixtures.world.azure import HOST_POOL_ID

S = RolloutState
LATER = {"deadline": "2026-11-02T22:00:00Z"}
COMMANDS = pytest.mark.parametrize(("command", "body"), [("retry", {}), ("reschedule", LATER)])


def people(app: App, rollout_id: str, command: str, body: dict[str, Any]) -> int:
    """How many people a command would sign out, by its refusal. It writes nothing."""
    before = app.rollout(rollout_id), app.rows_written()
    reply = tell(app, rollout_id, command, body | {"sign_outs": 0})
    assert (reply.status, reply.json["type"]) == (409, "urn:freshcoat:more-sign-outs"), reply.text
    assert (app.rollout(rollout_id), app.rows_written()) == before
    found = reply.json["sign_outs"]
    assert isinstance(found, int)
    return found


def host_is(app: App, rollout_id: str, name: str, state: HostState, **more: Any) -> None:
    vm_id = app.world.hosts[HOST_POOL_ID.lower()][name].vm_id
    app.tables.hosts.add(RolloutHost(rollout=rollout_id, host=name, vm_id=vm_id, state=state, **more))


@COMMANDS
def test_more_people_than_allowed_are_refused_with_their_number(command: str, body: dict[str, Any]) -> None:
    app, rollout_id = in_state(S.PAUSED)
    assert people(app, rollout_id, command, body) == 3
    app.world.log_on("h1.contoso.local", "somebody")
    refused = tell(app, rollout_id, command, body | {"sign_outs": 3})
    assert "4 people would be signed out, and you allow 3" in refused.json["detail"]
    assert tell(app, rollout_id, command, body | {"sign_outs": 4}).status == 202


@COMMANDS
def test_a_refusal_does_not_use_up_an_idempotency_key(command: str, body: dict[str, Any]) -> None:
    app, rollout_id = in_state(S.PAUSED)
    statuses = [
        tell(app, rollout_id, command, body | {"sign_outs": most}, **{"Idempotency-Key": "k"}).status for most in (2, 3)
    ]
    assert statuses == [409, 202]


def test_a_retry_of_some_hosts_counts_those_alone_besides_what_is_still_to_come() -> None:
    app, rollout_id = in_state(S.PAUSED, failed=3)
    assert people(app, rollout_id, "retry", {}) == 3
    assert people(app, rollout_id, "retry", {"hosts": ["h2.contoso.local"]}) == 1
    assert tell(app, rollout_id, "retry", {"hosts": ["h0.contoso.local"], "sign_outs": 0}).status == 202


def canary_passed(app: App, rollout_id: str) -> None:
    progress = app.rollout(rollout_id).progress.replace(canary_passed_at=START)
    set_row(app, rollout_id, progress=progress)


def test_a_retry_of_an_ended_rollout_counts_the_hosts_that_the_new_one_updates() -> None:
    app, rollout_id = in_state(S.FAILED)
    assert people(app, rollout_id, "retry", {}) == 3  # the canary failed, so all of them
    canary_passed(app, rollout_id)
    assert tell(app, rollout_id, "retry", {"sign_outs": 0}).status == 202
    app, rollout_id = in_state(S.FAILED)
    canary_passed(app, rollout_id)
    fail_host(app, rollout_id, "h1.contoso.local")
    assert people(app, rollout_id, "retry", {"schedule": {"mode": "now"}}) == 2


def test_a_retry_that_was_begun_is_answered_again_whoever_has_come_since() -> None:
    app, rollout_id = in_state(S.FAILED)
    first = tell(app, rollout_id, "retry", {"sign_outs": 3})
    app.world.log_on("h1.contoso.local", "somebody")
    assert tell(app, rollout_id, "retry", {"sign_outs": 3}).json["id"] == first.json["id"]


def test_people_on_hosts_that_are_finished_rebuilt_or_left_out_do_not_count() -> None:
    app, rollout_id = in_state(S.RUNNING)
    host_is(app, rollout_id, "h1.contoso.local", HostState.DONE, version="2.0.0", ended_at=START)
    assert people(app, rollout_id, "reschedule", LATER) == 1
    app, rollout_id = in_state(S.SCHEDULED, failed=0)
    app.world.recreate("h1.contoso.local", "2.0.0")
    assert people(app, rollout_id, "reschedule", LATER) == 1
    selection = app.rollout(rollout_id).selection.replace(exclude=("h2.contoso.local",))
    set_row(app, rollout_id, selection=selection)
    assert tell(app, rollout_id, "reschedule", LATER | {"sign_outs": 0}).status == 202


def test_a_rollout_that_rolls_back_counts_the_hosts_that_go_back() -> None:
    app, rollout_id = in_state(S.ROLLING_BACK, failed=0, rollback=Rollback(since=START))
    host_is(app, rollout_id, "h1.contoso.local", HostState.DONE, version="2.0.0", taken_at=START, ended_at=START)
    host_is(app, rollout_id, "h2.contoso.local", HostState.PENDING, version="1.0.0")
    assert people(app, rollout_id, "reschedule", LATER) == 2


def test_a_refresh_signs_nobody_out() -> None:
    app, rollout_id = in_state(S.PAUSED, **REFRESH)
    assert tell(app, rollout_id, "retry", {"sign_outs": 0}).status == 202


@COMMANDS
def test_without_a_bound_nobody_is_counted(command: str, body: dict[str, Any]) -> None:
    app, rollout_id = in_state(S.PAUSED)
    app.world.hosts.clear()  # a read would find no host pool
    assert tell(app, rollout_id, command, body).status == 202


@COMMANDS
@pytest.mark.parametrize("wrong", [-1, True, 1.5, "all"])
def test_what_can_be_no_number_of_people_is_refused(command: str, body: dict[str, Any], wrong: object) -> None:
    app, rollout_id = in_state(S.PAUSED)
    reply: Reply = tell(app, rollout_id, command, body | {"sign_outs": wrong})
    assert reply.bad_fields == {"sign_outs"}
