"""A retry and a reschedule sign out nobody that nobody has agreed to. On the real app."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.core.states import RolloutState
from tests.api.rollouts.commands import in_state, minutes, set_row
from tests.cli.app import ABOUT, Asked, Ran, Says, problem, run_here, serving
from tests.cli.real import serving_real
from tests.cli.terminal import terminal
from tests.fixtures.app import App

S = RolloutState


def paused(deadline_in: float) -> tuple[App, str]:
    """A paused rollout with a failed host. Its three people are signed out in so many minutes."""
    app, rollout_id = in_state(S.PAUSED)
    app.now = datetime.now(UTC)  # the command line reads the clock of this machine
    force_at = app.now + minutes(deadline_in)
    schedule = app.rollout(rollout_id).schedule.replace(begin_at=app.now - minutes(60), force_at=force_at)
    set_row(app, rollout_id, schedule=schedule, started_at=app.now - minutes(60))
    return app, rollout_id


def run(tmp_path: Path, app: App, *arguments: str) -> tuple[Ran, list[object]]:
    """A command, and what it has sent."""
    with serving_real(app) as at:
        ran = run_here(tmp_path, *arguments, "--url", at.url)
        return ran, [one.body.get("sign_outs") for one in at.of("POST")]


SOON = pytest.mark.parametrize("command", [("retry", "office"), ("reschedule", "office", "--deadline", "+20m")])


@SOON
@pytest.mark.parametrize("agreed", [["--yes"], ["--yes", "-o", "json"]])
def test_people_who_would_be_signed_out_soon_are_agreed_to_by_number(
    tmp_path: Path, command: tuple[str, ...], agreed: list[str]
) -> None:
    app, rollout_id = paused(deadline_in=10)
    before = app.rollout(rollout_id)
    ran, sent = run(tmp_path, app, *command, *agreed)
    assert (ran.code, sent) == (3, [0])
    assert "3 people would be signed out soon" in ran.err
    assert "Add --sign-out 3 to allow it." in ran.err
    assert app.rollout(rollout_id) == before
    ran, sent = run(tmp_path, app, *command, "--yes", "--sign-out", "3")
    assert (ran.code, sent) == (0, [3]), ran.err
    assert app.rollout(rollout_id) != before


@SOON
def test_where_nobody_is_there_nothing_has_to_be_allowed(tmp_path: Path, command: tuple[str, ...]) -> None:
    app, _ = paused(deadline_in=10)
    app.world.sessions.clear()
    assert run(tmp_path, app, *command, "--yes")[0].code == 0


@pytest.mark.parametrize("command", [("retry", "office"), ("reschedule", "office", "--deadline", "+5h")])
def test_people_who_are_warned_before_are_not_counted(tmp_path: Path, command: tuple[str, ...]) -> None:
    app, _ = paused(deadline_in=300)
    ran, sent = run(tmp_path, app, *command, "--yes")
    assert (ran.code, sent) == (0, [None]), ran.err


def test_a_retry_of_an_ended_rollout_is_agreed_to_by_number(tmp_path: Path) -> None:
    app, old_id = in_state(S.FAILED)
    ran, sent = run(tmp_path, app, "retry", old_id, "--now", "--yes")
    assert (ran.code, sent) == (3, [0])
    ran, sent = run(tmp_path, app, "retry", old_id, "--now", "--sign-out", "5", "-q")
    assert (ran.code, sent) == (0, [5]), ran.err
    assert app.rollout(ran.out.strip()).retry_of == old_id


def test_more_than_allowed_is_refused_with_the_apps_own_words(tmp_path: Path) -> None:
    app, _ = paused(deadline_in=10)
    ran, _ = run(tmp_path, app, "retry", "office", "--yes", "--sign-out", "1", "-o", "json")
    assert (ran.code, json.loads(ran.err)["sign_outs"]) == (6, 3)


def test_without_a_terminal_a_retry_signs_nobody_out(tmp_path: Path) -> None:
    app, _ = paused(deadline_in=10)
    ran, sent = run(tmp_path, app, "retry", "office")
    assert (ran.code, sent, "Add --sign-out 3" in ran.err) == (3, [0], True)


def test_in_a_terminal_people_are_agreed_to_by_the_pools_name_and_again_when_more_have_come(tmp_path: Path) -> None:
    app, rollout_id = paused(deadline_in=10)
    before = app.rollout(rollout_id)
    with serving_real(app) as at:
        with terminal(tmp_path, "retry", "office", "--url", at.url) as shown:
            shown.expect("Try failed hosts of office again? This signs out 3 people soon. Type office to go on:")
            shown.type("y\n")
            assert shown.end() == 3
        assert app.rollout(rollout_id) == before
        with terminal(tmp_path, "retry", "office", "--url", at.url, size=(24, 200)) as shown:
            shown.expect("This signs out 3 people soon.")
            app.world.log_on("h1.contoso.local", "somebody")
            shown.type("office\n")
            shown.expect("This signs out 4 people soon.")
            shown.type("office\n")
            assert shown.end() == 0
    assert app.rollout(rollout_id).state is S.RUNNING


PROMOTION = {"id": "8204680874796-4bd9", "image": "win11", "version": "2.0.0", "state": "scheduled", "due_at": "x"}


def test_a_promotion_is_moved_without_a_number(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Says:
        if asked.path.endswith("/about"):
            return Says(body=ABOUT)
        if "/rollouts/" in asked.path:
            return problem(404, "not-found", "Not found")
        return Says(202 if asked.method == "POST" else 200, PROMOTION | {"note": None, "time_zone": "UTC"})

    move = ("reschedule", PROMOTION["id"], "--at", "+20m", "--yes")
    with serving(answer) as at:
        assert run_here(tmp_path, *move, "--url", at.url).code == 0
        assert "sign_outs" not in at.of("POST")[0].body
        assert run_here(tmp_path, *move, "--sign-out", "3", "--url", at.url).code == 2
