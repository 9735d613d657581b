"""Requests to the app: three tries where an answer may come later, and never a write done twice.

Each write has an `Idempotency-Key` that its repetitions share. The app answers the second one like the first, so a
write whose answer was lost on the way may be sent again.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_exponential_jitter

from freshcoat_cli import __version__
from freshcoat_cli.client.fields import read_json
from freshcoat_cli.client.problems import error_of, time_up, unreachable
from freshcoat_cli.client.signing_in import Credential
from freshcoat_cli.config.profiles import is_this_machine
from freshcoat_cli.errors import CliError, Exit

TRIES = 3
BUSY = {429, 502, 503, 504}
LONGEST_ANSWER = 60.0
"""Seconds to wait for one answer: a cold start and a plan with all its checks take less."""
LONGEST_PAUSE = 60.0
"""Seconds between two tries, whatever `Retry-After` says."""
PAGE = 200
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
"""What only programmers know of an error of the network."""
_NO_ANSWER = {Exit.UNREACHABLE, Exit.TIME_UP, Exit.UNEXPECTED}
"""Ends of a write that say nothing of whether it was done, unless the app itself says them."""
_GROWING = wait_exponential_jitter(multiplier=0.4, jitter=0.2)


@dataclass(frozen=True)
class Reply:
    """An answer below 400. `data` is its JSON; None without a body."""

    status: int
    data: Any
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class _Outcome(NamedTuple):
    """What one try came to: an answer, or None and why there is none."""

    answer: httpx.Response | None
    why: str = ""


class Client:
    """Speaks with one Freshcoat for as long as one command runs.

    `limit`: seconds for all of it; None: no limit. `say` is told of a try that failed, in words.
    """

    def __init__(
        self,
        url: str,
        credential: Credential,
        *,
        limit: float | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.url = url
        self._credential, self._say = credential, say
        self._limit, self._end = limit, None if limit is None else time.monotonic() + limit
        agent = {"User-Agent": f"freshcoat-cli/{__version__}", "Accept": "application/json"}
        here = is_this_machine(url)  # which no proxy can reach
        self._http = httpx.Client(base_url=f"{url}/api/", headers=agent, timeout=LONGEST_ANSWER, trust_env=not here)
        self._tries = Retrying(
            retry=retry_if_result(_may_come_later),
            stop=stop_after_attempt(TRIES),
            wait=_pause,
            before_sleep=self._announce,
            retry_error_callback=_outcome,
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path like `pools/office`. Raises CliError."""
        return self.request("GET", path, query=query).data

    def pages(self, path: str, limit: int | None = None, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page, at most `limit`. Raises CliError."""
        left, continuation = limit, None
        while left is None or left > 0:
            size = query.get("page") or PAGE
            asked = {**query, "limit": size if left is None else min(size, left), "continuation": continuation}
            asked.pop("page", None)
            page = self.get(path, **asked)
            items = page["items"]
            yield from items
            left = None if left is None else left - len(items)
            if not (continuation := page.get("continuation")):
                return

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Reply:
        """A write, done once however often it has to be sent. `key`: None for a new one. Raises CliError."""
        key = key or str(uuid.uuid4())
        try:
            return self.request(
                method, path, query=query, body=body, headers={"Idempotency-Key": key, **(headers or {})}
            )
        except KeyboardInterrupt:
            raise CliError(Exit.INTERRUPTED, "Interrupted", *_perhaps_done(key)) from None
        except CliError as error:
            if error.problem is None and error.code in _NO_ANSWER:
                error.lines = [*error.lines, *_perhaps_done(key)]
            raise

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request, tried three times while nothing is refused. Raises CliError for all answers from 400 on."""
        content = None if body is None else json.dumps(body).encode()
        all_headers = {**(headers or {}), **({} if content is None else {"Content-Type": "application/json"})}
        request = self._http.build_request(
            method, path, params=_parameters(query or {}), content=content, headers=all_headers
        )

        def once() -> _Outcome:
            request.headers.update(self._credential.headers())
            return self._try(request)

        answer, why = self._tries(once)
        if answer is None:
            raise unreachable(self.url, why, TRIES)
        return self._reply(answer)

    def _try(self, request: httpx.Request) -> _Outcome:
        left = self.seconds_left()
        longest = LONGEST_ANSWER if left is None else min(left, LONGEST_ANSWER)
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), longest)
        request.extensions["timeout"]["connect"] = min(longest, 10.0)
        try:
            return _Outcome(self._http.send(request))
        except httpx.TimeoutException as error:
            self.seconds_left()
            return _Outcome(None, f"no answer in time ({type(error).__name__})")
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return _Outcome(None, _NUMBER.sub("", str(error)) or type(error).__name__)

    def _reply(self, answer: httpx.Response) -> Reply:
        if answer.status_code >= 400:
            raise error_of(answer.status_code, answer.text, self.url)
        if 300 <= answer.status_code < 400 and answer.status_code != 304:
            where = answer.headers.get("Location", "elsewhere")
            raise CliError(Exit.UNEXPECTED, f"{self.url} sends this command on to {where}", "Use that address.")
        kind = answer.headers.get("Content-Type", "")
        if answer.content and "json" in kind:
            try:
                return Reply(answer.status_code, read_json(answer.text), answer.text, answer.headers)
            except ValueError as error:
                raise CliError(Exit.UNEXPECTED, f"{self.url} answered what is no JSON", "Try again.") from error
        if answer.content and "csv" not in kind:
            raise CliError(Exit.UNEXPECTED, f"{self.url} did not answer like a Freshcoat", "Check the address.")
        return Reply(answer.status_code, None, answer.text, answer.headers)

    def _announce(self, tries: RetryCallState) -> None:
        """Say that it is tried again. Raises CliError when there is no time for it."""
        pause, left = tries.upcoming_sleep, self.seconds_left()
        if left is not None and pause >= left:
            raise time_up(self._limit or 0)
        answer, why = _outcome(tries)
        said = why or f"{self.url} is busy ({answer.status_code if answer is not None else 'no answer'})"
        self._say(f"{said}; trying again in {pause:.1f} s ({tries.attempt_number + 1} of {TRIES})")

    def seconds_left(self) -> float | None:
        """Seconds until the limit; None without one. Raises CliError when it is over."""
        if self._end is None:
            return None
        if (left := self._end - time.monotonic()) <= 0:
            raise time_up(self._limit or 0)
        return left


