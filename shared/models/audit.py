"""The record of who did what: its entries, which form chains, and counts of what was refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum

from shared.models.base import Record, UtcTime


class EntryKind(StrEnum):
    """What an entry says."""

    INTENT = "intent"
    """Something is about to be done. It is written before."""
    CHANGE = "change"
    """Something was decided or changed, in the words of the product."""
    OUTCOME = "outcome"
    """How that ended for which there is an intent with the same `correlation`."""


class AuditEntry(Record):
    """One entry: who did what, when, to what. Partition: the month (`2026-11`). Rows: newest first.

    The entries of a month by one writer (a worker process) form a chain: `sequence` counts from 1 without gaps, and
    `previous` is the digest of the one before. The first one `follows` an entry of another chain.
    """

    id: str
    at: UtcTime
    who: str
    action: str
    subject: str
    before: str = ""
    after: str = ""
    """The changed value before and after, usually a version; in an outcome, JSON of the changed fields."""
    detail: str = ""
    kind: EntryKind = EntryKind.CHANGE
    caller: str = ""
    """Id of the caller, which never changes; empty for what the app does by itself."""
    address: str = ""
    client: str = ""
    """The network address and the user agent of the caller, as the platform gives them."""
    correlation: str = ""
    accounts: tuple[str, ...] = ()
    """Whose it is: names, or `*` for all accounts. None: only who sees all accounts sees it."""
    pool: str = ""
    image: str = ""
    rollout: str = ""
    asked: str = ""
    """What was asked, as JSON."""
    status: int | None = None
    """HTTP status of an outcome."""
    writer: str = ""
    """Empty in entries from before there were chains."""
    sequence: int = 0
    previous: str = ""
    follows: str = ""
    """In the first entry of a chain: month and id of the entry whose digest `previous` is, as `2026-11:{id}`."""
    digest: str = ""

    @property
    def month(self) -> str:
        """Its partition."""
        return f"{self.at.astimezone(UTC):%Y-%m}"

    def digest_of_content(self) -> str:
        """SHA-256 of all that it says, its place in the chain included.

        Fields with their default are left out, so that a field added later changes no digest.
        """
        content = self.model_dump(mode="json", exclude={"digest", "schema_version"}, exclude_defaults=True)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Signature:
    """A signature over a SHA-256 digest. `key`: id of the key with its version; `algorithm`: `RS256` or `ES256`."""

    key: str
    algorithm: str
    value: bytes


class RefusalCount(Record):
    """How often one worker refused writes of one caller at one route with one status in one hour. Partition: month."""

    id: str
    hour: UtcTime
    caller: str
    who: str
    address: str
    """Of the last one."""
    route: str
    status: int
    count: int
    first_at: UtcTime
    last_at: UtcTime
