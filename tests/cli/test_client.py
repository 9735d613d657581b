"""How the command line bears refusals, silence and lost answers, and which exit code says so."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from freshcoat_cli.client.http import Client
from freshcoat_cli.client.signing_in import Key, Nothing
from freshcoat_cli.errors import CliError, Exit
from tests.cli.app import ABOUT, ME, Asked, Says, environment, problem, serving
from tests.cli.app import run_here as run


def answering(says: Says) -> Callable[[Asked], Says]:
    """Everything but `about` is answered so."""
    return lambda asked: Says(body=ABOUT) if asked.path.endswith("/about") else says


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 3), (422, 3), (401, 4), (403, 4), (404, 5), (409, 6), (412, 6), (500, 1)],
)
def test_a_refusal_is_told_on_stderr_with_its_exit_code(tmp_path: Path, status: int, code: int) -> None:
    with serving(answering(problem(status, "some-kind", "Some title", "Some detail."))) as app:
        ran = run(tmp_path, "whoami", "--url", app.url)
        assert (ran.code, ran.out) == (code, "")
        assert "✘ Some title\n  Some detail.\n" in ran.err
        told = run(tmp_path, "whoami", "--url", app.url, "-o", "json")
        assert (told.code, told.out) == (code, "")
        assert json.loads(told.err)["type"] == "urn:freshcoat:some-kind"


def test_what_is_busy_is_asked_three_times_and_as_late_as_it_wants(tmp_path: Path) -> None:
    busy = problem(503, "azure-busy", "Azure is busy")
    with serving(answering(Says(503, busy.body, {"Retry-After": "1"}))) as app:
        began = time.monotonic()
        ran = run(tmp_path, "whoami", "--url", app.url)
        assert time.monotonic() - began >= 2
        assert ran.code == Exit.UNREACHABLE
        assert len(app.of("GET", "/me")) == 3
        assert "trying again in 1.0 s (2 of 3)" in ran.err


def test_what_is_busy_once_is_answered(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Says:
        if asked.path.endswith("/about"):
            return Says(body=ABOUT)
        return Says(body=ME) if len(app.of("GET", "/me")) > 1 else Says(503, {}, {"Retry-After": "0"})

    with serving(answer) as app:
        assert run(tmp_path, "whoami", "--url", app.url, "-q").out == "ann\n"


def test_a_dead_server_is_told_with_exit_code_7(tmp_path: Path) -> None:
    ran = run(tmp_path, "pools", "--url", "http://127.0.0.1:1")
    assert (ran.code, ran.out) == (7, "")
    assert "http://127.0.0.1:1 cannot be reached" in ran.err
    assert "Connection refused" in ran.err
    assert "Errno" not in ran.err


def test_a_slow_server_is_left_when_the_time_is_up(tmp_path: Path) -> None:
    with serving(answering(Says(body=ME, late=20))) as app:
        began = time.monotonic()
        ran = run(tmp_path, "whoami", "--url", app.url, "--timeout", "2")
        assert (ran.code, ran.out) == (124, "")
        assert time.monotonic() - began < 15
        assert "No end within 2 s" in ran.err


def test_a_write_whose_answer_is_lost_is_sent_again_with_the_same_key() -> None:
    def answer(_: Asked) -> Says:
        return Says(202, {"id": "r1"}) if len(app.asked) > 1 else Says(lost=True)

    with serving(answer) as app:
        reply = Client(app.url, Nothing()).send("POST", "pools/office/update-image", {"version": "2.0.0"})
        assert reply.data == {"id": "r1"}
        first, second = app.asked
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        assert first.body == second.body == {"version": "2.0.0"}


def test_two_writes_have_two_keys() -> None:
    with serving(lambda _: Says(202, {})) as app:
        client = Client(app.url, Nothing())
        client.send("POST", "rollouts/r1/pause")
        client.send("POST", "rollouts/r1/pause")
        assert len({one.headers["idempotency-key"] for one in app.asked}) == 2


def test_a_write_in_the_way_of_its_own_first_try_waits_for_it() -> None:
    def answer(_: Asked) -> Says:
        if len(app.asked) == 1:
            return Says(lost=True)
        working = problem(409, "still-working", "Not possible now")
        return Says(409, working.body, {"Retry-After": "0"}) if len(app.asked) == 2 else Says(202, {"id": "r1"})

    with serving(answer) as app:
        assert Client(app.url, Nothing()).send("POST", "rollouts/r1/pause").data == {"id": "r1"}
        assert len({one.headers["idempotency-key"] for one in app.asked}) == 1


def test_a_conflict_that_does_not_pass_is_told_at_once() -> None:
    with serving(lambda _: problem(409, "conflict", "Not possible now", "Rollout r1 runs.")) as app:
        with pytest.raises(CliError) as refused:
            Client(app.url, Nothing()).send("POST", "pools/office/update-image", {})
        assert refused.value.code is Exit.NOT_NOW
        assert len(app.asked) == 1


def test_all_pages_are_read_but_not_more_than_wanted() -> None:
    def answer(asked: Asked) -> Says:
        at = int(asked.path.partition("continuation=")[2] or 0)
        size = int(asked.path.partition("limit=")[2].partition("&")[0])
        items = [{"n": n} for n in range(at, min(at + size, 450))]
        return Says(body={"items": items, "continuation": str(at + size) if at + size < 450 else None})

    with serving(answer) as app:
        client = Client(app.url, Nothing())
        assert [one["n"] for one in client.pages("tasks")] == list(range(450))
        assert [one["n"] for one in client.pages("tasks", 3)] == [0, 1, 2]


def test_an_answer_that_sends_elsewhere_is_not_followed() -> None:
    """A key would go along."""
    with serving(lambda _: Says(302, "", {"Location": "https://elsewhere.example/"})) as app:
        with pytest.raises(CliError, match="sends this command on"):
            Client(app.url, Key("fck_secret")).get("me")
        assert len(app.asked) == 1


def test_passwords_in_netrc_are_for_other_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(lambda _: Says(body=ME)) as app:
        Client(app.url, Nothing()).get("me")
        assert "authorization" not in app.asked[0].headers


def test_no_proxy_is_asked_for_this_machine(tmp_path: Path) -> None:
    with serving(answering(Says(body=ME))) as app:
        proxies = {
            "HTTP_PROXY": "http://127.0.0.1:1",
            "http_proxy": "http://127.0.0.1:1",
            "NO_PROXY": "",
            "no_proxy": "",
        }
        assert run(tmp_path, "whoami", "-q", "--url", app.url, **proxies).out == "ann\n"


def test_a_page_of_something_else_is_no_freshcoat(tmp_path: Path) -> None:
    with serving(lambda _: Says(200, "<html>", {"Content-Type": "text/html"})) as app:
        ran = run(tmp_path, "pools", "--url", app.url)
        assert ran.code == 1
        assert "did not answer like a Freshcoat" in ran.err


@pytest.mark.parametrize("name", ["office/hosts", "..", "a?what_if=false", "a%2Fb", "a b", ""])
def test_a_name_that_would_be_another_address_is_refused_before_anything_is_asked(tmp_path: Path, name: str) -> None:
    with serving(lambda _: Says(body=ABOUT)) as app:
        ran = run(tmp_path, "pools", name, "--url", app.url)
        assert (ran.code, "can be no name" in ran.err) == (2, True)
        assert app.asked == []


def test_whoever_reads_may_stop_reading(tmp_path: Path) -> None:
    """As in `freshcoat hosts office | head -n 1`."""
    items = [{**ME, "id": str(number), "name": f"pool-{number}"} for number in range(5_000)]
    with serving(
        lambda asked: Says(body=ABOUT if "about" in asked.path else {"items": items, "continuation": None})
    ) as app:
        command = f"{sys.executable} -m freshcoat_cli images -q --url {app.url}; echo ended $? >&2"
        done = subprocess.run(  # noqa: S603 - our own command
            ["bash", "-c", f"{{ {command}; }} | head -n 1"],  # noqa: S607
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stdout == "pool-0\n"
    assert done.stderr == "ended 0\n"
