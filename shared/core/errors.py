"""One root for every expected error. Each carries its facts as fields; `triggers.http.respond` turns it into an answer.

Bugs are not wrapped: anything that is not a `FreshcoatError` is a 500 with an id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class FreshcoatError(Exception):
    """Something that is expected to happen. `status` is the HTTP status it is answered with."""

    status = 500
    title = "Something went wrong"


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field of a request. `field` is a dotted path like `schedule.deadline`."""

    field: str
    message: str


class InvalidRequest(FreshcoatError):
    """The request cannot be understood or asks for what is not allowed. Nothing was written."""

    status = 400
    title = "The request is not valid"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))

    @classmethod
    def one(cls, field: str, message: str) -> InvalidRequest:
        """The common case: one field is wrong."""
        return cls([FieldProblem(field, message)])


class NotFound(FreshcoatError):
    """There is no such thing of ours (pool, image, rollout)."""

    status = 404
    title = "Not found"

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"There is no {kind} called {name}.")


class Conflict(FreshcoatError):
    """The request does not fit the state things are in. `rollout`, `task` or `promotion` names the one in the way."""

    status = 409
    title = "Not possible now"
    rollout: str | None = None
    task: str | None = None
    promotion: str | None = None

    def __init__(
        self, detail: str, *, rollout: str | None = None, task: str | None = None, promotion: str | None = None
    ) -> None:
        self.rollout, self.task, self.promotion = rollout, task, promotion
        super().__init__(detail)


class InvalidTransition(Conflict):
    """A state was to change in a way its transition table does not know."""

    def __init__(self, kind: str, name: str, now: str, to: str) -> None:
        self.kind, self.name, self.now, self.to = kind, name, now, to
        said = now.replace("_", " "), to.replace("_", " ")
        super().__init__(f"The {kind} {name} is {said[0]} and cannot become {said[1]}.")


class StaleRow(Conflict):
    """Somebody else wrote the row since it was read: read it again and decide again."""

    def __init__(self, table: str, key: str) -> None:
        self.table, self.key = table, key
        super().__init__(f"The record {key} in {table} was changed by somebody else meanwhile. Try again.")


class AlreadyExists(Conflict):
    """A row to be created is there already."""

    def __init__(self, table: str, key: str) -> None:
        self.table, self.key = table, key
        super().__init__(f"The record {key} in {table} exists already.")


class TooLarge(FreshcoatError):
    """A row would exceed what Table Storage takes (1 MiB, 252 properties, 64 KiB a property)."""

    status = 413
    title = "Too large to keep"


class AzureError(FreshcoatError):
    """Azure refused a call. `code` and `http_status` are Azure's own; `call` says what was asked for."""

    status = 502
    title = "Azure refused"

    def __init__(self, call: str, http_status: int | None, code: str, message: str) -> None:
        self.call, self.http_status, self.code, self.message = call, http_status, code, message
        super().__init__(f"{call}: {code}: {message}")


class AzureNotFound(AzureError):
    """The Azure resource does not exist (404)."""


class AzureForbidden(AzureError):
    """The app's identity may not do this (401, 403). The message names the missing right."""


class AzureConflict(AzureError):
    """The resource is in a state, or another operation on it is running, that forbids the call (409)."""


class AzureBusy(AzureError):
    """Azure asks us to come back later (429), or failed in a way that passes (408, 5xx, no connection).

    `retry_after` is in seconds: Azure's own Retry-After, or None when it gave none.
    """

    status = 503
    title = "Azure is busy"

    def __init__(
        self, call: str, http_status: int | None, code: str, message: str, *, retry_after: float | None = None
    ) -> None:
        self.retry_after = retry_after
        super().__init__(call, http_status, code, message)


class OperationFailed(AzureError):
    """A long ARM operation ended as Failed or Canceled."""
