"""Whatever answers, and whenever it stops to, the smoke check ends with a sentence and an exit code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.core.names import RELEASE
from tests.cli.app import App, Asked, Says, problem
from tests.tools.smoke.world import FINDINGS, World, pool, run
from tools.smoke import pool_checks
from tools.smoke.app_checks import clock, reachable
from tools.smoke.pool_checks import SILENT_POOLS
from tools.smoke.target import Answer

PAGE = Says(200, "<html>Welcome to the hotel</html>", {"Content-Type": "text/html"})
DOWN = Says(503, {}, {"Retry-After": "0"})
EXPIRED = problem(401, "not-signed-in", "Not signed in", "The token has expired.")
HOTEL = "http://hotel.example/in"
LOGIN = {"Location": "https://login.microsoftonline.com/t/oauth2/authorize?client_id=c"}
ABOUT = "/api/about"


def advice_of(said: str, start: str) -> str:
    """What it says to do below the line that begins so."""
    lines = said.splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith(start)), None)
    assert at is not None, said
    return lines[at + 1]


@pytest.mark.parametrize(
    ("says", "expected", "advice"),
    [
        (PAGE, "fail  reachable: something answered that is not a Freshcoat, with a web page", "sign-in page"),
        (Says(302, "", LOGIN), "fail  reachable: a stranger is answered 302", "App Service authentication"),
        (Says(302, "", {"Location": f"{HOTEL}?to=x"}), f"fail  reachable: it sends everybody on to {HOTEL}", "network"),
        (Says(401, {}), "fail  reachable: a stranger is answered 401", "App Service authentication"),
        (Says(403, {}), "fail  reachable: a stranger is answered 403", "start the app"),
        (Says(404, {}), "fail  reachable: answered 404", "check the address"),
        (Says(500, {}), "fail  reachable: answered 500", "log"),
        (Says(503, {}), "fail  reachable: answered 503", "in a minute"),
        (Says(200, ["x"]), "fail  reachable: something answered", "check the address"),
        (Says(lost=True), "fail  reachable: ", "check the address"),
    ],
)  # fmt: skip
def test_what_answers_instead_of_the_app_is_named(
    app: App, world: World, capsys: Any, says: Says, expected: str, advice: str
) -> None:
    world.instead = lambda _: says
    code, said = run(app, capsys)
    assert (code, expected in said) == (1, True), said
    assert advice in advice_of(said, expected)
    assert len(app.asked) == 1, "nothing is asked of a stranger's server"


def test_a_certificate_that_is_not_trusted_is_named() -> None:
    text = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1032)"
    found = reachable(Answer(0, None, text, 0.1))
    assert found.grade == "fail"
    assert "not trusted" in found.detail
    assert "SSL_CERT_FILE" in found.what_to_do


@pytest.mark.parametrize(("seconds", "grade"), [(0.2, "pass"), (5, "pass"), (5.1, "warn")])
def test_a_cold_start_is_told(seconds: float, grade: str) -> None:
    assert reachable(Answer(200, {"name": "Freshcoat"}, "", seconds)).grade == grade


def test_what_changes_answers_after_the_sign_in_is_named(app: App, world: World, capsys: Any) -> None:
    world.instead = lambda asked: None if asked.path == ABOUT else PAGE
    code, said = run(app, capsys)
    assert code == 1
    assert "did not answer like a Freshcoat" in said
    assert "in front of the app" in advice_of(said, "warn  strangers: answered 200")
    assert said.splitlines()[-1].endswith("1 failed: me")


@pytest.mark.parametrize("body", [None, [], {}, "text", {"items": [None]}, {"items": [{}]}, {"may": None}])
@pytest.mark.parametrize("path", ["/api/me", "/api/images", "/api/pools", "/api/health/live", "update-image"])
def test_answers_of_another_form_are_failed_checks(
    app: App, world: World, capsys: Any, path: str, body: object
) -> None:
    """A newer or an older app, or something between that changes what it says."""
    says = Says(200, body)
    world.instead = lambda asked: says if path in asked.path and "x-freshcoat-key" in asked.headers else None
    code, said = run(app, capsys)
    assert " failed" in said.splitlines()[-1], said
    empty = path in {"/api/images", "/api/pools"} and body == {"items": []}
    assert code == (0 if empty else 1), said


@pytest.mark.parametrize("auth", [None, {}, {"kind": "magic"}, "entra"])
def test_an_app_that_says_nothing_known_about_its_sign_in(app: App, world: World, capsys: Any, auth: object) -> None:
    world.about["auth"] = auth
    code, said = run(app, capsys)
    assert code == 1
    assert (
        "fail  about: the answer has not the form that this release expects" in said or "fail  me: The app and" in said
    )
    assert "Traceback" not in said


def test_a_sign_in_that_has_expired_says_how_to_renew_it(app: App, world: World, capsys: Any) -> None:
    world.instead = lambda asked: EXPIRED if "x-freshcoat-key" in asked.headers else None
    code, said = run(app, capsys)
    assert code == 1
    assert "The token has expired" in said
    assert advice_of(said, "fail  me") == f"      -> sign in with: freshcoat login {app.url}"
    assert not app.of("GET", "/api/pools?")


def test_a_sign_in_that_expires_among_the_pools_ends_them(app: App, world: World, capsys: Any) -> None:
    world.pools = [pool(f"p-{number}") for number in range(20)]
    world.plan = lambda _: EXPIRED if len(app.of("POST")) > 3 else Says(body={"preflight": FINDINGS})
    code, said = run(app, capsys)
    assert (code, len(app.of("POST"))) == (1, 4)
    assert "sign in again" in advice_of(said, "fail  pools: Not signed in")


@pytest.mark.parametrize("answers", range(1, 10))
def test_an_app_that_goes_down_half_way_ends_the_check_soon(app: App, world: World, capsys: Any, answers: int) -> None:
    world.pools = [pool(f"p-{number}") for number in range(20)]
    world.instead = lambda _: DOWN if len(app.asked) > answers else None
    code, said = run(app, capsys)
    assert code == 1, said
    assert "fail  reachable: the app does not answer any more: 503" in said
    assert len(app.asked) < answers + 25, "it does not wait for every pool"


def test_pools_that_azure_does_not_answer_for_are_left_after_some(app: App, world: World, capsys: Any) -> None:
    world.pools = [pool(f"p-{number}") for number in range(200)]
    busy = problem(503, "azure-busy", "Azure is busy", "Try again.")
    world.plan = lambda _: Says(503, busy.body, {"Retry-After": "0"})
    code, said = run(app, capsys)
    assert code == 1
    assert said.count("warn  pool ") == SILENT_POOLS
    assert f"fail  pools: {200 - SILENT_POOLS} were not checked" in said


def test_two_hundred_pools_are_checked_and_the_last_line_names_who_failed(app: App, world: World, capsys: Any) -> None:
    world.pools = [pool(f"p-{number}", "1.0.0" if number % 10 else "9.0.0") for number in range(200)]
    lacks = {"check": "rights", "result": "fail", "detail": "lacks a right", "what_to_do": "give it"}
    world.plan = lambda body: Says(body={"preflight": [lacks] if body["version"] == "9.0.0" else FINDINGS})
    code, said = run(app, capsys)
    assert (code, said.count("pass  pool ")) == (1, 180)
    assert said.splitlines()[-1].endswith("20 failed: pool p-0, pool p-10, pool p-20, pool p-30, pool p-40, pool p-50, "
                                          "pool p-60, pool p-70, pool p-80, pool p-90 and 10 more")  # fmt: skip


def test_pools_can_be_named_by_a_pattern(app: App, world: World, capsys: Any) -> None:
    world.pools = [pool("office"), pool("lab-1"), pool("lab-2")]
    code, said = run(app, capsys, "--pool", "lab-*,lab-1")
    assert (code, said.count("pass  pool lab-"), "pool office" in said) == (0, 2, False), said
    code, said = run(app, capsys, "--pool", "[z]*")
    assert (code, "fail  pool [z]*: there is none of this name" in said) == (1, True)


def test_an_interruption_is_no_failure_of_the_app(app: App, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pool_checks, "_plan", interrupted)
    code, said = run(app, capsys)
    assert code == 130
    assert said.splitlines()[-1].startswith("stopped before the end: ")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("behind", "seconds", "grade"),
    [
        (0, 0.1, "pass"),
        (70, 75, "pass"),  # a cold start: the app looked at its clock at once, and its answer took that long
        (85, 75, "warn"),
        (140, 75, "fail"),
        (-4, 75, "pass"),
        (-70, 75, "fail"),  # a clock that is ahead is not excused by a slow answer
        (61, 0.2, "fail"),
    ],
)
def test_a_slow_answer_is_not_taken_for_a_wrong_clock(behind: float, seconds: float, grade: str) -> None:
    now = datetime.now(UTC)
    said = {"now": (now - timedelta(seconds=behind)).isoformat(), "version": RELEASE}
    (found,) = clock(Answer(200, said, "", seconds), now)
    assert found.grade == grade, found


def test_an_app_that_does_not_say_its_time_is_told() -> None:
    (found,) = clock(Answer(200, {"now": None}, "", 0.1), datetime.now(UTC))
    assert (found.grade, found.what_to_do) == ("warn", "check its version")


def test_a_time_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    now = datetime.now(UTC)
    (found,) = clock(Answer(200, {"now": now.replace(tzinfo=None).isoformat()}, "", 0.1), now)
    assert found.grade == "pass"


def test_an_app_that_asks_strangers_to_sign_in_elsewhere_is_told(app: App, world: World, capsys: Any) -> None:
    def instead(asked: Asked) -> Says | None:
        stranger = "x-freshcoat-key" not in asked.headers and asked.path != ABOUT
        return Says(302, "", LOGIN) if stranger else None

    world.instead = instead
    code, said = run(app, capsys)
    assert code == 0
    assert "in front of the app" in advice_of(said, "warn  strangers: answered 302, not 401")
