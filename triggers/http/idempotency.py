"""A write that is sent twice with one `Idempotency-Key` is done once and answered twice.

The key is claimed before the work begins. Successful answers are stored. Refusals (4xx) are not: they changed nothing
and may not hold a minute later. A claim left by a crash is taken over after five minutes. A key belongs to its caller,
and lapses after a day.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.core.errors import AzureBusy, Conflict, FreshcoatError, StaleRow
from shared.core.wording import duration_text
from shared.models.answers import KEPT_FOR, KeptAnswer
from shared.records.change import add_or_change
from shared.services import Services

_log = logging.getLogger(__name__)

CLAIM_LASTS = timedelta(minutes=5)
ASK_AGAIN = 10
"""Seconds."""


class KeyReused(FreshcoatError):
    """The key belongs to another request."""

    status = 422
    title = "This Idempotency-Key was used for another request"

    def __init__(self) -> None:
        super().__init__(
            "Method, path, condition or body differ from the first request. Use a new key for another request."
        )


class StillWorking(Conflict):
    """The first request with this key has not finished."""

    def __init__(self) -> None:
        still = f"for {duration_text(CLAIM_LASTS)} at the longest"
        text = f"The first request with this Idempotency-Key is still running, or was interrupted ({still})."
        super().__init__(f"{text} Send it again in {ASK_AGAIN} seconds.", retry_after=ASK_AGAIN)


@dataclass(frozen=True)
class Answer:
    """The stored part of an answer: HTTP status, body, Location and ETag."""

    status: int
    body: str = ""
    location: str = ""
    retry_after: int = 0
    """Seconds, not stored: answers with it are not kept."""
    etag: str = ""
    csv: bool = False
    """Whether the body is CSV. Only answers to reads are."""
    continuation: str = ""
    """Of a page in CSV, which has no other place for it."""
    caching: str = ""
    """Its `Cache-Control`; empty: it must not be kept."""
    moments: tuple[tuple[str, str], ...] = ()
    """Texts of the body that another worker would have written otherwise, and what stands for them in its tag."""


def key_of(caller: str, key: str) -> str:
    """The key under which an answer is stored: two callers may choose the same one."""
    return _digest(caller.encode(errors="replace"), key.encode())


def fingerprint(method: str, path: str, body: bytes, *conditions: str) -> str:
    """A digest of method, path with query, body and conditional headers: equal for two sends of one request."""
    return _digest(method.upper().encode(), path.encode(), body, *(one.encode(errors="replace") for one in conditions))


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def run_once(services: Services, key: str, same: str, work: Callable[[], Answer]) -> Answer:
    """Run `work` and return its answer, or return the first answer given with this key.

    `same` is the request's fingerprint. Raises KeyReused, StillWorking. An error raised by `work` is passed on and
    releases the key.
    """
    claimed = _claim(services, key, same)
    if claimed.status:
        return Answer(claimed.status, claimed.body, claimed.location, etag=claimed.etag_header)
    try:
        answer = work()
    except BaseException:
        _forget(services, claimed)
        raise
    if answer.status >= 400:  # a refusal changed nothing and may not hold a minute later
        _forget(services, claimed)
    else:
        _keep(services, claimed, answer)
    return answer


def _claim(services: Services, key: str, same: str) -> KeptAnswer:
    """Our own claim on the key, or the stored answer of an earlier request."""
    ours = KeptAnswer(key=key, fingerprint=same, at=services.now(), claim=secrets.token_hex(8))

    def take_over(kept: KeptAnswer) -> KeptAnswer:
        if services.now() >= kept.at + KEPT_FOR:
            return ours.written_over(kept)
        if kept.fingerprint != same:
            raise KeyReused
        if kept.status:
            return kept
        if services.now() < kept.at + CLAIM_LASTS:
            raise StillWorking
        return ours.written_over(kept)

    try:
        return add_or_change(services.answers, (key, key), ours, take_over, describe="answer", retried=True)
    except StaleRow as contended:
        raise StillWorking from contended
    except AzureBusy:
        found = services.answers.find(key, key)
        if found is None or found.claim != ours.claim:
            raise
        return found  # only the response was lost


def _keep(services: Services, claimed: KeptAnswer, answer: Answer) -> None:
    kept = {"status": answer.status, "body": answer.body, "location": answer.location, "etag_header": answer.etag}
    try:
        services.answers.replace(claimed.model_copy(update=kept))
    except FreshcoatError as error:  # the work is done: answer it, even if the answer cannot be repeated later
        _log.warning("The answer to a request with an Idempotency-Key could not be stored: %s", error)


def _forget(services: Services, claimed: KeptAnswer) -> None:
    try:
        services.answers.remove(claimed)
    except FreshcoatError as error:
        _log.warning("An Idempotency-Key could not be released and stays claimed for five minutes: %s", error)
