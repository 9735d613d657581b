"""App keys: how one is made, and whose a presented one is."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from shared.access.errors import NotSignedIn
from shared.models.access.grants import AppKey
from shared.models.access.roles import Caller, CallerKind

PREFIX = "fck_"
"""How a key begins, so that scanners of leaked secrets can tell it."""
ID_OF_KEY = "key:"
"""How the id of a caller with an app key begins; the name of the key follows."""
_BYTES = 32
LONGEST = 100


def new_key() -> str:
    """A new key: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def digest_of(key: str) -> str:
    """What is stored of a key. It has too many random bits to be guessed, so that a plain SHA-256 is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def caller_of_key(key: str, known: Iterable[AppKey], now: datetime) -> Caller:
    """Whose key it is. Raises NotSignedIn for one that is unknown, revoked or expired."""
    if len(key) > LONGEST or not key.startswith(PREFIX):
        raise NotSignedIn("This app key is not known.")
    digest = digest_of(key)
    found = next((row for row in known if secrets.compare_digest(row.digest, digest)), None)
    if found is None or found.revoked_at is not None:
        raise NotSignedIn("This app key is not known.")
    if found.expires_at <= now:
        raise NotSignedIn("This app key has expired. Ask an admin for a new one.")
    roles = frozenset({found.role})
    return Caller(
        kind=CallerKind.KEY, id=f"{ID_OF_KEY}{found.name}", name=f"key {found.name}", roles=roles, reach=found.reach
    )
