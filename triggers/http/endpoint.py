"""Registers a handler as an endpoint: in the table of endpoints and as a function of the app."""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, get_args, get_type_hints

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions.client import SyncDurableFunctionsClient
from pydantic import BaseModel

from shared.models.access.roles import Gate, Need
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine
from triggers.http.contract import ENDPOINTS, Answer, Endpoint
from triggers.http.respond import respond

PREFIX = "api"
"""Before every path. `host.json` sets no prefix, so that other pages can stand beside the API."""


def endpoint(
    bp: df.Blueprint,
    method: str,
    path: str,
    *,
    needs: Need | Gate,
    status: int = 200,
    also: tuple[int, ...] = (),
    refusals: tuple[int, ...] = (),
    keeps_answers: bool = True,
    creates: bool | None = None,
) -> Callable[[Callable[..., Answer[Any]]], Callable[..., Answer[Any]]]:
    """Register a handler on a blueprint; the handler itself stays callable.

    `needs`: what the caller must be allowed; it has no default. A request with `what_if` needs PLAN instead. `status`:
    the usual status of success. `also`: other statuses of success. `refusals`: error statuses besides 400, 401, 403 and
    5xx. `keeps_answers`: whether the route takes an `Idempotency-Key`. `creates`: whether it may make what its path
    names; left out: every PUT may.
    """

    def register(handler: Callable[..., Answer[Any]]) -> Callable[..., Answer[Any]]:
        made = _endpoint(
            handler,
            method=method,
            path=path,
            status=status,
            also=also,
            needs=needs,
            refusals=refusals,
            keeps_answers=keeps_answers,
            creates=method == "PUT" if creates is None else creates,
        )
        ENDPOINTS.append(made)
        _add_function(bp, made)
        return handler

    return register


def _endpoint(handler: Callable[..., Answer[Any]], **given: Any) -> Endpoint:
    """Complete the endpoint from the handler's annotations."""
    hints = get_type_hints(handler)
    answered = next(iter(get_args(hints["return"])), None)
    kinds = get_args(answered) if isinstance(answered, UnionType) else (answered,)
    return Endpoint(
        handler=handler,
        takes=hints.get("asked"),
        query=hints.get("query"),
        gives=tuple(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)),
        takes_any="body" in hints,
        patches=next(iter(get_args(hints.get("patch"))), None),
        conditional="condition" in hints,
        needs_engine="engine" in hints,
        **given,
    )


def _add_function(bp: df.Blueprint, made: Endpoint) -> None:
    """Register the function. The app itself checks who asks, so the Functions host lets everybody in."""
    route = bp.route(route=f"{PREFIX}/{made.path}", methods=[made.method], auth_level=func.AuthLevel.ANONYMOUS)
    if made.needs_engine:

        def driven(req: func.HttpRequest, client: SyncDurableFunctionsClient) -> func.HttpResponse:
            return respond(made, req, services, DurableEngine(client))

        driven.__name__ = made.name
        bp.durable_client_input(client_name="client")(route(driven))
    else:

        def plain(req: func.HttpRequest) -> func.HttpResponse:
            return respond(made, req, services, None)

        plain.__name__ = made.name
        route(plain)
