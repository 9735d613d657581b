"""Puts every write into the record: before its first change of a table, and again with how it ended.

A write that changes nothing, because it is refused or repeats what is done, leaves no entries. One whose intent cannot
be recorded changes nothing: each table of the services that its handler gets asks for the intent first.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from shared.access.subjects import subject_of
from shared.audit.record import Deed, count_refusal, record_intent, record_outcome
from shared.audit.stored import Fields, bounded_json, changed, stored_fields
from shared.core.asking import About, Asker, asker, new_correlation, refine_asker
from shared.core.errors import FreshcoatError
from shared.core.plain_text import one_line
from shared.models.access.roles import Need
from shared.services import Services
from triggers.http.contract import Call, Endpoint
from triggers.http.idempotency import Answer

CORRELATION_HEADER = "x-ms-correlation-request-id"
REFUSED = frozenset({401, 403, 404, 409, 412, 422})
"""Statuses of refused writes that are counted."""
UNGUARDED = frozenset({"audit", "refusals", "answers"})
"""Tables that are written besides the write itself."""
_WRITING = frozenset({"add", "replace", "write_many", "remove", "remove_many"})
_log = logging.getLogger(__name__)
_requests = logging.getLogger("freshcoat.http")


def asker_of(headers: Mapping[str, str]) -> Asker:
    """Where a request comes from. The platform appends the address that it saw to `X-Forwarded-For`; what stands before
    was sent by the client and proves nothing."""
    seen = one_line(headers.get("X-Forwarded-For", "").rpartition(",")[2].strip(), 60)
    return Asker(
        name="",
        correlation=new_correlation(),
        address=_without_port(seen),
        client=one_line(headers.get("User-Agent", ""), 200),
    )


def _without_port(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def is_recorded(endpoint: Endpoint, *, what_if: bool) -> bool:
    """Whether a request is a write. A hint of a log-off changes nothing, and a question what would happen neither."""
    return endpoint.method != "GET" and endpoint.needs is not Need.HINT and not what_if


class Trail:
    """The entries of one write. `call` is the handler's, whose tables ask for the intent before they are written."""

    def __init__(self, endpoint: Endpoint, call: Call, given: Mapping[str, Any]) -> None:
        self._plain, self._path = call.services, call.path
        self._subject = next(iter(call.path.items()), None)
        self._asked = next((given[name] for name in ("asked", "patch", "body", "query") if name in given), None)
        subject = self._subject[1] if self._subject else getattr(self._asked, "image", "") or ""
        self._deed = Deed(call.who, f"{endpoint.method} {endpoint.path}", subject, _json_of(self._asked))
        self._begun = False
        self._before: Fields | None = None
        names = [name for name in Services.__dataclass_fields__ if _is_table(getattr(call.services, name))]
        guarded: dict[str, Any] = {
            name: _Guarded(getattr(call.services, name), self.begin) for name in names if name not in UNGUARDED
        }
        self.call = replace(call, services=replace(call.services, **guarded))

    def begin(self) -> None:
        """Record the intent, once. Raises NotRecorded: then nothing may be written."""
        if self._begun:
            return
        self._before = stored_fields(self._plain, *self._subject) if self._subject else None
        self._deed = replace(self._deed, about=self._about())
        refine_asker(about=self._deed.about)
        record_intent(self._plain, self._deed)
        self._begun = True

    def run(self, work: Callable[[], Answer]) -> Answer:
        """Do the work, and record how it ended if it changed anything."""
        try:
            answer = work()
        except Exception as error:
            self._end(getattr(error, "status", 500), "")
            raise
        self._end(answer.status, answer.location)
        return answer

    def _end(self, status: int, location: str) -> None:
        if not self._begun:
            return
        before, after, about = "", "", self._deed.about
        try:
            now = stored_fields(self._plain, *self._subject) if self._subject else None
            before, after = changed(self._before, now)
            about = self._about(made=location)
        except FreshcoatError as error:
            _log.warning("The record has no state after %s: %s", self._deed.action, error)
        record_outcome(self._plain, replace(self._deed, about=about), status=status, before=before, after=after)

    def _about(self, made: str = "") -> About:
        """Whose the write is: the accounts of what it names, before and after it, and of what it made."""
        owners = dict.fromkeys(self._deed.about.accounts)
        named = [self._subject] if self._subject else []
        path = dict(self._path)
        if found := _MADE.fullmatch(made):
            named.append((found["kind"], found["name"]))
            path.setdefault(found["kind"], found["name"])
        for one in named:
            if whose := subject_of(self._plain, *one):
                owners |= dict.fromkeys(whose.accounts)
        if not owners:
            owners = dict.fromkeys(_asked_accounts(self._subject, self._asked))
        image = path.get("image") or getattr(self._asked, "image", "") or ""
        return About(tuple(owners), path.get("pool", ""), image, path.get("rollout", ""))


_MADE = re.compile(r"/api/(?P<kind>rollout|task|promotion)s/(?P<name>[0-9a-z-]+)")
"""The Location of what a write made."""


class _Guarded:
    """A table that asks for something before each write."""

    def __init__(self, rows: Any, first: Callable[[], None]) -> None:
        self._rows, self._first = rows, first

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._rows, name)
        if name not in _WRITING:
            return found

        def write(*given: Any) -> Any:
            self._first()
            return found(*given)

        return write


def _is_table(part: Any) -> bool:
    return all(hasattr(part, name) for name in _WRITING)


def _asked_accounts(subject: tuple[str, str] | None, asked: Any) -> tuple[str, ...]:
    """The accounts that a request for something new names."""
    if subject and subject[0] == "account":
        return (subject[1],)
    one, several = getattr(asked, "account", None), getattr(asked, "accounts", None)
    return (one,) if isinstance(one, str) else tuple(several or ())


def _json_of(asked: Any) -> str:
    if isinstance(asked, BaseModel):
        return bounded_json(asked.model_dump(mode="json", exclude_unset=True))
    return bounded_json(getattr(asked, "changes", asked))


def note_write(endpoint: Endpoint, services: Callable[[], Services], status: int) -> None:
    """Count a refused write, and log a line with the correlation id that its entries and its calls to ARM have."""
    now_asking = asker()
    text = (endpoint.method, endpoint.path, now_asking.name or "nobody", status, now_asking.correlation)
    _requests.info("%s %s by %s: %s (correlation %s)", *text)
    if status in REFUSED:
        count_refusal(services(), f"{endpoint.method} {endpoint.path}", status)
