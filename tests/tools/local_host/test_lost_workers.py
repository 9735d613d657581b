"""A worker process that ends is replaced, and a busy one does not hold up the host."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.tools.local_host.running import RunningHost, eventually, spawn

_APP = '''
import asyncio
import os
import pathlib
import re
import sys
import time

import azure.durable_functions as df
import azure.functions as func
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.task import OrchestrationContext

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def first_time(name):
    marker = pathlib.Path(__file__).with_name(name)
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@app.route(route="who")
def who(req: func.HttpRequest) -> str:
    return str(os.getpid())


@app.route(route="exits")
def exits(req: func.HttpRequest) -> str:
    sys.exit(3)


@app.route(route="exits-async")
async def exits_async(req: func.HttpRequest) -> str:
    sys.exit(3)


@app.route(route="sleeps")
async def sleeps(req: func.HttpRequest) -> str:
    await asyncio.sleep(30)
    return ""


@app.route(route="hogs", methods=["POST"])
def hogs(req: func.HttpRequest) -> str:
    """Holds the interpreter for some seconds: not even the thread that reads the calls can run."""
    began = time.monotonic()
    while time.monotonic() < began + 4:
        re.match("(a+)+$", "a" * 24 + "b")
    return "done"


@app.route(route="takes", methods=["POST"])
def takes(req: func.HttpRequest) -> str:
    return str(len(req.get_body()))


@app.activity_trigger(input_name="value")
def leaves(value: int) -> int:
    if first_time("left"):
        sys.exit(1)
    return value + 1


@app.entity_trigger(context_name="context")
def counter(context: EntityContext, amount: int) -> int:
    if first_time("entity-left"):
        os._exit(1)
    total = context.get_state(int, 0) + amount
    context.set_state(total)
    return total


@app.orchestration_trigger(context_name="context")
def goes_on(context: OrchestrationContext, value: int):
    value = yield context.call_activity("leaves", input=value)
    return (yield context.call_entity(EntityInstanceId("counter", "a"), "add", value))


@app.route(route="start", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    return client.create_check_status_response(req, await client.schedule_new_orchestration("goes_on", input=1))
'''


@pytest.fixture(scope="module")
def losing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    folder = tmp_path_factory.mktemp("losing")
    (folder / "app").mkdir()
    (folder / "app" / "function_app.py").write_text(_APP)
    host = RunningHost(spawn(folder / "app", folder / "log"), folder / "log")
    yield host
    assert host.stop() == 0


def _worker(host: RunningHost) -> int:
    """The id of the worker, as soon as there is one."""
    return int(eventually(lambda: host.client.get("/api/who"), lambda answer: answer.status_code == 200).text)


@pytest.mark.parametrize("path", ["exits", "exits-async"])
def test_a_function_that_exits_ends_its_worker_and_another_one_takes_over(losing: RunningHost, path: str) -> None:
    before = _worker(losing)
    with ThreadPoolExecutor(1) as other:
        running = other.submit(losing.client.get, "/api/sleeps")
        time.sleep(0.3)
        answers = [losing.client.get(f"/api/{path}"), losing.client.get("/api/who"), running.result()]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert _worker(losing) != before


def test_a_killed_worker_is_replaced(losing: RunningHost) -> None:
    before = _worker(losing)
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: losing.client.get("/api/who").status_code, lambda status: status != 200) == 503
    assert losing.client.get("/admin/host/status").status_code == 200
    assert _worker(losing) != before
    assert "a worker process ended" in losing.log


def test_durable_work_of_a_lost_worker_is_done_by_the_next_one(losing: RunningHost) -> None:
    ended = losing.ended(eventually(lambda: losing.client.post("/api/start"), lambda a: a.status_code == 202).json())
    assert (ended["runtimeStatus"], ended["output"]) == ("Completed", 2)


def test_a_busy_worker_does_not_hold_up_the_host_or_other_workers(losing: RunningHost) -> None:
    _worker(losing)
    busy = [threading.Thread(target=losing.client.post, args=("/api/hogs",), kwargs={"timeout": 60})]
    busy[0].start()
    time.sleep(0.5)
    big = {"content": b"x" * 3_000_000, "timeout": 60}
    busy += [threading.Thread(target=losing.client.post, args=("/api/takes",), kwargs=big) for _ in range(3)]
    for thread in busy[1:]:
        thread.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert losing.client.get("/admin/host/status").status_code == 200
    assert time.monotonic() - began < 1
    assert any(thread.is_alive() for thread in busy)
    for thread in busy:
        thread.join()


def test_an_app_that_cannot_be_loaded_any_more_is_tried_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("changing")
    (folder / "app").mkdir()
    code = folder / "app" / "function_app.py"
    code.write_text(_APP)
    host = RunningHost(spawn(folder / "app", folder / "log"), folder / "log")
    code.write_text("def (:")
    host.client.get("/api/exits")
    eventually(lambda: "error: importing function_app.py failed: SyntaxError" in host.log)
    answer = host.client.get("/api/who")
    assert (answer.status_code, json.loads(answer.headers["Retry-After"]) > 0) == (503, True)
    code.write_text(_APP)
    assert _worker(host)
    assert host.stop() == 0
