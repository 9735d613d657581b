"""Whatever an app uses and this host does not serve is said when it starts."""

from pathlib import Path

import pytest

from tests.tools.local_host.running import RunningHost, spawn

_APP = """
import azure.functions as func

app = func.FunctionApp()


@app.route(route="both")
@app.queue_output(arg_name="message", queue_name="q", connection="C")
@app.blob_input(arg_name="document", path="a/b", connection="C")
def both(req: func.HttpRequest, message: func.Out[str], document: str) -> str:
    return document


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
def tick(timer: func.TimerRequest) -> None: ...


@app.queue_trigger(arg_name="message", queue_name="q", connection="C")
def listens(message: func.QueueMessage) -> None: ...


@app.route(route="plain")
@app.generic_input_binding(arg_name="client", type="durableClient")
def plain(req: func.HttpRequest, client: str) -> str:
    return ""
"""
_STREAMING = """
from azurefunctions.extensions.base import ModuleTrackerMeta
import azure.functions as func


class Tracker(metaclass=ModuleTrackerMeta):
    pass


app = func.FunctionApp()


@app.route()
def hello(req: func.HttpRequest) -> str:
    return ""
"""


def _app(folder: Path, code: str) -> Path:
    folder.mkdir()
    (folder / "function_app.py").write_text(code)
    return folder


def test_unserved_parts_are_a_line_each(tmp_path: Path) -> None:
    host = RunningHost(spawn(_app(tmp_path / "app", _APP), tmp_path / "log"), tmp_path / "log")
    notes = sorted(line for line in host.log.splitlines() if line.startswith("note: "))
    assert notes == [
        "note: both: the input binding 'document' (blob) is not served; calls of the function fail",
        "note: both: the output binding 'message' (queue) is not served; its values are dropped",
        "note: listens (queueTrigger) is not triggered by this host; start it with POST /admin/functions/listens",
        "note: tick: @app.retry is not served; a failed call is not repeated",
    ]
    assert host.stop() == 0


def test_http_streaming_is_refused(tmp_path: Path) -> None:
    process = spawn(_app(tmp_path / "app", _STREAMING), tmp_path / "log")
    assert process.wait(timeout=20) == 1
    last = (tmp_path / "log").read_text().splitlines()[-1]
    assert last == "error: the app uses HTTP streaming, which this host does not serve"


@pytest.mark.parametrize("kind", ["queue", "blob"])
def test_the_return_value_may_be_an_unserved_binding(tmp_path: Path, kind: str) -> None:
    more = "queue_name='q'" if kind == "queue" else "path='a/b'"
    code = f"""
import azure.functions as func

app = func.FunctionApp()


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
@app.{kind}_output(arg_name="$return", {more}, connection="C")
def tick(timer: func.TimerRequest) -> str:
    return "x"
"""
    host = RunningHost(spawn(_app(tmp_path / "app", code), tmp_path / "log"), tmp_path / "log")
    assert f"note: tick: the output binding '$return' ({kind}) is not served; its values are dropped" in host.log
    assert host.stop() == 0
