"""The activities of `reimage_host`: one for each step of a host."""

from __future__ import annotations

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.engine import DurableEngine
from shared.names import AWAIT_HEALTHY, GIVE_BACK_HOST, JOIN_HOST, REBUILD_HOST, RECHECK_HOST, REGISTER_HOST
from shared.publishing import host_image, host_return
from shared.publishing.step import Step, run_step
from shared.wiring import services

bp = df.Blueprint()


def _run(given: dict, client: SyncDurableFunctionsClient, name: str, step: Step, limit: float) -> dict:  # type: ignore[type-arg]
    outcome = run_step(services(), DurableEngine(client), given, name, step, limit)
    return {"then": str(outcome.then), "seconds": outcome.seconds}


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def recheck_host(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Step 1: the host is still drained and empty; its old registration is removed."""
    return _run(given, client, RECHECK_HOST, host_image.recheck_host, services().settings.power_limit)


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def rebuild_host(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Step 2: the VM is re-imaged or replaced."""
    return _run(given, client, REBUILD_HOST, host_image.rebuild_host, services().settings.image_limit)


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def join_host(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Step 3: the machine joins its directory."""
    return _run(given, client, JOIN_HOST, host_return.join_host, services().settings.join_limit)


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def register_host(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Step 4: the host registers with its host pool."""
    return _run(given, client, REGISTER_HOST, host_return.register_host, services().settings.register_limit)


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def await_healthy(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Step 5: the broker sees the host as healthy."""
    return _run(given, client, AWAIT_HEALTHY, host_return.await_healthy, services().settings.healthy_limit)


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def give_back_host(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Step 6: the host accepts sessions again and is as it was before."""
    return _run(given, client, GIVE_BACK_HOST, host_return.give_back_host, services().settings.power_limit)
