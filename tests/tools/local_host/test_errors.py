"""A failure reaches its caller with its own type and text, and calls on ended or unknown instances are refused."""

import json
from collections.abc import Iterator

import pytest

from tests.tools.local_host.running import RunningHost, spawn

_APP = """
import json
import logging

import azure.durable_functions as df
import azure.functions as func
import grpc
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.task import OrchestrationContext, TaskFailedError

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


class Own(Exception):
    def __str__(self):
        return "own text"


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no text")


def fail(kind):
    if kind == "colon":
        raise ValueError("a: b: c")
    if kind == "lines":
        raise ValueError('one\\ntwo\\n  File "x.py", line 1, in y\\nthree: four')
    if kind == "empty":
        raise TimeoutError
    if kind == "own":
        raise Own
    if kind == "unprintable":
        raise Unprintable
    if kind == "chained":
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise RuntimeError("outer") from error
    if kind == "group":
        raise ExceptionGroup("many", [ValueError("first")])
    if kind == "note":
        error = ValueError("text")
        error.add_note("a note: more")
        raise error
    if kind == "surrogate":
        raise ValueError("half \\ud800")
    compile("(", "own.py", "exec")


@app.activity_trigger(input_name="kind")
def activity(kind: str) -> None:
    fail(kind)


@app.entity_trigger(context_name="context")
def entity(context: EntityContext, kind: str) -> None:
    fail(kind)


@app.orchestration_trigger(context_name="context")
def child(context: OrchestrationContext, kind: str):
    yield context.call_activity("activity", input=kind)


@app.orchestration_trigger(context_name="context")
def raiser(context: OrchestrationContext, kind: str):
    fail(kind)
    yield


@app.orchestration_trigger(context_name="context")
def tries(context: OrchestrationContext, given: dict):
    kind = given["kind"]
    calls = {
        "activity": lambda: context.call_activity("activity", input=kind),
        "child": lambda: context.call_sub_orchestrator("child", input=kind),
        "raiser": lambda: context.call_sub_orchestrator("raiser", input=kind),
        "entity": lambda: context.call_entity(EntityInstanceId("entity", kind), "go", kind),
    }
    try:
        yield calls[given["by"]]()
    except TaskFailedError as error:
        details = error.details.inner_failure if given["by"] == "entity" else error.details
        return [details.error_type, details.message]


@app.orchestration_trigger(context_name="context")
def waits(context: OrchestrationContext, _: object):
    return (yield context.wait_for_external_event("go"))


@app.route(route="logs")
async def logs(req: func.HttpRequest) -> str:
    # with the name of the logger of the runtime
    try:
        fail("colon")
    except ValueError:
        logging.getLogger("azure.functions").exception("logged by the app")
    return "ok"


@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    started = await client.schedule_new_orchestration(req.route_params["name"], input=req.get_json())
    return client.create_check_status_response(req, started)


@app.route(route="call/{method}/{id}")
@app.durable_client_input(client_name="client")
async def call(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    more = ["go"] if "event" in req.route_params["method"] else []
    try:
        await getattr(client, req.route_params["method"])(req.route_params["id"], *more)
    except grpc.RpcError as error:
        return func.HttpResponse(json.dumps([error.code().name, error.details()]))
    return func.HttpResponse(json.dumps(["OK", ""]))
"""
FAILURES = {
    "colon": ["ValueError", "a: b: c"],
    "lines": ["ValueError", 'one\ntwo\n  File "x.py", line 1, in y\nthree: four'],
    "empty": ["TimeoutError", "TimeoutError"],
    "own": ["Own", "own text"],
    "unprintable": ["Unprintable", "Unprintable"],
    "chained": ["RuntimeError", "outer"],
    "group": ["ExceptionGroup", "many (1 sub-exception)"],
    "note": ["ValueError", "text"],
    "surrogate": ["ValueError", "half \\ud800"],
    "syntax": ["SyntaxError", "'(' was never closed (own.py, line 1)"],
}
CHANGES = ["terminate_orchestration", "suspend_orchestration", "resume_orchestration", "raise_orchestration_event"]


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    folder = tmp_path_factory.mktemp("failing")
    (folder / "app").mkdir()
    (folder / "app" / "function_app.py").write_text(_APP)
    host = RunningHost(spawn(folder / "app", folder / "log"), folder / "log")
    yield host
    host.stop()


def _start(host: RunningHost, name: str, given: object = None) -> dict[str, str]:
    links: dict[str, str] = host.client.post(f"/api/start/{name}", content=json.dumps(given)).json()
    return links


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failed_activity_keeps_the_type_and_text_of_its_error(failing: RunningHost, kind: str) -> None:
    ended = failing.ended(_start(failing, "tries", {"by": "activity", "kind": kind}))
    assert ended["output"] == FAILURES[kind]


@pytest.mark.parametrize("kind", ["colon", "lines", "own", "chained"])
def test_a_failed_entity_keeps_the_type_and_text_of_its_error(failing: RunningHost, kind: str) -> None:
    error_type, text = failing.ended(_start(failing, "tries", {"by": "entity", "kind": kind}))["output"]
    assert [error_type.rpartition(".")[2], text] == FAILURES[kind]


def test_what_the_app_logs_itself_is_logged(failing: RunningHost) -> None:
    assert failing.client.get("/api/logs").text == "ok"
    assert "logged by the app" in failing.log


def test_a_child_names_the_activity_that_failed(failing: RunningHost) -> None:
    error_type, text = failing.ended(_start(failing, "tries", {"by": "child", "kind": "colon"}))["output"]
    assert error_type.endswith(".TaskFailedError")
    assert text.endswith("Activity task #1 failed: a: b: c")


def test_a_failed_child_keeps_the_type_of_its_error(failing: RunningHost) -> None:
    ended = failing.ended(_start(failing, "tries", {"by": "raiser", "kind": "colon"}))
    assert ended["output"][0].rpartition(".")[2] == "ValueError"
    assert ended["output"][1] == "a: b: c"


@pytest.mark.parametrize("method", CHANGES)
def test_a_client_call_on_an_unknown_instance_is_not_found(failing: RunningHost, method: str) -> None:
    assert failing.client.get(f"/api/call/{method}/nobody").json()[0] == "NOT_FOUND"


@pytest.mark.parametrize("method", CHANGES)
def test_a_client_call_on_an_ended_instance_is_refused(failing: RunningHost, method: str) -> None:
    links = _start(failing, "waits")
    failing.client.post(links["terminatePostUri"])
    failing.ended(links)
    code, text = failing.client.get(f"/api/call/{method}/{links['id']}").json()
    assert code == "FAILED_PRECONDITION"
    assert "Terminated" in text or "not running" in text


def test_a_client_call_that_changes_nothing_is_refused(failing: RunningHost) -> None:
    links = _start(failing, "waits")
    call = f"/api/call/{{}}_orchestration/{links['id']}"
    assert failing.client.get(call.format("resume")).json()[0] == "FAILED_PRECONDITION"
    assert failing.client.get(call.format("suspend")).json()[0] == "OK"
    assert failing.client.get(call.format("suspend")).json()[0] == "FAILED_PRECONDITION"
    assert failing.client.post(links["suspendPostUri"]).status_code == 202
    assert failing.client.get(call.format("resume")).json()[0] == "OK"
    assert failing.client.get(call.format("terminate")).json()[0] == "OK"
