"""Starting the host, refusing to start, and stopping it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.tools.local_host.running import ROOT, RunningHost, app_copy, eventually, spawn

_HTTP = """
import azure.functions as func

app = func.FunctionApp()
"""
BROKEN = {
    "function_app.py was not found": None,
    "ModuleNotFoundError": "import no_such_module",
    "SyntaxError": "def (:",
    "Could not find top level function app": "x = 1",
    "cannot load the hello function": f"{_HTTP}\n@app.route()\ndef hello(request) -> str:\n    return ''\n",
    "route constraint 'odd' is not supported": (
        f"{_HTTP}\n@app.route(route='a/{{x:odd}}')\ndef hello(req: func.HttpRequest) -> str:\n    return ''\n"
    ),
    "the setting NO_SUCH_SETTING, used in": (
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

_WORKERS = """
import os
import time
import azure.durable_functions as df
import azure.functions as func
from durabletask.task import OrchestrationContext, when_all

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="who")
def who(req: func.HttpRequest) -> str:
    time.sleep(0.5)
    return str(os.getpid())


@app.activity_trigger(input_name="number")
def whose(number: int) -> str:
    time.sleep(0.5)
    return str(os.getpid())


@app.orchestration_trigger(context_name="context")
def all_of_them(context: OrchestrationContext, _: object):
    return (yield when_all([context.call_activity("whose", input=number) for number in range(8)]))


@app.route(route="start")
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    return client.create_check_status_response(req, await client.schedule_new_orchestration("all_of_them"))
"""

_ODD = """
import asyncio
import os
import subprocess
import sys
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
SIGNALS = "import signal as s; print(*(s.getsignal(n) is s.SIG_IGN for n in (s.SIGTERM, s.SIGINT)))"


@app.route(route="unsendable")
def unsendable(req: func.HttpRequest) -> func.HttpResponse:
    class Own(str):
        pass

    return func.HttpResponse("", headers={"X-Own": Own("value")})


@app.route(route="cancelled")
async def cancelled(req: func.HttpRequest) -> str:
    raise asyncio.CancelledError


@app.route(route="child")
def child(req: func.HttpRequest) -> str:
    return subprocess.run([sys.executable, "-c", SIGNALS], capture_output=True, text=True).stdout


@app.route(route="printed")
def printed(req: func.HttpRequest) -> str:
    print("not flushed")
    raise ValueError


@app.route(route="who")
def who(req: func.HttpRequest) -> str:
    return str(os.getpid())
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
def test_running_functions_and_threads_do_not_delay_the_end(tmp_path: Path, path: str) -> None:
    host = RunningHost(spawn(_app(tmp_path / "app", _STUBBORN), tmp_path / "log"), tmp_path / "log")
    caller = socket.create_connection(("127.0.0.1", host.port))
    caller.sendall(f"GET /api/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    time.sleep(0.3)
    assert host.stop() == 0
    caller.close()


def test_the_workers_end_with_a_host_that_is_killed(tmp_path: Path) -> None:
    code = (
        f"{_HTTP}\nimport os\n\n\n@app.route()\ndef who(req: func.HttpRequest) -> str:\n    return str(os.getpid())\n"
    )
    host = RunningHost(spawn(_app(tmp_path / "app", code), tmp_path / "log"), tmp_path / "log")
    worker = int(host.client.get("/api/who").text)
    assert worker != host.process.pid
    host.process.kill()
    host.process.wait(timeout=10)
    eventually(lambda: not _is_there(worker), seconds=5)


def test_durable_and_other_functions_have_separate_workers_and_the_setting_is_their_number(tmp_path: Path) -> None:
    app = _app(tmp_path / "app", _WORKERS)
    (app / "local.settings.json").write_text('{"Values": {"FUNCTIONS_WORKER_PROCESS_COUNT": "2"}}')
    host = RunningHost(spawn(app, tmp_path / "log"), tmp_path / "log")
    with ThreadPoolExecutor(8) as callers:
        others = set(callers.map(lambda _: host.client.get("/api/who").text, range(8)))
    assert len(others) == 2
    started = host.client.get("/api/start").json()
    ended = host.ended(started)
    assert ended["runtimeStatus"] == "Completed", ended["output"]
    durable = set(ended["output"])
    assert len(durable) == 2
    assert not others & durable
    assert host.stop() == 0


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    folder = tmp_path_factory.mktemp("odd")
    host = RunningHost(spawn(_app(folder / "app", _ODD), folder / "log"), folder / "log")
    yield host
    host.stop()


@pytest.mark.parametrize("path", ["unsendable", "cancelled"])
def test_an_answer_that_cannot_be_pickled_is_a_failure(odd: RunningHost, path: str) -> None:
    assert odd.client.get(f"/api/{path}").status_code == 500
    assert odd.client.get("/api/child").status_code == 200


def test_processes_started_by_the_app_handle_signals(odd: RunningHost) -> None:
    assert odd.client.get("/api/child").text.split() == ["False", "False"]


def test_workers_end_although_their_output_is_not_read(tmp_path: Path) -> None:
    app = _app(tmp_path / "app", _ODD)
    command = [sys.executable, "-m", "local.host", "--app", str(app), "--port", "0"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(  # noqa: S603  # our own command
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=buffered
    ) as process:
        assert process.stdout
        origin = next(line for line in process.stdout if line.startswith("Host started: ")).split()[-1]
        worker = int(httpx.get(f"{origin}/api/who").text)
        assert httpx.get(f"{origin}/api/printed").status_code == 500
        process.stdout.close()
        process.kill()
    eventually(lambda: not _is_there(worker), seconds=5)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"


@pytest.mark.parametrize("count", ["0", "many", "11"])
def test_an_invalid_number_of_workers_is_refused(tmp_path: Path, count: str) -> None:
    app = _app(tmp_path / "app", _HTTP)
    (app / "local.settings.json").write_text(f'{{"Values": {{"FUNCTIONS_WORKER_PROCESS_COUNT": "{count}"}}}}')
    process = spawn(app, tmp_path / "log")
    assert process.wait(timeout=20) == 1
    assert f"FUNCTIONS_WORKER_PROCESS_COUNT is '{count}'; use a number from 1 to 10" in (tmp_path / "log").read_text()


def test_the_help_describes_the_host(tmp_path: Path) -> None:
    process = spawn(tmp_path, tmp_path / "log", "--help")
    assert process.wait(timeout=20) == 0
    assert "without Core Tools" in (tmp_path / "log").read_text()
