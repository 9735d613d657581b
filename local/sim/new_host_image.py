"""Asks the app what a new host is to be made from: off the event loop, once, and not for ever."""

import json
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

WORKERS = 4
TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Given:
    """The gallery version to make the host from, and the app's reason for it."""

    version_id: str
    reason: str


@dataclass(frozen=True)
class NotGiven:
    """No version: `refused` by the app, or `no_answer` that could be used."""

    result: str
    reason: str


@dataclass(frozen=True)
class Question:
    """`then` gets the answer, on the event loop."""

    url: str
    then: Callable[[Given | NotGiven], None]


class Asker:
    """Carries questions to the app and its answers back."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="autoscaler")
        self._answers: deque[tuple[Question, Given | NotGiven]] = deque()

    def exchange(self, questions: deque[Question]) -> None:
        """Hand out the answers that have come in, and send off what is to be asked."""
        while self._answers:
            question, answer = self._answers.popleft()
            question.then(answer)
        while questions:
            self._pool.submit(self._carry, questions.popleft())

    def _carry(self, question: Question) -> None:
        self._answers.append((question, ask(question.url)))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def ask(url: str) -> Given | NotGiven:
    """GET `url`, which answers as `GET /api/pools/{pool}/image` does."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - http only, see `rule`
            return _read(json.load(answer))
    except urllib.error.HTTPError as error:
        return NotGiven("refused", f"{error.code}: {_detail(error)}")
    except (urllib.error.URLError, OSError) as error:
        return NotGiven("no_answer", str(getattr(error, "reason", error)))
    except ValueError:
        return NotGiven("no_answer", "the answer is not JSON")


def _read(body: Any) -> Given | NotGiven:
    found = body.get("version_id") if isinstance(body, dict) else None
    if not isinstance(found, str) or not found:
        return NotGiven("no_answer", "the answer has no version_id")
    return Given(found, str(body.get("reason") or ""))


def _detail(error: urllib.error.HTTPError) -> str:
    """What a problem document says, else the status in words."""
    try:
        return str(json.load(error)["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)
