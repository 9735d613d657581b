"""Log-off events that hosts sign with the key of their pool: how a key is derived, and whose a signature is.

A key is derived from one secret setting, the pool's name and a generation (HKDF with SHA-256, RFC 5869), so that no key
is stored. It proves no more than that a host of the pool, or whoever read its disk, reports a log-off of that pool.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.access.errors import NotSignedIn
from shared.models.access.roles import Caller, CallerKind, Reach, Role

POOL_HEADER, TIMESTAMP_HEADER = "x-freshcoat-pool", "x-freshcoat-timestamp"
SIGNATURE_HEADER = "x-freshcoat-signature"
WINDOW = timedelta(minutes=5)
"""How far the moment of signing may be from now, in both directions."""
LONGEST = 16_384
"""Maximum length of a signed body in bytes: one event needs 200."""
PREFIX = "fek_"
"""How a key begins, so that scanners of leaked secrets can tell it."""

_INFO = b"freshcoat log-off event key"
_BYTES = 32
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v1=([0-9a-f]{64})")


@dataclass(frozen=True)
class EventKeys:
    """What is known of a pool whose hosts sign: its account, and the generation of its key."""

    account: str
    generation: int


def event_key(secret: str, pool: str, generation: int) -> str:
    """The key for the hosts of a pool. Its text, as ASCII bytes, is the key of the HMAC."""
    info = b"\0".join([_INFO, pool.encode(), str(generation).encode()])
    derived = HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=info).derive(secret.encode())
    return PREFIX + base64.urlsafe_b64encode(derived).decode().rstrip("=")


def caller_of_signature(
    headers: Mapping[str, str],
    body: bytes,
    secrets: tuple[str, ...],
    find: Callable[[str], EventKeys | None],
    now: datetime,
) -> Caller:
    """The hosts of a pool, which may report its log-offs. `secrets`: those of the app, now and before a change.

    Raises NotSignedIn, with the same words whatever was wrong.
    """
    pool = headers.get(POOL_HEADER) or ""
    stamp = headers.get(TIMESTAMP_HEADER) or ""
    given = _SIGNATURE.fullmatch(headers.get(SIGNATURE_HEADER) or "")
    if given and len(body) <= LONGEST and _is_timely(stamp, now) and (known := find(pool)):
        signed = stamp.encode() + b"." + body
        for key in _keys(secrets, pool, known.generation):
            if hmac.compare_digest(hmac.new(key.encode(), signed, hashlib.sha256).hexdigest(), given[1]):
                return _caller(pool, known.account)
    raise NotSignedIn("The signature does not fit. Check the pool's name, its key, the signed text and the clock.")


def _is_timely(stamp: str, now: datetime) -> bool:
    return bool(_TIMESTAMP.fullmatch(stamp)) and abs(int(stamp) - now.timestamp()) <= WINDOW.total_seconds()


def _keys(secrets: tuple[str, ...], pool: str, generation: int) -> Iterator[str]:
    """The keys that count: of this generation and the one before, from every secret."""
    for secret in filter(None, secrets):
        for counted in (generation, generation - 1):
            if counted > 0:
                yield event_key(secret, pool, counted)


def _caller(pool: str, account: str) -> Caller:
    return Caller(
        kind=CallerKind.SIGNATURE,
        id=f"pool:{pool}",
        name=f"hosts of pool {pool}",
        roles=frozenset({Role.AGENT}),
        reach=Reach(accounts=frozenset({account})),
        pool=pool,
    )
