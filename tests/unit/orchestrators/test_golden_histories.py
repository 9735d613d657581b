"""Replays each orchestration against a hand-written history and compares its actions with a golden file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrators import event_buffer, run_steps
from orchestrators import publish_image as publish_image_module
from orchestrators.activate_image import activate_image
from orchestrators.publish_image import publish_image
from orchestrators.reimage_host import reimage_host
from orchestrators.set_as_image import set_as_image
from orchestrators.update_many_pools import update_many_pools
from shared.core.names import INBOX
from tests.unit.orchestrators.history import START, Replay

ROLLOUT = {"rollout": "r-1", "run": 1}
HOST = {"rollout": "r-1", "host": "office-0001", "run": 1}


def pass_result(next_in: float) -> dict[str, Any]:
    """The result of a reconcile pass; the next pass is due that many seconds after START."""
    at = START + timedelta(seconds=next_in)
    return {
        "ended": False,
        "state": "running",
        "next_pass_at": at.isoformat(),
        "gap": 1.0,
        "deferral": 10.0,
        "flush_after": 100,
        "whole_pool_needed": False,
    }


FAST_PASS = {
    "ended": False,
    "state": "running",
    "next_pass_at": None,
    "gap": 1.0,
    "deferral": 1.0,
    "whole_pool_needed": False,
}
ENDED = {"ended": True, "state": "succeeded", "next_pass_at": None, "gap": 1.0}


def test_a_rollout_runs_a_pass_waits_and_ends() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.done(2, 1, pass_result(60))
    run.fired(60, 2)
    run.done(61, 3, ENDED)
    run.check("publish_image")


def test_events_bring_the_next_pass_forward_and_share_one_pass() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.done(2, 1, pass_result(600))
    run.event(10, INBOX, {"reason": "a"}, {"reason": "b"}, {"reason": "c"})
    run.done(10.2, 3, pass_result(600))  # the far timer is kept, the inbox waits again
    run.event(10.4, INBOX, {"reason": "d"})
    run.fired(11, 4)
    run.done(12, 5, ENDED)
    run.check("publish_image_event_batch")


def test_an_event_during_a_pass_causes_another_pass() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.event(1, INBOX, {"reason": "during the pass"})
    run.done(2, 1, pass_result(600))
    run.done(3, 2, ENDED)
    run.check("publish_image_event_during_a_pass")


def test_an_earlier_pass_replaces_the_timer_and_a_later_one_does_not() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.done(2, 1, pass_result(600))
    run.event(100, INBOX, {"reason": "x"})
    run.done(101, 3, pass_result(130))
    run.fired(130, 4)
    run.done(131, 5, pass_result(900))
    run.fired(600, 2)  # replaced before, so it has no effect
    run.fired(900, 6)
    run.done(901, 7, ENDED)
    run.check("publish_image_timers")


def test_hosts_that_users_signed_out_of_get_a_fast_pass_at_once() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.done(0.5, 1, pass_result(600))
    run.event(5, INBOX, {"reason": "logoff", "logged_off": ["b", "a"]}, {"reason": "logoff", "logged_off": ["c"]})
    run.event(5.1, INBOX, {"reason": "logoff", "logged_off": ["d"]})  # during the fast pass
    run.done(5.2, 3, FAST_PASS)
    run.fired(6, 4)  # the next one begins a gap later
    run.done(6.1, 5, FAST_PASS | {"next_pass_at": (START + timedelta(seconds=30)).isoformat()})
    run.fired(30, 6)  # the fast pass asked for an earlier pass
    run.done(31, 7, ENDED)
    run.check("publish_image_fast_passes")


def test_a_fast_pass_that_cannot_decide_falls_back_to_a_whole_pass_after_the_gap() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.done(0.2, 1, pass_result(600))
    run.event(5, INBOX, {"reason": "logoff", "logged_off": ["a"]})
    run.done(5.1, 3, FAST_PASS | {"whole_pool_needed": True})
    run.fired(6, 4)
    run.done(7, 5, ENDED)
    run.check("publish_image_fast_pass_falls_back")


def test_deferrable_events_wait_for_each_other_and_delay_no_fast_pass() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.done(0.2, 1, pass_result(600))
    run.event(2, INBOX, {"reason": "a is done", "deferrable": True})
    run.event(3, INBOX, {"reason": "b is done", "deferrable": True})
    run.event(4, INBOX, {"reason": "logoff", "logged_off": ["c"]})
    run.done(4.1, 4, FAST_PASS)
    run.fired(10, 3)
    run.done(11, 5, pass_result(600))
    run.event(12, INBOX, {"reason": "d is done", "deferrable": True})
    run.event(13, INBOX, {"reason": "e is failed"})
    run.done(14, 8, ENDED)
    run.check("publish_image_deferrable_events")


def test_enough_deferrable_events_start_a_pass() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.done(0.2, 1, pass_result(600) | {"flush_after": 2})
    run.event(2, INBOX, {"reason": "a is done", "deferrable": True})
    run.event(3, INBOX, {"reason": "b is done", "deferrable": True})
    run.done(4, 4, pass_result(600) | {"flush_after": 2})
    run.event(5, INBOX, {"reason": "c is done", "deferrable": True})  # counted since the last pass
    run.fired(10, 3)
    run.fired(13, 5)
    run.done(14, 6, ENDED)
    run.check("publish_image_flushed_events")


def test_a_rollout_continues_as_new_after_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_buffer, "MAX_EVENTS", 4)
    run = Replay(publish_image, ROLLOUT)
    run.done(0.2, 1, pass_result(600))  # the result of an earlier app version: its replay must not change
    run.event(2, INBOX, {"reason": "a"}, {"reason": "b"}, {"reason": "c"})
    run.done(2.2, 3, pass_result(600) | {"flush_after": 9})
    run.event(2.5, INBOX, {"reason": "d is done", "deferrable": True}, {"reason": "e is failed"})
    run.fired(3, 4)
    run.check("publish_image_continues_after_many_events")


def test_a_pass_that_raises_is_repeated() -> None:
    run = Replay(publish_image, ROLLOUT)
    run.crashed(2, 1)
    run.fired(4, 2)
    run.done(5, 1, ENDED)
    run.check("publish_image_crash")


def test_a_long_rollout_continues_as_new_after_many_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_image_module, "TURNS", 1)
    run = Replay(publish_image, ROLLOUT)
    run.done(2, 1, pass_result(60))
    run.fired(60, 2)
    run.check("publish_image_continues_after_many_passes")


def step(then: str, seconds: float = 0) -> dict[str, Any]:
    """The result of a step."""
    return {"action": then, "seconds": seconds}


def test_the_steps_of_a_host_run_until_one_stops() -> None:
    run = Replay(reimage_host, HOST)
    run.done(1, 1, step("wait", 30))
    run.fired(31, 2)
    run.done(32, 3, step("wait", 5))
    run.fired(37, 4)
    run.done(38, 5, step("stop"))
    run.check("reimage_host")


def test_a_host_step_that_raises_is_repeated() -> None:
    run = Replay(reimage_host, HOST)
    run.crashed(1, 1)
    run.fired(3, 2)
    run.done(4, 1, step("stop"))
    run.check("reimage_host_crash")


TASK = {"task": "t-1", "run": 1}
NEXT = {"action": "next", "seconds": 0.0}
WAIT = {"action": "wait", "seconds": 30.0}
STOP = {"action": "stop", "seconds": 0.0}


def test_set_as_image_runs_its_steps_in_order() -> None:
    run = Replay(set_as_image, TASK)
    at, number = 0.0, 1
    for outcome in (NEXT, WAIT, *[NEXT] * 11):
        at, number = at + 1, number + 1
        run.done(at, number - 1, outcome)
        if outcome is WAIT:
            at, number = at + 30, number + 1
            run.fired(at, number - 1)
    run.done(at + 1, number, STOP)
    run.check("set_as_image")


def test_an_activation_runs_its_steps_in_order() -> None:
    run = Replay(activate_image, TASK)
    for number in range(1, 4):
        run.done(number, number, NEXT)
    run.done(4, 4, STOP)
    run.check("activate_image")


def test_a_fleet_update_runs_its_steps_in_order() -> None:
    run = Replay(update_many_pools, TASK)
    run.done(1, 1, WAIT)
    run.fired(31, 2)
    run.done(32, 3, NEXT)
    run.done(33, 4, WAIT)
    run.fired(63, 5)
    run.done(64, 6, STOP)
    run.check("update_many_pools")


def test_a_long_activation_continues_as_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_steps, "TURNS", 2)
    run = Replay(activate_image, TASK)
    run.done(1, 1, NEXT)
    run.done(2, 2, WAIT)
    run.fired(32, 3)
    run.check("activate_image_continues")


JUNK = [
    "text",
    5,
    None,
    ["h1"],
    {"logged_off": "h1"},
    {"logged_off": 5},
    {"logged_off": [{"a": 1}]},
    {"logged_off": ["h1", 2]},
    {"logged_off": ["h1"] * 3_000},
    {"deferrable": [1]},
]


def test_events_of_another_shape_are_ignored(caplog: pytest.LogCaptureFixture) -> None:
    run = Replay(publish_image, ROLLOUT)
    run.done(2, 1, pass_result(600) | {"flush_after": 5})
    run.event(10, INBOX, *JUNK)
    assert not any("failed" in note for note in run.notes)
    assert not any(note.strip().startswith("activity 3") for note in run.notes)
    assert caplog.text.count("an event of another shape is ignored") == len(JUNK)
    run.event(11, INBOX, {"reason": "a"})
    assert any("activity 3: reconcile_pool" in note or "reconcile_pool" in note for note in run.notes[-3:])


@pytest.mark.parametrize("given", [None, 5, "r-1", [], {}, {"rollout": "r-1"}, {"rollout": 7, "run": 1}, {"run": True}])
@pytest.mark.parametrize("orchestrator", [publish_image, reimage_host, set_as_image, activate_image, update_many_pools])
def test_an_orchestration_with_an_input_that_is_not_ours_ends(orchestrator: Any, given: Any) -> None:
    run = Replay(orchestrator, given)
    assert len(run.notes) == 2
    assert "completed" in run.notes[-1]