def _perhaps_done(key: str) -> tuple[str, str]:
    """What to do about a write without an answer."""
    return (
        "It may have been done all the same: look before you repeat it.",
        f"The same words with --idempotency-key {key} do it once.",
    )


def _may_come_later(outcome: _Outcome) -> bool:
    answer = outcome.answer
    if answer is None or answer.status_code in BUSY:
        return True
    return answer.status_code == 409 and "Retry-After" in answer.headers


def _outcome(tries: RetryCallState) -> _Outcome:
    found: _Outcome = tries.outcome.result()  # type: ignore[union-attr] # after a try there is one
    return found


def _pause(tries: RetryCallState) -> float:
    """Seconds until the next try: what the app asks for, or a little more each time."""
    answer = _outcome(tries).answer
    asked = _seconds(answer.headers.get("Retry-After")) if answer is not None else None
    return min(LONGEST_PAUSE, _GROWING(tries) if asked is None else asked)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def _parameters(query: Mapping[str, Any]) -> list[tuple[str, str | int | float | bool | None]]:
    """Query parameters: those without a value are left out, several values are joined with commas."""
    found: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in query.items():
        if value is None or value in ([], ""):
            continue
        if isinstance(value, bool):
            found.append((name, str(value).lower()))
        elif isinstance(value, list | tuple):
            found.append((name, ",".join(str(one) for one in value)))
        else:
            found.append((name, str(value)))
    return found
