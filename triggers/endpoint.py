"""One table of endpoints: the functions and the OpenAPI document both come from it.

A handler says by its parameters what it needs: `asked` (the body, as a model), `query` (the query string, as
a model), `body` (the body as it is), `engine`. What it answers with is in its return type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args, get_type_hints

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions.client import SyncDurableFunctionsClient
from pydantic import BaseModel

from shared.engine import DurableEngine
from shared.errors import FieldProblem
from shared.services import Services
from shared.wiring import services

ENDPOINTS: list[Endpoint] = []
"""Every endpoint of the app, in the order of definition."""


@dataclass(frozen=True)
class Call:
    """One request, as far as all handlers need it: parts of the path, and who asks."""

    services: Services
    path: dict[str, str]
    who: str


type Foresee = Callable[[Call, Mapping[str, Any]], list[FieldProblem]]
"""Says what the use case would refuse in a body whose form is wrong elsewhere, so that all is named at once."""


@dataclass(frozen=True)
class Answer[V]:
    """What a handler answers: a model (or None for no body), the status if not the usual one, where it is."""

    value: V
    status: int = 0
    location: str = ""


@dataclass(frozen=True)
class Endpoint:
    """A method and path, what it takes and gives, and the handler behind it. `status` is that of success."""

    method: str
    path: str
    handler: Callable[..., Answer[Any]]
    status: int
    also: tuple[int, ...]
    open: bool
    refusals: tuple[int, ...]
    takes: type[BaseModel] | None
    query: type[BaseModel] | None
    gives: tuple[type[BaseModel], ...]
    takes_any: bool
    needs_engine: bool
    keeps_answers: bool
    foresee: Foresee | None

    @property
    def name(self) -> str:
        """The function's name, and the operation's id in the document."""
        return self.handler.__name__

    @property
    def writes(self) -> bool:
        """Whether an `Idempotency-Key` means something."""
        return self.method != "GET" and self.keeps_answers


def endpoint(
    bp: df.Blueprint,
    method: str,
    path: str,
    *,
    status: int = 200,
    also: tuple[int, ...] = (),
    open: bool = False,  # noqa: A002 - as it reads in the table
    refusals: tuple[int, ...] = (),
    keeps_answers: bool = True,
    foresee: Foresee | None = None,
) -> Callable[[Callable[..., Answer[Any]]], Callable[..., Answer[Any]]]:
    """Register a handler on a blueprint: it stays callable as it is. Needs a function key unless `open`.

    `status` is that of success, `also` others that are no refusal; `refusals` those besides 400 and 5xx.
    """

    def register(handler: Callable[..., Answer[Any]]) -> Callable[..., Answer[Any]]:
        hints = get_type_hints(handler)
        answered = next(iter(get_args(hints["return"])), None)
        kinds = get_args(answered) if isinstance(answered, UnionType) else (answered,)
        made = Endpoint(
            method=method,
            path=path,
            handler=handler,
            status=status,
            also=also,
            open=open,
            refusals=refusals,
            takes=hints.get("asked"),
            query=hints.get("query"),
            gives=tuple(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)),
            takes_any="body" in hints,
            needs_engine="engine" in hints,
            keeps_answers=keeps_answers,
            foresee=foresee,
        )
        ENDPOINTS.append(made)
        _add_function(bp, made)
        return handler

    return register


def _add_function(bp: df.Blueprint, made: Endpoint) -> None:
    from triggers.http import respond  # noqa: PLC0415 - the edge needs the types above

    level = func.AuthLevel.ANONYMOUS if made.open else func.AuthLevel.FUNCTION
    route = bp.route(route=made.path, methods=[made.method], auth_level=level)
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
