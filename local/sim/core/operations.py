"""Long-running operations: starting them, and the two URLs that clients poll."""

import uuid
from collections.abc import Callable

from local.sim.core.clock import utc_now
from local.sim.core.durations import LRO_RETRY_AFTER
from local.sim.core.names import REGION
from local.sim.core.routes import arm
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json
from local.sim.core.world import Operation

Finish = Callable[[], Json | None]
API_VERSION = "2026-04-01"


def nothing() -> None:
    return None


def begin(
    sim: Sim,
    call: Call,
    duration: str,
    finish: Finish,
    fail: Callable[[], None] = nothing,
    *,
    lasts: float | None = None,
) -> Operation:
    """Start an operation that ends after virtual time. `finish` does the work and may raise `ArmError`.

    `lasts` is its duration in virtual seconds; None takes it from the table of durations.
    """
    lasts = sim.durations.pick(duration) if lasts is None else lasts
    op = Operation(str(uuid.UUID(int=sim.rng.getrandbits(128))), call.op, call.host, utc_now())
    op.begun, op.due = sim.clock.now(), sim.clock.now() + lasts
    sim.operations[op.id] = op
    failure = sim.faults.operation_failure(call)

    def end() -> None:
        if not op.running:
            return  # cancelled by a deletion
        try:
            if failure is not None:
                raise failure
            op.result = finish()
            _close(op, "Succeeded")
        except ArmError as error:
            _close(op, "Failed")
            op.error = error.error
            fail()

    if sim.faults.hangs(call):
        sim.hung.append(end)
    else:
        sim.clock.after(lasts, end)
    return op


def pre_empt(op: Operation | None) -> None:
    if op is not None and op.running:
        _close(op, "Canceled")
        op.error = {"code": "OperationPreempted", "message": "The operation was preempted by a more recent one."}


def _close(op: Operation, status: str) -> None:
    op.status, op.ended = status, utc_now()


def retry_after(sim: Sim) -> dict[str, str]:
    """The Retry-After header: ten virtual seconds, at least one real second; absent when operations are immediate."""
    if sim.durations.scale == 0:
        return {}
    real = LRO_RETRY_AFTER / sim.clock.speed if sim.clock.speed > 0 else 0
    return {"Retry-After": str(max(1, round(real)))}


def accepted(sim: Sim, call: Call, op: Operation, status: int = 202, body: Json | None = None) -> Answer:
    """The answer to the request that started an operation: the polling URLs, or 200 when it has already succeeded."""
    if op.status == "Succeeded":
        return Answer(200, op.result if body is None else body)
    where = f"{call.base_url}/subscriptions/{call.subscription}/providers/Microsoft.Compute/locations/{REGION}"
    url = f"{where}/operations/{op.id}?api-version={API_VERSION}"
    headers = {"Azure-AsyncOperation": url, "Location": f"{url}&monitor=true", **retry_after(sim)}
    return Answer(status, body, headers)


@arm("GET", "Microsoft.Compute/locations/*/operations/*", "operation_status")
def operation_status(sim: Sim, call: Call) -> Answer:
    op = sim.operations.get(call.names[1])
    if op is None:
        raise ArmError(404, "NotFound", f"The operation '{call.names[1]}' was not found.")
    return _by_location(sim, call, op) if call.query.get("monitor") else _by_status(sim, op)


def _by_status(sim: Sim, op: Operation) -> Answer:
    body: Json = {"name": op.id, "status": op.status, "startTime": op.started}
    if op.ended:
        body["endTime"] = op.ended
    if op.error:
        body["error"] = op.error
    if op.result is not None:
        body["properties"] = {"output": op.result}
    return Answer(200, body, retry_after(sim) if op.running else {})


def _by_location(sim: Sim, call: Call, op: Operation) -> Answer:
    if op.running:
        return accepted(sim, call, op)
    if op.error:
        return Answer(409, {"error": op.error})
    return Answer(200, op.result)
