"""What a server, a machine or a hand on the keyboard may do to the command line, and what must not come of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freshcoat_cli.client import secrets
from freshcoat_cli.client.http import Client
from freshcoat_cli.client.signing_in import Nothing
from freshcoat_cli.config.profiles import Config, Profile, read_config, write_config
from freshcoat_cli.errors import CliError, Exit
from freshcoat_cli.limits import at_the_latest
from freshcoat_cli.options import When
from freshcoat_cli.publishing.schedules import schedule_of
from tests.cli.app import ABOUT, LONGEST, ME, Asked, Says, environment, problem, run, run_here, serving
from tests.cli.terminal import terminal
from tests.cli.test_publishing import UPDATE, Publishing, plan

SECRET = "fck_verysecret"


def me(asked: Asked) -> Says:
    return Says(body=ABOUT if asked.path.endswith("/about") else ME)


@pytest.mark.parametrize("key", [f"{SECRET}\nmore", f"{SECRET}\x00", f"{SECRET}…", " "])
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_key_that_no_header_can_carry_is_not_repeated(tmp_path: Path, key: str, form: str) -> None:
    given = {"FRESHCOAT_KEY": key} if "\x00" not in key else {"FRESHCOAT_KEY": key.replace("\x00", "\x01")}
    with serving(me) as app:
        ran = run(tmp_path, "whoami", "-o", form, "--url", app.url, FRESHCOAT_DEBUG="1", **given)
        assert ran.code == 2
        assert SECRET not in ran.out + ran.err
        assert app.of("GET", "/me") == []


def test_a_line_end_behind_a_key_is_no_part_of_it(tmp_path: Path) -> None:
    with serving(me) as app:
        assert run_here(tmp_path, "whoami", "--url", app.url, FRESHCOAT_KEY=f"{SECRET}\r\n").code == 0
        assert app.of("GET", "/me")[0].headers["x-freshcoat-key"] == SECRET


def piped(folder: Path, command: str, **more: str) -> str:
    """What is said on stderr, with the exit code at its end, when nobody reads stdout."""
    done = subprocess.run(  # noqa: S603 - our own command
        ["bash", "-c", f"{{ {sys.executable} -m freshcoat_cli {command}; echo ended $? >&2; }} | true"],  # noqa: S607
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    return done.stderr


@pytest.mark.parametrize(
    "command", ["update-image office 2.0.0 --on-logoff +5h --yes", "plan office 2.0.0", "audit verify"]
)
def test_what_nobody_reads_to_its_end_is_no_success(tmp_path: Path, command: str) -> None:
    """With `| head` the plan is the first that is written, so nothing has begun yet."""

    def answer(asked: Asked) -> Says:
        if "verify" in asked.path:
            found: dict[str, Any] = {
                "whole": False,
                "broken": 1,
                "first": None,
                "entries": 1,
                "months": [],
                "signed": [],
            }
            return Says(body={**found, "unchained": 0, "signatures_read": True, "complete": True})
        return app(asked)

    app = Publishing(plan())
    with serving(lambda asked: Says(late=1.0 * ("about" not in asked.path), **vars_of(answer(asked)))) as at:
        said = piped(tmp_path, command, FRESHCOAT_URL=at.url)
    assert "ended 1" in said
    assert "Nobody reads the output" in said


def test_whoever_reads_a_table_may_stop_reading(tmp_path: Path) -> None:
    key: dict[str, Any] = {
        "name": "n",
        "role": "reader",
        "accounts": [],
        "revoked_at": None,
        "expires_at": None,
        "created_by": "ann",
    }
    keys = {"items": [key], "continuation": None}
    with serving(lambda asked: Says(body=ABOUT) if "about" in asked.path else Says(body=keys, late=1)) as app:
        assert piped(tmp_path, "access keys", FRESHCOAT_URL=app.url) == "ended 0\n"


def vars_of(says: Says) -> dict[str, Any]:
    return {"status": says.status, "body": says.body, "headers": says.headers}


@pytest.mark.parametrize("command", ["whoami", "update-image office 2.0.0 --on-logoff +5h --yes -q"])
def test_nothing_is_begun_of_which_the_answer_would_be_lost(tmp_path: Path, command: str) -> None:
    with serving(app := Publishing(plan())) as at:
        done = subprocess.run(  # noqa: S603 - our own command
            ["bash", "-c", f"{sys.executable} -m freshcoat_cli {command} >&-"],  # noqa: S607
            env=environment(tmp_path, FRESHCOAT_URL=at.url),
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    assert (done.returncode, app.begun) == (2, [])
    assert "stdout is closed" in done.stderr


def test_a_zone_that_this_machine_does_not_know_is_not_taken_for_another() -> None:
    for when in (When(at="22:00"), When(on_logoff="tomorrow 01:00")):
        with pytest.raises(CliError, match="does not know the time zone Mars/Olympus") as refused:
            schedule_of(when, "Mars/Olympus")
        assert refused.value.code is Exit.REFUSED


def test_who_signs_in_while_the_plan_is_read_was_agreed_to_by_nobody(tmp_path: Path) -> None:
    """Nobody is there in the plan; sign-outs are at once. The app refuses if somebody came."""
    now = {"mode": "now", "force_at": None, "begin_at": None, "time_zone": "UTC"}
    for schedule in (now | {"force_at": plan(0)["schedule"]["force_at"]}, plan(0.5)["schedule"]):
        with serving(app := Publishing(plan(users_at_force=0, users_now=0, schedule=schedule))) as at:
            assert run_here(tmp_path, *UPDATE, "--now", "--yes", "--url", at.url).code == 0
        assert app.begun[0]["sign_outs"] == 0


def test_what_has_no_plan_and_is_perhaps_a_repetition_signs_out_nobody(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Says:
        return problem(409, "busy", "Not now") if "what_if" in asked.path else app(asked)

    app = Publishing(plan())
    with serving(answer) as at:
        for command in (UPDATE, ("roll-back", "office")):
            when = ("--now",) if command == UPDATE else ()
            assert run_here(tmp_path, *command, *when, "--yes", "--idempotency-key", "k", "--url", at.url).code == 0
    assert [one["sign_outs"] for one in app.begun] == [0, 0]


def test_who_is_asked_sees_the_plan_also_where_the_answer_goes_to_a_file(tmp_path: Path) -> None:
    with (
        serving(app := Publishing(plan())) as at,
        terminal(tmp_path, *UPDATE, "--on-logoff", "+5h", "--url", at.url, out=tmp_path / "log") as shown,
    ):
        shown.expect("deadline")
        shown.expect("[y/N]:")
        shown.type("y\n")
        assert shown.end() == 0
    assert len(app.begun) == 1
    assert "rollout 8204001026537-f242" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("url", ["http://prod.example", "ftp://prod.example", "", "https://u:p@prod.example"])
def test_an_address_in_the_file_is_looked_at_like_one_that_is_typed(tmp_path: Path, url: str) -> None:
    (tmp_path / "config.toml").write_text(f'default = "prod"\n[profile.prod]\nurl = "{url}"\nauth = "key"\n')
    for more in ((), ("--profile", "prod")):
        ran = run_here(tmp_path, "whoami", *more, FRESHCOAT_KEY=SECRET)
        assert ran.code == 2, ran.err
        assert "cannot be reached" not in ran.err


@pytest.mark.parametrize("text", ["profile = 3", 'profile = "x"', "profile = []"])
def test_a_configuration_of_another_form_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    ran = run_here(tmp_path, "pools")
    assert (ran.code, str(tmp_path / "config.toml") in ran.err) == (2, True)


def test_a_configuration_with_any_names_is_written_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRESHCOAT_CONFIG_DIR", str(tmp_path))
    for name in ("my prod", "a.b", 'q"uote', "😀", "del\x7f", "ü"):
        config = Config(name, {name: Profile(name, "https://a.example", tenant=name)})
        write_config(config)
        assert read_config() == config
    assert tomllib.loads((tmp_path / "config.toml").read_text(encoding="utf-8"))


def test_what_another_process_has_kept_during_a_sign_in_stays(tmp_path: Path) -> None:
    other = '[profile.other]\nurl = "https://other.example"\nauth = "entra"\n'

    def answer(asked: Asked) -> Says:
        if asked.path.endswith("/about"):
            return Says(body=ABOUT | {"auth": {"kind": "key", "tenants": []}})
        (tmp_path / "config.toml").write_text(other)  # while the key is tried
        return Says(body=ME)

    with serving(answer) as app:
        assert run_here(tmp_path, "login", app.url, "--name", "mine", given=f"{SECRET}\n").code == 0
    assert set(tomllib.loads((tmp_path / "config.toml").read_text())["profile"]) == {"other", "mine"}


def test_a_new_key_in_the_keyring_counts_more_than_an_old_one_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ring(dict[tuple[str, str], str]):
        def get_password(self, name: str, url: str) -> str | None:
            return self.get((name, url))

        def set_password(self, name: str, url: str, key: str) -> None:
            self[name, url] = key

    monkeypatch.setenv("FRESHCOAT_CONFIG_DIR", str(tmp_path))
    ring: Ring | None = None
    monkeypatch.setattr(secrets, "_keyring", lambda: ring)
    secrets.keep_key("https://a.example", "fck_old")
    ring = Ring()
    secrets.keep_key("https://a.example", "fck_new")
    assert secrets.read_key("https://a.example") == "fck_new"
    assert "fck_old" not in (tmp_path / "keys.json").read_text()


def test_a_server_that_drips_does_not_outlast_the_limit(tmp_path: Path) -> None:
    """Each byte comes in time, the answer never."""
    drip = (
        "import socket, time\n"
        "s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
        "while True:\n"
        "    c, _ = s.accept(); c.recv(9999)\n"
        "    c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 999\\r\\n\\r\\n')\n"
        "    try:\n"
        "        while True: c.sendall(b' '); time.sleep(0.2)\n"
        "    except OSError: pass\n"
    )
    server = subprocess.Popen([sys.executable, "-c", drip], stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert server.stdout
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        ran = run(tmp_path, "whoami", "--timeout", "1", "--url", url)
    finally:
        server.kill()
        server.wait()
        server.stdout and server.stdout.close()
    assert ran.code == 124


def test_a_limit_leaves_no_alarm_behind() -> None:
    with at_the_latest(5):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    began = time.monotonic()
    with pytest.raises(CliError) as late, at_the_latest(-0.9):
        time.sleep(LONGEST)
    assert late.value.code is Exit.TIME_UP
    assert time.monotonic() - began < LONGEST


def completes(folder: Path, url: str, name: str) -> Callable[[str], str]:
    def ask(shell: str) -> str:
        words = {"COMP_WORDS": "freshcoat hosts ", "COMP_CWORD": "2", "_TYPER_COMPLETE_ARGS": "freshcoat hosts "}
        return run(folder, FRESHCOAT_URL=url, _FRESHCOAT_COMPLETE=f"complete_{shell}", **words).out

    return ask


@pytest.mark.parametrize("name", ["$(touch x)", "`touch x`", "*", "two words", "\x1b]0;x\x07", "a\nb", '";id;"'])
def test_a_shell_is_offered_no_name_that_it_could_run(tmp_path: Path, name: str) -> None:
    items = {"items": [{"name": name}, {"name": "office"}], "continuation": None}
    with serving(lambda asked: Says(body=ABOUT if "about" in asked.path else items)) as app:
        for shell in ("bash", "zsh"):
            shown = completes(tmp_path, app.url, name)(shell)
            assert "office" in shown
            assert name not in shown.splitlines()
            assert f'"{name}"' not in shown
            assert "touch" not in shown


@pytest.mark.parametrize("says", [Says(502, "bad gateway"), Says(lost=True), Says(200, "{cut")])
def test_of_a_write_without_an_answer_is_told_how_to_repeat_it(says: Says) -> None:
    with serving(lambda _: says) as app:
        client = Client(app.url, Nothing())
        with pytest.raises(CliError) as lost:
            client.send("POST", "pools/office/update-image", {})
        client.close()
        key = app.asked[0].headers["idempotency-key"]
        assert f"--idempotency-key {key}" in " ".join(lost.value.lines)


def test_ctrl_c_during_a_write_says_that_it_may_have_been_done(tmp_path: Path) -> None:
    app = Publishing(plan())

    def answer(asked: Asked) -> Says:
        says = app(asked)
        return Says(says.status, says.body, late=5) if app.begun else says

    with (
        serving(answer) as at,
        terminal(tmp_path, *UPDATE, "--on-logoff", "+5h", "--yes", "--url", at.url) as shown,
    ):
        shown.expect("checks")
        end = time.monotonic() + LONGEST
        while not app.begun and time.monotonic() < end:
            time.sleep(0.05)
        shown.interrupt()
        shown.expect("It may have been done")
        assert shown.end() == 130


def test_no_control_character_is_in_json(tmp_path: Path) -> None:
    name = "a\x9b31m\x7f\u2028b"
    with serving(lambda asked: Says(body=ABOUT if "about" in asked.path else {**ME, "name": name})) as app:
        for form in ("json", "jsonl"):
            ran = run_here(tmp_path, "whoami", "-o", form, "--url", app.url)
            assert json.loads(ran.out)["name"] == name
            assert not set(name[1:-1]) & set("\x9b\x7f\u2028") & set(ran.out)
