"""The errors that are expected to happen, under one root. `triggers.http.respond` turns them into responses.

Each error carries its facts as fields. Bugs are not wrapped: any other exception is answered with 500 and a trace id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.core.hrefs import promotion_href, rollout_href, task_href


class FreshcoatError(Exception):
    """An expected error. `status` is the HTTP status of the response."""

    status = 500
    title = "Something went wrong"


@dataclass(frozen=True)
class FieldProblem:
    """A problem with one field of a request. `field` is a dotted path like `schedule.deadline`."""

    field: str
    message: str


class InvalidRequest(FreshcoatError):
    """The request cannot be parsed, or asks for something that is not allowed. Nothing was written."""

    status = 400
    title = "The request is not valid"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))

    @classmethod
    def one(cls, field: str, message: str) -> InvalidRequest:
        """The error for a problem with one field."""
        return cls([FieldProblem(field, message)])


class NotFound(FreshcoatError):
    """No pool, image, rollout and so on of Freshcoat has this name."""

    status = 404
    title = "Not found"

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"There is no {kind} called {name}.")


class Conflict(FreshcoatError):
    """The current state does not allow the request.

    `rollout`, `task` or `promotion` is the id of what blocks it; `href` is where that, or anything else, is read.
    `retry_after` is in how many seconds the request may succeed; None when nobody can say.
    """

    status = 409
    title = "Not possible now"
    rollout: str | None = None
    task: str | None = None
    promotion: str | None = None
    href: str | None = None
    retry_after: float | None = None

    def __init__(
        self,
        detail: str,
        *,
        rollout: str | None = None,
        task: str | None = None,
        promotion: str | None = None,
        href: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.rollout, self.task, self.promotion = rollout, task, promotion
        self.retry_after = retry_after
        self.href = href or _href_of(rollout, task, promotion)
        super().__init__(detail)


def _href_of(rollout: str | None, task: str | None, promotion: str | None) -> str | None:
    if rollout:
        return rollout_href(rollout)
    if task:
        return task_href(task)
    return promotion_href(promotion) if promotion else None


class WouldReset(Conflict):
    """A replacement leaves out settings that are stored. It may have been written without knowing them."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        text = "The request leaves out settings that are stored. Name them, or send only what changes with PATCH."
        super().__init__(text)


class PreconditionFailed(FreshcoatError):
    """What is stored is not what the request requires by `If-Match` or `If-None-Match`. Nothing was written."""

    status = 412
    title = "Changed in the meantime"


class InvalidTransition(Conflict):
    """The transition table does not allow this change of state."""

    def __init__(self, kind: str, name: str, now: str, to: str) -> None:
        self.kind, self.name, self.now, self.to = kind, name, now, to
        super().__init__(f"The {kind} {name} is {now.replace('_', ' ')} and cannot become {to.replace('_', ' ')}.")


class StaleRow(Conflict):
    """The row was changed after it was read. Read it again and decide again. `what` names its kind to people."""

    def __init__(self, table: str, key: str, what: str = "record") -> None:
        self.table, self.key = table, key
        super().__init__(f"Somebody else changed this {what} at the same time. Try again.")


class NewerRow(FreshcoatError):
    """The row was written by a newer version of the app, whose columns a write by this one would lose.

    No `Conflict`: nothing is decided from it. Steps let it through, so that they are repeated until the app is updated.
    """

    status = 409
    title = "Not possible now"

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__("This record was written by a newer version of Freshcoat. Update the app before changing it.")


class UnreadableOperation(FreshcoatError):
    """Another version of Azure's SDK began the operation, so its token cannot be read. It may be under way still.

    That happens after an update of the app. Steps look again, as after a crash between a request and its record.
    """

    def __init__(self, call: str) -> None:
        super().__init__(f"Could not ask how far it is: {call}. It was begun by another version of the app.")


class AlreadyExists(Conflict):
    """A row with this key exists already."""

    def __init__(self, table: str, key: str) -> None:
        self.table, self.key = table, key
        super().__init__("A record with this name exists already. Try again.")


class TooLarge(FreshcoatError):
    """The row exceeds a limit of Table Storage: 1 MiB, 252 properties, or 64 KiB in one property."""

    status = 413
    title = "Too large to store"


class AzureError(FreshcoatError):
    """A call to Azure failed: AzureBusy or AzureRefused. Never raised itself.

    Catch AzureRefused to handle a failure that repeating the call would not change; then AzureBusy passes through.
    Catch AzureError only where both are handled alike. `code` and `http_status` are Azure's own; `call` names the call.
    `retry_after` is the number of seconds in Azure's Retry-After header; None when there was no such header.
    """

    status = 502
    title = "Azure refused"

    def __init__(
        self, call: str, http_status: int | None, code: str, message: str, *, retry_after: float | None = None
    ) -> None:
        self.call, self.http_status, self.code, self.message = call, http_status, code, message
        self.retry_after = retry_after
        super().__init__(f"{call}: {code}: {message}")


class AzureRefused(AzureError):
    """Azure refused the call. Repeating it would not help as long as nothing else changes."""


class AzureNotFound(AzureRefused):
    """The Azure resource does not exist (404)."""


class AzureForbidden(AzureRefused):
    """The app's identity lacks the right for this call (401, 403). The message names the right."""


class AzureConflict(AzureRefused):
    """The resource's state, or another operation running on it, does not allow the call (409)."""


class AzureBusy(AzureError):
    """Azure throttles us (429) or failed temporarily (408, 5xx, no connection). Repeat the call later."""

    status = 503
    title = "Azure is busy"


class OperationFailed(AzureRefused):
    """A long-running ARM operation ended as Failed or Canceled."""
