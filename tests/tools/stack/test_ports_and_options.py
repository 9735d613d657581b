"""Errors before the local stack starts: one line, exit code 1."""

from __future__ import annotations

# ruff: noqa: S603 (our own processes, and tools found by name)
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.stack.options import ROOT, StackOptions
from local.stack.processes import StackError, free_port, port_is_taken


def local(what: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", what],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("what", ["run", "demo"])
@pytest.mark.parametrize("variable", ["PORT", "SIM_PORT"])
def test_a_port_in_use_is_reported_in_one_line(what: str, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ports = {"PORT": str(free_port()), "SIM_PORT": str(free_port())} | {variable: str(taken)}
        ended = local(what, **ports)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert f"Port {taken} is in use" in ended.stderr
    assert f"{variable}=" in ended.stderr


def test_a_port_in_use_on_ipv6_only_is_in_use() -> None:
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        assert not port_is_taken(free_port())  # no IPv6 on this machine
        return
    with other:
        assert port_is_taken(other.getsockname()[1])


def test_one_port_for_both_is_refused() -> None:
    ended = local("run", PORT="7999", SIM_PORT="7999")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "must differ" in ended.stderr


@pytest.mark.parametrize(
    ("name", "text"), [("PORT", "x"), ("PORT", "70000"), ("SIM_PORT", "0"), ("SIM_HOSTS", "1.5"), ("SIM_SPEED", "-1")]
)
def test_a_wrong_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(StackError, match=f"{name} must be a whole number from"):
        StackOptions.read({name: text})


def test_every_setting_can_be_given() -> None:
    given = {"PORT": "8001", "SIM_PORT": "8002", "SIM_HOSTS": "5", "SIM_SPEED": "600", "SIM_SEED": "7"}
    assert StackOptions.read(given) == StackOptions(8001, 8002, 5, 600.0, 7)


def test_missing_options_have_defaults() -> None:
    assert StackOptions.read({"PORT": ""}) == StackOptions(7071, 7072, 24, 60.0, 1)


def test_two_stacks_keep_their_files_apart(tmp_path: Path) -> None:
    assert StackOptions().directory == ROOT / ".local"
    assert StackOptions(port=8001).directory == ROOT / ".local" / "port-8001"
    assert StackOptions(port=8001, directory_override=tmp_path).directory == tmp_path


@pytest.mark.parametrize(
    ("built", "text"),
    [(True, "The console is at http://localhost:8001/console/"), (False, "The console is not built: run make console")],
)
def test_the_address_of_the_console_is_said_once_it_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: bool, text: str
) -> None:
    monkeypatch.setattr("local.stack.options.ROOT", tmp_path)
    if built:
        (tmp_path / "console/dist").mkdir(parents=True)
        (tmp_path / "console/dist/index.html").touch()
    assert StackOptions(port=8001).console == text
