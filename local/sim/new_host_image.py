"""Asks the app which image version a new host gets: on worker threads, once per host, with a timeout."""

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
class Image:
    """The gallery version for the new host, and the app's reason for it."""

    version_id: str
    reason: str


@dataclass(frozen=True)
class NoImage:
    """No version: the app `refused`, or there was `no_answer` that could be used."""

    result: str
    reason: str


@dataclass(frozen=True)
class ImageRequest:
    """A request to the app. `callback` receives the answer on the event loop."""

    url: str
    callback: Callable[[Image | NoImage], None]


class NewHostImageClient:
    """Sends requests to the app on worker threads, and delivers the answers on the event loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="autoscaler")
        self._answers: deque[tuple[ImageRequest, Image | NoImage]] = deque()

    def exchange(self, requests: deque[ImageRequest]) -> None:
        """Deliver the answers that have arrived, and send the new requests."""
        while self._answers:
            request, answer = self._answers.popleft()
            request.callback(answer)
        while requests:
            self._pool.submit(self._carry, requests.popleft())

    def _carry(self, request: ImageRequest) -> None:
        self._answers.append((request, request_image(request.url)))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def request_image(url: str) -> Image | NoImage:
    """Read `url`, whose answer has the format of `GET /api/pools/{pool}/image`."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - http only, see `rule`
            return _read(json.load(answer))
    except urllib.error.HTTPError as error:
        return NoImage("refused", f"{error.code}: {_detail(error)}")
    except (urllib.error.URLError, OSError) as error:
        return NoImage("no_answer", str(getattr(error, "reason", error)))
    except ValueError:
        return NoImage("no_answer", "the answer is not JSON")


def _read(body: Any) -> Image | NoImage:
    found = body.get("version_id") if isinstance(body, dict) else None
    if not isinstance(found, str) or not found:
        return NoImage("no_answer", "the answer has no version_id")
    return Image(found, _reason(body))


def _reason(body: dict[str, Any]) -> str:
    """The text of the reason, which is a message with a code."""
    reason = body.get("reason")
    return str(reason.get("text", "")) if isinstance(reason, dict) else ""


def _detail(error: urllib.error.HTTPError) -> str:
    """The detail of a problem document, or else the reason phrase of the status."""
    try:
        return str(json.load(error)["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)
