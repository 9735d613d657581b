"""What is asked before something begins, what is sent, and what a script gets."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from freshcoat_cli.errors import CliError
from freshcoat_cli.options import When
from freshcoat_cli.publishing.schedules import policy_of, schedule_of
from tests.cli.app import ABOUT, Asked, Says, problem, serving
from tests.cli.app import run_here as run


def soon(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def plan(hours: float = 5, **more: Any) -> dict[str, Any]:
    schedule = {"mode": "on_logoff", "begin_at": soon(0), "force_at": soon(hours), "time_zone": "Europe/Amsterdam"}
    nothing = dict.fromkeys(["windows", "proof", "deadline", "approval", "ordered_by"])
    return {
        "pool": "office",
        "image": "win11-office",
        "version": "2.0.0",
        "from_version": "1.0.0",
        "schedule": schedule | {"others_force_at": None},
        "policy": {"warn_minutes": [60, 15]},
        "can_start": True,
        "id": "a" * 16,
        "preflight": [{"check": "hosts", "result": "pass", "detail": "fine", "what_to_do": ""}],
        "to_update": 24,
        "users_now": 38,
        "users_at_force": 38,
        "at_once": 6,
        "expected_end": soon(hours + 1),
        **nothing,
        **more,
    }


class Publishing:
    """An app with one pool and this plan."""

    def __init__(self, shown: dict[str, Any]) -> None:
        self.plan = shown
        self.begun: list[Any] = []

    def __call__(self, asked: Asked) -> Says:
        if asked.path.endswith("/about"):
            return Says(body=ABOUT)
        if asked.method == "GET":
            return Says(body={"name": "office", "time_zone": "Europe/Amsterdam"})
        if "what_if=true" in asked.path:
            return Says(body=self.plan)
        self.begun.append(asked.body)
        return Says(202, {"id": "8204001026537-f242", "state": "scheduled", "pool": "office"})


UPDATE = ("update-image", "office", "2.0.0")


def test_a_plan_is_shown_and_the_rollout_that_begins(tmp_path: Path) -> None:
    with serving(app := Publishing(plan())) as at:
        ran = run(tmp_path, *UPDATE, "--on-logoff", "+5h", "--reason", "November", "--yes", "--url", at.url)
    assert ran.code == 0, ran.err
    assert "office  win11-office 1.0.0 → 2.0.0" in ran.out
    assert "38 now; at most 38 signed out at the deadline" in ran.out
    assert re.search(r"ends +about .* Europe/Amsterdam\n", ran.out)
    assert "✔ rollout 8204001026537-f242. Follow it: freshcoat watch office" in ran.out
    (body,) = app.begun
    assert body["reason"] == "November"
    assert body["schedule"]["mode"] == "on_logoff"
    assert body["schedule"]["time_zone"] == "Europe/Amsterdam"
    assert body["schedule"]["deadline"].endswith(("+01:00", "+02:00"))


def test_a_program_gets_the_rollout_alone(tmp_path: Path) -> None:
    with serving(Publishing(plan())) as at:
        ran = run(tmp_path, *UPDATE, "--on-logoff", "+5h", "--yes", "-o", "json", "--url", at.url)
        assert (ran.code, ran.err) == (0, "")
        assert ran.json["id"] == "8204001026537-f242"
        assert run(tmp_path, *UPDATE, "--on-logoff", "+5h", "-yq", "--url", at.url).out == "8204001026537-f242\n"


def test_nothing_begins_without_a_yes(tmp_path: Path) -> None:
    with serving(app := Publishing(plan())) as at:
        ran = run(tmp_path, *UPDATE, "--on-logoff", "+5h", "--url", at.url)
    assert ran.code == 2
    assert "Add --yes" in ran.err
    assert app.begun == []


def test_people_who_would_be_signed_out_soon_are_agreed_to_by_number(tmp_path: Path) -> None:
    with serving(app := Publishing(plan(hours=0.5))) as at:
        refused = run(tmp_path, *UPDATE, "--now", "--yes", "--url", at.url)
        assert refused.code == 3
        assert "38 people would be signed out soon" in refused.err
        assert "Add --sign-out 38" in refused.err
        assert app.begun == []
        assert run(tmp_path, *UPDATE, "--now", "--yes", "--sign-out", "40", "--url", at.url).code == 0
    assert app.begun[0]["sign_outs"] == 40


def test_what_if_begins_nothing_and_its_exit_code_says_whether_it_could(tmp_path: Path) -> None:
    failing = [{"check": "version", "result": "fail", "detail": "no such version", "what_to_do": "Choose another."}]
    with serving(app := Publishing(plan())) as at:
        assert run(tmp_path, *UPDATE, "--now", "--what-if", "-q", "--url", at.url).out == "a" * 16 + "\n"
        assert run(tmp_path, "plan", "office", "2.0.0", "--url", at.url).code == 0
        app.plan = plan(can_start=False, preflight=failing)
        ran = run(tmp_path, "plan", "office", "2.0.0", "--url", at.url)
        assert ran.code == 3
        assert "version: no such version" in ran.err
        assert "Choose another." in ran.out
        app.plan = plan(can_start=False, preflight=[failing[0] | {"check": "rollout", "detail": "One runs."}])
        ran = run(tmp_path, *UPDATE, "--now", "--yes", "--url", at.url)
        assert (ran.code, "✘ Not possible now\n  One runs." in ran.err) == (6, True)
    assert app.begun == []


STAGED = {
    "check": "staged",
    "result": "fail",
    "detail": "version 2.0.0 is a backup",
    "what_to_do": "send allow_downgrade: true to go back to it",
}


def test_what_to_do_about_a_failed_check_names_the_option_of_the_command(tmp_path: Path) -> None:
    with serving(Publishing(plan(can_start=False, preflight=[STAGED]))) as at:
        ran = run(tmp_path, "plan", "office", "2.0.0", "--url", at.url)
    told = "✘ staged: version 2.0.0 is a backup\n{}  add --allow-downgrade to go back to it\n"
    assert told.format("") in ran.out
    assert told.format("  ") in ran.err


@pytest.mark.parametrize("why", ["it cannot start", "there is no plan"])
def test_a_repeated_request_is_answered_although_it_could_not_begin_anew(tmp_path: Path, why: str) -> None:
    """A pipeline that is run again: its rollout runs already, or has ended. The app knows the key."""
    runs = [{"check": "rollout", "result": "fail", "detail": "One runs.", "what_to_do": ""}]
    app = Publishing(plan(can_start=False, preflight=runs))

    def answer(asked: Asked) -> Says:
        if "what_if=true" in asked.path and why == "there is no plan":
            return problem(409, "conflict", "Not possible now", "Another one is staged.")
        return app(asked)

    with serving(answer) as at:
        again = (*UPDATE, "--now", "--sign-out", "40", "--yes", "-q", "--url", at.url)
        assert run(tmp_path, *again).code == 6
        assert run(tmp_path, *again, "--idempotency-key", "run-1", "--what-if").code == 6
        assert app.begun == []
        ran = run(tmp_path, *again, "--idempotency-key", "run-1")
        assert (ran.code, ran.out) == (0, "8204001026537-f242\n"), ran.err
        people = run(tmp_path, *again[:-3], "--url", at.url, "--idempotency-key", "run-1")
        assert people.code == 0, people.err
    assert [body["sign_outs"] for body in app.begun] == [40, 40]


def test_people_are_agreed_to_by_number_also_when_it_may_be_a_repeated_request(tmp_path: Path) -> None:
    with serving(app := Publishing(plan(hours=0.5, can_start=False))) as at:
        ran = run(tmp_path, *UPDATE, "--now", "--yes", "--idempotency-key", "run-1", "--url", at.url)
    assert (ran.code, app.begun) == (3, [])


def test_a_time_has_to_be_given_and_only_one(tmp_path: Path) -> None:
    with serving(Publishing(plan())) as at:
        assert run(tmp_path, *UPDATE, "--url", at.url).code == 2
        assert run(tmp_path, *UPDATE, "--now", "--at", "22:00", "--url", at.url).code == 2
        assert run(tmp_path, *UPDATE, "--now", "--begin", "22:00", "--url", at.url).code == 2
        past = run(tmp_path, *UPDATE, "--at", "2020-01-01T00:00", "--url", at.url)
        assert (past.code, "in the past" in past.err) == (3, True)


def test_the_words_of_a_policy_become_its_values() -> None:
    given = ["max_unavailable=10%", "retries=0", "strict-deadline=true", 'windows=[{"from": "22:00", "to": "06:00"}]']
    assert policy_of(given) == {
        "max_unavailable": "10%",
        "retries": 0,
        "strict_deadline": True,
        "windows": [{"from": "22:00", "to": "06:00"}],
    }
    with pytest.raises(CliError, match="has no value"):
        policy_of(["retries"])


def test_a_moment_is_sent_with_its_offset_and_its_zone() -> None:
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    schedule = schedule_of(When(at=f"{day}T12:00"), "Europe/Amsterdam")
    assert schedule is not None
    assert schedule["at"][:16] == f"{day}T12:00"
    assert schedule["at"][16:] in {"+01:00", "+02:00"}
    assert schedule["time_zone"] == "Europe/Amsterdam"


def test_a_changed_plan_is_refused_where_nobody_can_be_asked(tmp_path: Path) -> None:
    shown = Publishing(plan())

    def answer(asked: Asked) -> Says:
        if asked.method == "POST" and "what_if" not in asked.path:
            return problem(409, "plan-changed", "The plan has changed", "Look at the new plan.", plan=plan())
        return shown(asked)

    with serving(answer) as at:
        ran = run(tmp_path, *UPDATE, "--now", "--yes", "--sign-out", "1", "-o", "json", "--url", at.url)
    assert ran.code == 6
    assert json.loads(ran.err)["plan"]["users_at_force"] == 38


ROLLOUT = {
    "id": "8204001026537-f242",
    "pool": "office",
    "image": "i",
    "version": "2.0.0",
    "state": "paused",
    "note": None,
}


@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (["pause", "office", "--reason", "lunch"], "pause", {"reason": "lunch"}),
        (["resume", "office"], "resume", {}),
        (["retry", "office", "--host", "office-0001"], "retry", {"hosts": ["office-0001"]}),
        (["cancel", "office", "--yes"], "cancel", {"how": "leave"}),
        (["cancel", "8204001026537-f242", "--take-back", "--yes"], "cancel", {"how": "roll_back"}),
    ],
)
def test_a_pools_name_means_its_open_rollout(tmp_path: Path, arguments: list[str], path: str, body: Any) -> None:
    def answer(asked: Asked) -> Says:
        if asked.path.endswith("/about"):
            return Says(body=ABOUT)
        if "/rollouts?" in asked.path:
            return Says(body={"items": [ROLLOUT | {"kind": "update"}], "continuation": None})
        return Says(202 if asked.method == "POST" else 200, ROLLOUT)

    with serving(answer) as at:
        ran = run(tmp_path, *arguments, "--url", at.url)
        assert ran.code == 0, ran.err
        assert "✔ rollout 8204001026537-f242 is paused" in ran.out
        (sent,) = at.of("POST")
        assert sent.path == f"/api/rollouts/8204001026537-f242/{path}"
        assert sent.body == body


def test_where_nothing_is_open_that_is_said(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Says:
        return Says(body=ABOUT if asked.path.endswith("/about") else {"items": [], "continuation": None})

    with serving(answer) as at:
        ran = run(tmp_path, "pause", "office", "--url", at.url)
    assert (ran.code, "No rollout is open on pool office." in ran.err) == (5, True)


@pytest.mark.parametrize(
    ("zones", "arguments", "code", "zone"),
    [
        (["Europe/Amsterdam", "Europe/Amsterdam"], [], 0, "Europe/Amsterdam"),
        (["Europe/Amsterdam", "Asia/Tokyo"], [], 2, ""),
        (["Europe/Amsterdam", "Asia/Tokyo"], ["--time-zone", "Asia/Tokyo"], 0, "Asia/Tokyo"),
    ],
)
def test_a_time_for_many_pools_is_read_where_they_all_are(
    tmp_path: Path, zones: list[str], arguments: list[str], code: int, zone: str
) -> None:
    sent: list[Any] = []

    def answer(asked: Asked) -> Says:
        if asked.path.endswith("/about"):
            return Says(body=ABOUT)
        if asked.method == "GET":
            items = [{"name": f"p{at}", "time_zone": there} for at, there in enumerate(zones)]
            return Says(body={"items": items, "continuation": None})
        sent.append(asked.body)
        rings = [{"ring": 0, "begins_at": None, "approval": False, "pools": [plan()]}]
        return Says(body=plan() | {"rings": rings, "problems": []})

    many = ("update-pools", "2.0.0", "--image", "win11-office", "--on-logoff", "tomorrow 12:00", "--what-if")
    with serving(answer) as at:
        ran = run(tmp_path, *many, *arguments, "--url", at.url)
    assert ran.code == code, ran
    assert [body["schedule"]["time_zone"] for body in sent] == ([zone] if zone else [])
