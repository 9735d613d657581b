"""What signs the record, and where signatures are kept. `shared.azure.record.seals` implements it."""

from __future__ import annotations

from typing import Protocol

from shared.models.audit import Signature


class Seals(Protocol):
    """A key that never leaves its vault, and a store in which nothing is ever overwritten. All may raise AzureError."""

    def sign(self, digest: bytes) -> Signature:
        """Sign a SHA-256 digest with the configured key."""

    def is_valid(self, digest: bytes, signature: Signature) -> bool:
        """Whether the configured key, in any of its versions, has made this signature."""

    def keep(self, name: str, text: str) -> bool:
        """Store a text under a name that is free. False: something is there already, and stays."""

    def read(self, name: str) -> str | None:
        """What is stored under a name; None: nothing."""
