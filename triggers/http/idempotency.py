"""A write that is sent twice under one `Idempotency-Key` is done once and answered twice.

The key is claimed before the work begins. Answers below 500 are kept as they were, refusals too. A claim
left by a crash is taken over after five minutes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.core.errors import AlreadyExists, Conflict, FreshcoatError, StaleRow
from shared.models.answers import KeptAnswer
from shared.services import Services

_log = logging.getLogger(__name__)

CLAIM_LASTS = timedelta(minutes=5)
_ATTEMPTS = 3


class KeyReused(FreshcoatError):
    """The key belongs to another request."""

    status = 422
    title = "This Idempotency-Key was used for another request"

    def __init__(self) -> None:
        super().__init__("Method, path or body differ from the first request's; choose a new key for a new request.")


class StillWorking(Conflict):
    """The first request under this key is not through."""

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still being worked on; ask again shortly.")


@dataclass(frozen=True)
class Answer:
    """An answer as far as it is kept: HTTP status, JSON body, and where the created thing is."""

    status: int
    body: str = ""
    location: str = ""


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same: method, path with its query, and body, byte by byte."""
    digest = hashlib.sha256()
    for part in (method.upper().encode(), path.encode(), body):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def run_once(services: Services, key: str, same: str, work: Callable[[], Answer]) -> Answer:
    """The answer of `work`, or the first answer given under this key; `same` is the request's fingerprint.

    Raises KeyReused, StillWorking. What `work` raises goes through, and gives the key free again.
    """
    claimed = _claim(services, key, same)
    if claimed.status:
        return Answer(claimed.status, claimed.body, claimed.location)
    try:
        answer = work()
    except BaseException:
        _forget(services, claimed)
        raise
    if answer.status >= 400:  # a refusal wrote nothing, and may be untrue a minute later
        _forget(services, claimed)
    else:
        _keep(services, claimed, answer)
    return answer


def _claim(services: Services, key: str, same: str) -> KeptAnswer:
    """Our own claim, to work under; or the kept answer."""
    for _ in range(_ATTEMPTS):
        ours = KeptAnswer(key=key, fingerprint=same, at=services.now())
        try:
            return services.answers.add(ours)
        except AlreadyExists:
            kept = services.answers.find(key, key)
        if kept is None:
            continue  # just given free
        if kept.fingerprint != same:
            raise KeyReused
        if kept.status:
            return kept
        if services.now() < kept.at + CLAIM_LASTS:
            raise StillWorking
        try:
            return services.answers.replace(ours.written_over(kept))
        except StaleRow:
            continue
    raise StillWorking


def _keep(services: Services, claimed: KeptAnswer, answer: Answer) -> None:
    kept = {"status": answer.status, "body": answer.body, "location": answer.location}
    try:
        services.answers.replace(claimed.model_copy(update=kept))
    except FreshcoatError as error:  # the work is done: better an answer that cannot be repeated than none
        _log.warning("The answer under an Idempotency-Key could not be kept: %s", error)


def _forget(services: Services, claimed: KeptAnswer) -> None:
    try:
        services.answers.remove(claimed)
    except FreshcoatError as error:
        _log.warning("An Idempotency-Key stays claimed for five minutes: %s", error)
