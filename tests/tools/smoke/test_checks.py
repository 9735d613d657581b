"""`make smoke` against an app that answers as a test says: what it finds, what it advises, and its exit code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.app import App, Says, problem
from tests.tools.smoke.world import FINDINGS, IMAGE, World, pool, run
from tools.smoke.__main__ import USAGE, main


def test_an_app_that_is_well_passes_and_nothing_is_written(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(app, capsys)
    assert (code, "fail " in said) == (0, False), said
    assert "pass  pool office: rights\n" in said
    assert "pass  forged sign-in: refused\n" in said
    assert "pass  timers: a pool was looked at 0 minutes ago\n" in said
    assert "1.0.0 already" not in said, "the plan asks for the version that the pool has"
    assert said.splitlines()[-1] == "12 passed, 1 to look at, 0 failed", "telemetry was not looked for"
    assert {one.method for one in app.asked if "update-image" not in one.path} == {"GET"}
    (planned,) = app.of("POST")
    assert "what_if=true" in planned.path


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        ({"about": {"version": "0.0.9"}}, 0, "warn  version: the app is 0.0.9"),
        ({"about": {"auth": {"kind": "key"}}}, 0, "warn  sign-in: only app keys are taken"),
        ({"apart": timedelta(seconds=20)}, 0, "warn  clock: 20 s apart"),
        ({"apart": timedelta(minutes=-3)}, 1, "fail  clock: 180 s apart"),
        ({"stranger": 200}, 1, "fail  strangers: answered 200, not 401"),
        ({"forged": 200}, 1, "fail  forged sign-in: answered 200, not 401"),
        ({"forged": 503}, 0, "warn  forged sign-in: answered 503, not 401"),
        ({"me": {"may": ["read"]}}, 1, "fail  me: ann may not plan, so pools were not checked"),
        ({"me": {"may": ["hint"]}}, 1, "fail  me: ann may not read or plan, so tables, images and pools"),
        (
            {"health": {"tables": "cannot be read", "azure": "not asked: no pool can be read"}},
            1,
            "fail  tables: the app's",
        ),
        ({"health": {"tables": "ok", "azure": "refuses"}}, 1, "fail  arm: Azure refuses"),
        ({"health": {"tables": "ok", "azure": "busy"}}, 0, "warn  arm: Azure busy"),
        ({"health": {"tables": "ok", "azure": "ok", "pools": "1 of 2 cannot be read"}}, 1, "fail  pools: 1 of 2"),
        ({"images": [IMAGE | {"problem": "the image definition was not found"}]}, 1, "fail  image win11: the image"),
        ({"images": [IMAGE | {"current": None}]}, 0, "warn  image win11: it has no active version"),
        ({"images": [], "pools": []}, 0, "warn  pools: there are none"),
        ({"images": []}, 0, "warn  images: there are none"),
    ],
)
def test_what_is_not_well_is_named(
    app: App, world: World, capsys: pytest.CaptureFixture[str], change: dict[str, Any], code: int, expected: str
) -> None:
    for name, value in change.items():
        old = getattr(world, name)
        setattr(world, name, old | value if isinstance(old, dict) and name != "health" else value)
    found, said = run(app, capsys)
    assert (found, expected in said) == (code, True), said
    lines = said.splitlines()
    at = next(number for number, line in enumerate(lines) if expected in line)
    assert lines[at + 1].startswith("      -> "), "it says what to do"


@pytest.mark.parametrize(
    ("looks", "registered", "expected"),
    [
        ((60, 45), 900, "fail  timers: no pool was looked at for 4"),
        ((60, 5), 900, "pass  timers: a pool was looked at "),
        ((60, 5), 2, "pass  timers: a pool was looked at "),
        ((None,), 900, "fail  timers: no pool was looked at for 90"),
        ((None, None), 3, "warn  timers: no pool was looked at yet"),
    ],
)
def test_timers_that_stand_still_are_told_from_pools_that_are_new(
    app: App, world: World, capsys: Any, looks: tuple[float | None, ...], registered: float, expected: str
) -> None:
    def ago(minutes: float | None) -> str | None:
        return None if minutes is None else (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()

    world.pools = [pool(f"p-{at}", seen_at=ago(look), registered_at=ago(registered)) for at, look in enumerate(looks)]
    code, said = run(app, capsys)
    assert (code, expected in said) == (int(expected.startswith("fail")), True), said


def test_a_failed_check_of_a_pool_comes_with_its_advice(
    app: App, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    lacks = {"check": "rights", "result": "fail", "detail": "lacks the right a/b", "what_to_do": "give it the role"}
    world.plan = lambda _: Says(body={"preflight": [*FINDINGS, lacks]})
    code, said = run(app, capsys)
    assert code == 1
    assert "fail  pool office: rights: lacks the right a/b\n      -> give it the role\n" in said


def test_a_pool_whose_limits_forbid_a_mode_is_asked_with_another(
    app: App, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def plan(body: Mapping[str, Any]) -> Says:
        if body["schedule"]["mode"] == "on_logoff":
            return problem(422, "preflight-failed", "Refused", "the limits allow the mode now only")
        return Says(body={"preflight": FINDINGS})

    world.plan = plan
    code, said = run(app, capsys)
    assert (code, "pass  pool office" in said) == (0, True), said


def test_a_pool_that_cannot_be_planned_does_not_hide_the_others(
    app: App, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.pools = [pool("office"), pool("lab", "2.0.0")]
    refused = problem(422, "preflight-failed", "Refused", "no mode is allowed")
    world.plan = lambda body: refused if body["version"] == "1.0.0" else Says(body={"preflight": FINDINGS})
    code, said = run(app, capsys)
    assert code == 1
    assert "fail  pool office: no plan can be made. Refused. no mode is allowed" in said
    assert "pass  pool lab: rights" in said


def test_only_the_named_pools_are_checked_and_an_unknown_one_fails(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(app, capsys, "--pool", "lab, office")
    assert code == 1
    assert "fail  pool lab: there is none of this name" in said
    assert "pass  pool office" in said


def test_who_is_not_signed_in_learns_how(
    app: App, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FRESHCOAT_KEY")
    monkeypatch.setenv("FRESHCOAT_NO_KEYRING", "1")
    world.about["auth"] = {"kind": "key"}
    code, said = run(app, capsys)
    assert code == 1
    assert f"sign in with: freshcoat login {app.url}" in said.replace("Sign", "sign")


def test_another_site_and_a_closed_door_are_no_freshcoat(app: App, world: World, capsys: Any) -> None:
    world.about["name"] = "Other"
    assert "fail  reachable: something answered that is not a Freshcoat" in run(app, capsys)[1]


def test_nothing_at_the_address_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://127.0.0.1:9"]) == 1
    assert "fail  reachable" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--url", "http://freshcoat.example"],
        ["--url", ""],
        ["--url", "https://a.example", "--host", "lab-0", "--version", "2.0.0", "--pool", "lab*"],
        ["--url", "https://a.example", "--host", "lab-0", "--version", "2.0.0", "--pool", "../lab"],
        ["--url", "https://a.example", "--host", "lab-0", "--pool", "lab"],
        ["--url", "https://a.example", "--host", "lab-0", "--version", "2.0.0"],
        ["--url", "https://a.example", "--host", "lab-0", "--version", "2.0.0", "--pool", "lab,office"],
    ],
)
def test_a_call_that_cannot_work_is_refused_before_anything_is_asked(arguments: list[str]) -> None:
    assert main(arguments) == USAGE
