"""One table of endpoints: the functions and the OpenAPI document both come from it.

A handler says by its parameters what it needs: `asked` (the body, as a model), `query` (the query string, as
a model), `body` (the body as it is), `engine`. What it answers with is in its return type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from shared.services import Services

ENDPOINTS: list[Endpoint] = []
"""Every endpoint of the app, in the order of definition."""


@dataclass(frozen=True)
class Call:
    """One request, as far as all handlers need it: parts of the path, and who asks."""

    services: Services
    path: dict[str, str]
    who: str


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

    @property
    def name(self) -> str:
        """The function's name, and the operation's id in the document."""
        return self.handler.__name__

    @property
    def writes(self) -> bool:
        """Whether an `Idempotency-Key` means something."""
        return self.method != "GET" and self.keeps_answers
