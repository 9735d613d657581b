"""How the host starts, refuses to start, and ends."""

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.local_host.running import RunningHost, app_copy, spawn

_HTTP = """
import azure.functions as func

app = func.FunctionApp()
"""
BROKEN = {
    "there is no function_app.py": None,
    "ModuleNotFoundError": "import no_such_module",
    "SyntaxError": "def (:",
    "Could not find top level function app": "x = 1",
    "cannot load the hello function": f"{_HTTP}\n@app.route()\ndef hello(request) -> str:\n    return ''\n",
    "route constraint 'odd' is not supported": (
        f"{_HTTP}\n@app.route(route='a/{{x:odd}}')\ndef hello(req: func.HttpRequest) -> str:\n    return ''\n"
    ),
    "the setting NO_SUCH_SETTING is used": (
        f"{_HTTP}\n@app.timer_trigger(arg_name='t', schedule='%NO_SUCH_SETTING%')\n"
        "def hello(t: func.TimerRequest) -> None: ...\n"
    ),
    "function hello: 'soon' has 1 fields": (
        f"{_HTTP}\n@app.timer_trigger(arg_name='t', schedule='soon')\ndef hello(t: func.TimerRequest) -> None: ...\n"
    ),
}
_STUBBORN = """
import threading
import time
import azure.functions as func

app = func.FunctionApp()
threading.Thread(target=time.sleep, args=(60,)).start()


@app.route(route="stuck")
def stuck(req: func.HttpRequest) -> str:
    time.sleep(60)
    return ""


@app.route(route="hogs")
async def hogs(req: func.HttpRequest) -> str:
    time.sleep(60)
    return ""
"""


def _app(folder: Path, code: str) -> Path:
    folder.mkdir()
    (folder / "function_app.py").write_text(code)
    return folder


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_app_is_refused_with_the_reason(tmp_path: Path, reason: str) -> None:
    code = BROKEN[reason]
    app = tmp_path / "app"
    app.mkdir()
    if code is not None:
        (app / "function_app.py").write_text(code)
    process = spawn(app, tmp_path / "log")
    assert process.wait(timeout=20) == 1
    last = (tmp_path / "log").read_text().splitlines()[-1]
    assert last.startswith("error: ")
    assert reason in last


def test_a_taken_port_is_one_line_and_exit_code_1(tmp_path: Path, host: RunningHost) -> None:
    process = spawn(tmp_path, tmp_path / "log", port=host.port)
    assert process.wait(timeout=20) == 1
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.startswith(f"error: cannot listen on 127.0.0.1:{host.port}: ")


def test_bad_settings_files_are_named(tmp_path: Path) -> None:
    app = _app(tmp_path / "app", _HTTP)
    (app / "local.settings.json").write_text("{")
    process = spawn(app, tmp_path / "log")
    assert process.wait(timeout=20) == 1
    assert "local.settings.json is not valid JSON" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_with_work_pending_and_frees_the_port(tmp_path: Path, number: signal.Signals) -> None:
    app = app_copy(tmp_path / "app", {"TICK_SCHEDULE": "* * * * * *"})
    host = RunningHost(spawn(app, tmp_path / "log"), tmp_path / "log")
    host.start("everything")
    host.start("waits")
    began = time.monotonic()
    host.process.send_signal(number)
    assert host.process.wait(timeout=10) == 0
    assert time.monotonic() - began < 4
    with socket.create_server(("127.0.0.1", host.port)):
        pass


@pytest.mark.parametrize("path", ["stuck", "hogs"])
def test_functions_and_threads_that_do_not_end_cannot_hold_the_process(tmp_path: Path, path: str) -> None:
    host = RunningHost(spawn(_app(tmp_path / "app", _STUBBORN), tmp_path / "log"), tmp_path / "log")
    caller = socket.create_connection(("127.0.0.1", host.port))
    caller.sendall(f"GET /api/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    time.sleep(0.3)
    assert host.stop() == 0
    caller.close()


def test_help_says_what_it_is_for(tmp_path: Path) -> None:
    process = spawn(tmp_path, tmp_path / "log", "--help")
    assert process.wait(timeout=20) == 0
    assert "without Core Tools" in (tmp_path / "log").read_text()
