"""An app with every kind of function, for the tests of the local host."""

import asyncio
import json
import logging
import os
import threading
import time
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import grpc
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.task import OrchestrationContext, RetryPolicy, when_all, when_any
from more import blueprint  # type: ignore[import-not-found]  # found once the app folder is on the path

type Steps = Generator[Any, Any, Any]

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(blueprint)
_ticks: list[dict[str, object]] = []
_attempts: dict[str, int] = {}
_gate = threading.Barrier(4, timeout=10)


def _json(value: object, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), status_code=status, mimetype="application/json")


@app.route(route="echo/{name}/{number:int?}", methods=["GET", "POST"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    return _json(
        {
            "method": req.method,
            "url": req.url,
            "query": dict(req.params),
            "route": dict(req.route_params),
            "header": req.headers.get("X-Test"),
            "body": req.get_body().decode(),
        }
    )


@app.route(route="echo/fixed", methods=["GET"])
async def echo_fixed(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(0)
    return _json("fixed")


@app.route(route="files/{*rest}")
def files(req: func.HttpRequest) -> func.HttpResponse:
    return _json(req.route_params.get("rest"))


@app.route(route="plain")
def plain(req: func.HttpRequest) -> str:
    return "plain text"


@app.route(route="cookies")
def cookies(req: func.HttpRequest) -> func.HttpResponse:
    headers = {"Set-Cookie": "a=1; Path=/; HttpOnly", "X-Own": "yes"}
    return func.HttpResponse(status_code=204, headers=headers)


@app.route(route="boom")
def boom(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("boom in HTTP")


@app.route(route="together")
def together(req: func.HttpRequest) -> func.HttpResponse:
    _gate.wait()
    return _json("met")


@app.route(route="settings/{name}")
def settings(req: func.HttpRequest) -> func.HttpResponse:
    return _json(os.environ.get(req.route_params["name"]))


@app.timer_trigger(schedule="%TICK_SCHEDULE%", arg_name="timer", run_on_startup=False)
def tick(timer: func.TimerRequest) -> None:
    _ticks.append({"at": time.time(), "past_due": timer.past_due, "kind": "tick"})
    time.sleep(0.2)


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer", run_on_startup=True)
@app.durable_client_input(client_name="client")
async def yearly(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    existing = await client.get_orchestration_state("none")
    _ticks.append({"at": time.time(), "existing": existing, "kind": "yearly"})


@app.route(route="ticks/{kind}")
def ticks(req: func.HttpRequest) -> func.HttpResponse:
    return _json([tick for tick in _ticks if tick["kind"] == req.route_params["kind"]])


@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    body = req.get_body()
    instance_id = await client.schedule_new_orchestration(
        req.route_params["name"],
        input=json.loads(body) if body else None,
        instance_id=req.params.get("id"),
    )
    return client.create_check_status_response(req, instance_id)


@app.route(route="start-sync/{name}/{id}", methods=["POST"])
@app.durable_client_input(client_name="client")
def start_sync(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    try:
        name, instance_id = req.route_params["name"], req.route_params["id"]
        client.schedule_new_orchestration(name, input=req.params.get("input"), instance_id=instance_id)
    except grpc.RpcError as error:
        logging.info("refused: %s", error)
        return _json(type(error).__name__, 409)
    state = client.wait_for_orchestration_completion(instance_id, timeout=10)
    return _json(state.get_output() if state else None)


@app.orchestration_trigger(context_name="context")
def everything(context: OrchestrationContext, _: object) -> Steps:
    """Runs an activity, then a sub-orchestration, then waits for an event or a timer."""
    context.set_custom_status({"step": "activity"})
    greeting = yield context.call_activity("greet", input="Ada")
    context.set_custom_status({"step": "sub"})
    doubled = yield context.call_sub_orchestrator("doubler", input=21)
    context.set_custom_status({"step": "event"})
    approval = context.wait_for_external_event("approval")
    deadline = context.create_timer(timedelta(seconds=20))
    winner = yield when_any([approval, deadline])
    context.set_custom_status({"step": "done"})
    return {"greeting": greeting, "doubled": doubled, "approved": winner is approval and approval.get_result()}


@app.orchestration_trigger(context_name="context")
def doubler(context: OrchestrationContext, number: int) -> Steps:
    yield context.create_timer(timedelta(milliseconds=50))
    return number * 2


@app.orchestration_trigger(context_name="context")
def fails(context: OrchestrationContext, _: object) -> Steps:
    yield context.call_activity("explode", input={"why": "because"})


@app.orchestration_trigger(context_name="context")
def waits(context: OrchestrationContext, _: object) -> Steps:
    """Ends with the input of the event ``go``."""
    answer = yield context.wait_for_external_event("go")
    return answer


@app.orchestration_trigger(context_name="context")
def returns(context: OrchestrationContext, given: object) -> Steps:
    """Ends with its input."""
    yield context.create_timer(timedelta(milliseconds=10))
    return given


@app.orchestration_trigger(context_name="context")
def versions(context: OrchestrationContext, lap: int) -> Steps:
    """Ends, in its second execution, with its own version and that of a sub-orchestration."""
    if lap == 1:
        yield context.create_timer(timedelta(milliseconds=10))
        context.continue_as_new(2)
        return None
    below = yield context.call_sub_orchestrator("tells_its_version")
    return [context.version, below]


@app.orchestration_trigger(context_name="context")
def tells_its_version(context: OrchestrationContext, _: object) -> Steps:
    yield context.create_timer(timedelta(milliseconds=10))
    return context.version


@app.orchestration_trigger(context_name="context")
def laps(context: OrchestrationContext, lap: int) -> Steps:
    """Leaves a pending timer and activity in lap 1. They must not complete the tasks of lap 2."""
    if lap == 1:
        left_behind = [context.create_timer(timedelta(milliseconds=400)), context.call_activity("dawdle", input=0.3)]
        yield when_any([*left_behind, context.wait_for_external_event("next")])
        context.continue_as_new(2, save_events=True)
        return None
    started = context.current_utc_datetime
    slow = [context.create_timer(timedelta(milliseconds=1200)), context.call_activity("dawdle", input=1.2)]
    yield when_any(slow)
    return (context.current_utc_datetime - started).total_seconds()


@app.orchestration_trigger(context_name="context")
def counts(context: OrchestrationContext, _: object) -> Steps:
    total = yield context.call_entity(EntityInstanceId("counter", "shared"), "add", 5)
    return total


@app.orchestration_trigger(context_name="context")
def parent_of(context: OrchestrationContext, child: str) -> Steps:
    """Waits for a sub-orchestration that the test ends."""
    answer = yield context.call_sub_orchestrator("waits", instance_id=child)
    return answer


@app.orchestration_trigger(context_name="context")
def asks(context: OrchestrationContext, _: object) -> Steps:
    answer = yield context.call_sub_orchestrator("knows_parent", input=1)
    return answer


@app.orchestration_trigger(context_name="context")
def knows_parent(context: OrchestrationContext, lap: int) -> Steps:
    """Keeps its parent's id after continue-as-new."""
    yield context.create_timer(timedelta(milliseconds=10))
    if lap == 1:
        context.continue_as_new(2)
        return None
    return context.parent_instance_id


@app.orchestration_trigger(context_name="context")
def fan(context: OrchestrationContext, size: int) -> Steps:
    """Starts sub-orchestrations of three activities each and waits for all."""
    results = yield when_all([context.call_sub_orchestrator("three_steps", input=i) for i in range(size)])
    return sum(results)


@app.orchestration_trigger(context_name="context")
def three_steps(context: OrchestrationContext, value: int) -> Steps:
    for _ in range(3):
        value = yield context.call_activity("add_one", input=value)
    return value


@app.orchestration_trigger(context_name="context")
def collects(context: OrchestrationContext, seen: list[int]) -> Steps:
    """Handles one event per execution until it has three."""
    seen = [*seen, (yield context.wait_for_external_event("number"))]
    if len(seen) == 3:
        return seen
    context.continue_as_new(seen, save_events=True)
    return None


@app.orchestration_trigger(context_name="context")
def retries(context: OrchestrationContext, key: str) -> Steps:
    policy = RetryPolicy(first_retry_interval=timedelta(milliseconds=20), max_number_of_attempts=3)
    attempts = yield context.call_activity("flaky", input=key, retry_policy=policy)
    return attempts


@app.orchestration_trigger(context_name="context")
def nudges(context: OrchestrationContext, target: str) -> Steps:
    answer = yield context.call_activity("nudge", input=target)
    return answer


@app.activity_trigger(input_name="value")
def add_one(value: int) -> int:
    return value + 1


@app.activity_trigger(input_name="key")
def flaky(key: str) -> int:
    """Succeeds at the third attempt."""
    _attempts[key] = _attempts.get(key, 0) + 1
    if _attempts[key] < 3:
        raise TimeoutError("not yet")
    return _attempts[key]


@app.activity_trigger(input_name="seconds")
def dawdle(seconds: float) -> str:
    time.sleep(seconds)
    return "done"


@app.activity_trigger(input_name="name")
async def greet(name: str) -> str:
    await asyncio.sleep(0)
    return f"Hello {name}"


@app.activity_trigger(input_name="given")
def explode(given: dict) -> None:  # type: ignore[type-arg]  # the worker refuses generics
    raise LookupError(f"no luck: {given['why']}")


@app.activity_trigger(input_name="target")
@app.durable_client_input(client_name="client")
def nudge(target: str, client: df.SyncDurableFunctionsClient) -> str:
    client.raise_orchestration_event(target, "go", data="nudged")
    return "ok"


@app.entity_trigger(context_name="context")
def counter(context: EntityContext, amount: int | None) -> int:
    total = context.get_state(int, 0) + (amount or 0)
    if context.operation == "explode":
        raise LookupError("no luck in the entity")
    context.set_state(total)
    return total
