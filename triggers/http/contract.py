"""The table of endpoints. The functions and the OpenAPI document are made from it.

The parameter names of a handler say what it needs: `asked` (the body as a model), `query` (the query string as a
model), `patch` (the body as a merge patch of a model), `body` (the raw JSON object), `condition` (`If-Match` and
`If-None-Match`), `engine`. Its return type says what it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any

from pydantic import BaseModel

from shared.api.common import WhatIfQuery
from shared.api.conditions import Tagged
from shared.models.access.roles import Caller, Gate, Need, Reach
from shared.services import Services

ENDPOINTS: list[Endpoint] = []
"""Every endpoint of the app, in the order of definition."""


@dataclass(frozen=True)
class Call:
    """The parts of a request that every handler gets: services, path parameters, the caller and its accounts.

    `reach` is asked for whatever the body or a list names; what the path names was checked before.
    """

    services: Services
    path: dict[str, str]
    caller: Caller | None
    reach: Reach

    @property
    def who(self) -> str:
        """The caller's name, for people and for the audit."""
        return self.caller.name if self.caller else "somebody who is not signed in"


@dataclass(frozen=True)
class Answer[V]:
    """A handler's answer: a model (None: no body), a status other than the usual one, the Location, Retry-After in
    seconds, and the same as CSV if that was asked for."""

    value: V
    status: int = 0
    location: str = ""
    retry_after: int = 0
    csv: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """A route: method, path, the models it takes and answers, and its handler. `status` is that of success."""

    method: str
    path: str
    handler: Callable[..., Answer[Any]]
    status: int
    also: tuple[int, ...]
    needs: Need | Gate
    refusals: tuple[int, ...]
    takes: type[BaseModel] | None
    query: type[BaseModel] | None
    gives: tuple[type[BaseModel], ...]
    takes_any: bool
    patches: type[BaseModel] | None
    conditional: bool
    needs_engine: bool
    keeps_answers: bool
    creates: bool

    @property
    def name(self) -> str:
        """The name of the function, and the operationId in the OpenAPI document."""
        return self.handler.__name__

    @property
    def parameters(self) -> list[str]:
        """The parameters of its path, in its order: the first one names whose the request is about."""
        return [name for _, name, _, _ in Formatter().parse(self.path) if name]

    @property
    def open(self) -> bool:
        """Whether anybody may call it."""
        return self.needs is Gate.OPEN

    @property
    def writes(self) -> bool:
        """Whether the route takes an `Idempotency-Key`."""
        return self.method != "GET" and self.keeps_answers

    @property
    def answers_what_if(self) -> bool:
        """Whether it also answers what would happen, to who may `plan`."""
        return self.query is not None and issubclass(self.query, WhatIfQuery)

    @property
    def answers_csv(self) -> bool:
        """Whether it answers CSV too, if that is asked for."""
        return self.query is not None and "format" in self.query.model_fields

    @property
    def tagged(self) -> bool:
        """Whether its answers have an `ETag`."""
        return any(issubclass(model, Tagged) for model in self.gives)
