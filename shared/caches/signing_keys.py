"""Keeps the keys with which Entra ID signs tokens, read behind the requests: none waits for them.

Only in the first moments of a worker, before any key is known, does a request wait, and then for seconds at most.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from shared.caches.beside import Beside, in_a_thread
from shared.core.errors import AzureBusy, FreshcoatError
from shared.core.single_flight import SingleFlight

log = logging.getLogger("freshcoat.access")

READ_AGAIN = 12 * 3_600.0
"""Seconds after which known keys are read again: Entra ID announces a new key long before it signs with it."""
UNKNOWN_AGAIN = 60.0
"""Seconds between two reads because of keys that are not known: anybody can name one."""
_LONGEST_WAIT = 3.0
_RETRY_AFTER = 5.0
_BEHIND = in_a_thread("signing keys")


@dataclass(frozen=True)
class SigningKey:
    """A public key. `issuer`: the issuer it signs for, with `{tenantid}` for any tenant; empty if it is not said."""

    key: PyJWK
    issuer: str


class SigningKeys:
    """Public keys by their ids (`kid`). Thread-safe. `clock` returns monotonic seconds."""

    def __init__(
        self,
        read: Callable[[], list[dict[str, Any]]],
        clock: Callable[[], float],
        behind: Beside = _BEHIND,
    ) -> None:
        self._read, self._clock, self._behind = read, clock, behind
        self._flight = SingleFlight(_LONGEST_WAIT)
        self._lock = threading.Lock()
        self._keys: dict[str, SigningKey] = {}
        self._tried: float | None = None
        """When a read was last begun."""

    def find(self, kid: str) -> SigningKey | None:
        """The key, or None at once when it is not known. Raises AzureBusy while no key is known at all."""
        if not self._keys:
            self._flight.run("keys", self._first_read)
        found = self._keys.get(kid)
        if self._is_due(READ_AGAIN if found else UNKNOWN_AGAIN):
            self._behind(self._read_behind)
        return found

    def warm_up(self) -> None:
        """Begin to read the keys, without waiting for them."""
        self._behind(self._read_behind)

    def _is_due(self, age: float) -> bool:
        with self._lock:
            now = self._clock()
            if self._tried is not None and now - self._tried < age:
                return False
            self._tried = now
            return True

    def _first_read(self) -> None:
        if self._keys:
            return
        if not self._is_due(_RETRY_AFTER) or not self._take(self._read()):
            text = "the signing keys of Entra ID are not known yet; try again in a moment"
            raise AzureBusy("check a token", None, "NoSigningKeys", text, retry_after=_RETRY_AFTER)

    def _read_behind(self) -> None:
        try:
            if self._keys:
                self._take(self._read())
            else:
                self._flight.run("keys", self._first_read)
        except FreshcoatError as error:
            log.warning("The signing keys of Entra ID could not be read; those known still count: %s", error)

    def _take(self, published: list[dict[str, Any]]) -> bool:
        """Use these keys from now on, if any of them is usable: an empty answer must not lock everybody out."""
        usable = dict(filter(None, map(_usable, published)))
        if usable:
            self._keys = usable
        return bool(usable)


def _usable(jwk: dict[str, Any]) -> tuple[str, SigningKey] | None:
    kid = jwk.get("kid")
    if not isinstance(kid, str) or jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
        return None
    try:
        return kid, SigningKey(PyJWK(jwk, algorithm="RS256"), str(jwk.get("issuer") or ""))
    except PyJWTError:
        return None
