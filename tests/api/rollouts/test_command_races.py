"""Two commands at once: one write wins, and the other is answered as if it had come afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from shared.core.states import RolloutState
from tests.api.rollouts.commands import COMMANDS, all_rollouts, changed, in_state, just_before_writing, tell
from tests.fixtures.app import App, Reply
from tests.fixtures.audit import changes

S = RolloutState
WRITERS: dict[RolloutState, tuple[str, ...]] = {
    S.SCHEDULED: ("pause", "cancel", "roll_back", "reschedule", "change"),
    S.RUNNING: ("pause", "cancel", "roll_back", "reschedule", "retry", "change"),
    S.AWAITING_APPROVAL: ("pause", "cancel", "roll_back", "reschedule", "approve", "change"),
    S.PAUSED: ("resume", "cancel", "roll_back", "reschedule", "retry", "change"),
    S.ROLLING_BACK: ("pause", "cancel", "reschedule", "retry", "change"),
    S.CANCELLING: ("roll_back",),
}
"""The commands that write something in a state."""
PAIRS = [(state, slow, fast) for state, slower in WRITERS.items() for slow in slower for fast in COMMANDS]


@pytest.mark.parametrize(("state", "slow", "fast"), PAIRS)
def test_the_second_of_two_concurrent_commands_sees_the_result_of_the_first(
    state: RolloutState, slow: str, fast: str
) -> None:
    one_by_one, rollout_id = in_state(state)
    tell(one_by_one, rollout_id, fast)
    expected = tell(one_by_one, rollout_id, slow)
    at_once, _ = in_state(state)
    just_before_writing(at_once, lambda: tell(at_once, rollout_id, fast))
    reply = tell(at_once, rollout_id, slow)
    assert (reply.status, said(reply)) == (expected.status, said(expected))
    assert changed(one_by_one.rollout(rollout_id), at_once.rollout(rollout_id)) == {}
    assert text(at_once) == text(one_by_one)


def said(reply: Reply) -> dict[str, Any]:
    """The answer without the mark of the hosts' rows, which differ between two apps."""
    return {name: value for name, value in reply.json.items() if name != "mark"}


def text(app: App) -> list[tuple[str, str]]:
    """What the engine was told and what was recorded, in order."""
    signals = [("signal", signal_rollout[2]) for signal_rollout in app.engine.signals]
    return signals + sorted((entry.action, entry.after) for entry in changes(app.tables, "2026-11"))


@pytest.mark.parametrize("command", ["approve", "cancel", "roll_back"])
def test_the_same_concurrent_command_is_carried_out_once(command: str) -> None:
    app, rollout_id = in_state(S.AWAITING_APPROVAL)
    replies = at_once(lambda: tell(app, rollout_id, command), 8)
    assert {reply.status for reply in replies} == {202}
    assert [signal[2] for signal in app.engine.signals] == [command]


def test_a_command_on_a_rollout_that_ends_meanwhile_is_answered_as_ended() -> None:
    app, rollout_id = in_state(S.RUNNING)
    just_before_writing(app, lambda: end(app, rollout_id))
    reply = tell(app, rollout_id, "roll_back")
    assert (reply.status, app.rollout(rollout_id).state) == (409, S.FAILED)


def test_a_retry_of_a_rollout_that_ends_meanwhile_starts_another_one() -> None:
    app, rollout_id = in_state(S.RUNNING)
    just_before_writing(app, lambda: end(app, rollout_id))
    reply = tell(app, rollout_id, "retry")
    assert (reply.status, app.rollout(rollout_id).failures.retried_at) == (202, None)
    assert [one.retry_of for one in all_rollouts(app)] == [rollout_id, ""]
    assert reply.headers["Location"] == f"/api/rollouts/{all_rollouts(app)[0].id}"


def end(app: App, rollout_id: str) -> None:
    """The rollout ends; its pool is not released yet, as after a crash in between."""
    ended = {"state": S.FAILED, "ended_at": app.now}
    app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update=ended))


def at_once(send: Callable[[], Reply], times: int) -> list[Reply]:
    """The replies to one request that many threads send."""
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(send())) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == times
    return replies


def test_of_many_concurrent_retries_one_starts_and_the_others_get_its_id() -> None:
    app, rollout_id = in_state(S.FAILED)
    replies = at_once(lambda: tell(app, rollout_id, "retry"), 8)
    new = all_rollouts(app)[0].id
    assert len(all_rollouts(app)) == 2
    for reply in replies:
        assert (reply.json.get("id") or reply.json["rollout"]) == new
    assert tell(app, rollout_id, "retry").json["id"] == new


def test_of_many_concurrent_roll_backs_one_starts_and_the_others_get_its_id() -> None:
    app, _ = in_state(S.SUCCEEDED)
    app.tables.pools.replace(app.pool().model_copy(update={"version": "2.0.0", "previous_version": "1.0.0"}))
    replies = at_once(lambda: app.send("POST", "/api/pools/office/roll-back"), 8)
    new = all_rollouts(app)[0].id
    assert len(all_rollouts(app)) == 2
    for reply in replies:
        assert (reply.json.get("id") or reply.json["rollout"]) == new
    assert app.send("POST", "/api/pools/office/roll-back").json["id"] == new
