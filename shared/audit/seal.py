"""Signs the heads of a month's chains once the month is over, and checks them later.

Who can write to the tables could forge whole chains. They cannot forge what the key has signed, nor change what the
container keeps.
"""

from __future__ import annotations

import hashlib
import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.audit.verify import BrokenLink, Checked, verify
from shared.core.errors import AzureError
from shared.models.audit import AuditEntry, Signature
from shared.ports.seals import Seals
from shared.services import Services

_log = logging.getLogger("freshcoat.record")
LATE = timedelta(hours=1)
"""How long after a month's end its last entries may still be on their way."""
MONTHS_BACK = 3
"""How many past months are signed if they are not: the timer may have stood still."""
SECONDS = 120.0
"""How long one run reads a month at most."""


def seal_months(services: Services) -> list[str]:
    """Sign the past months that are not signed yet; return them. A month whose chains are broken is not signed."""
    seals = services.seals
    if seals is None:
        return []
    return [month for month in _past_months(services.now()) if _seal(services, seals, month)]


def _seal(services: Services, seals: Seals, month: str) -> bool:
    if seals.read(_name(month)) is not None:
        return False
    checked = verify(services.audit, [month], lambda _: True, seconds=SECONDS)
    if checked.broken or not checked.complete:
        first = checked.first
        why = f"{first.writer} {first.sequence}: {first.why}" if first else "reading it takes too long"
        _log.error("The record of %s is not signed: %s", month, why)
        return False
    heads = checked.heads.get(month, {})
    return bool(heads) and seals.keep(_name(month), _signed(seals, month, heads))


def _signed(seals: Seals, month: str, heads: Mapping[str, AuditEntry]) -> str:
    told = [
        {"writer": head.writer, "sequence": head.sequence, "id": head.id, "digest": head.digest}
        for _, head in sorted(heads.items())
    ]
    statement = json.dumps({"month": month, "heads": told}, sort_keys=True, separators=(",", ":"))
    made = seals.sign(_digest(statement))
    value = b64encode(made.value).decode()
    return json.dumps({"statement": statement, "key": made.key, "algorithm": made.algorithm, "signature": value})


def check_signatures(seals: Seals, checked: Checked) -> None:
    """Compare the months that were walked to their ends with what was signed of them; add what differs to `checked`."""
    for month in checked.months:
        try:
            text = seals.read(_name(month))
            if text is not None:
                found = _broken(seals, month, text, checked.heads.get(month, {}))
                checked.broken.extend(found)
                checked.signed += [] if found else [month]
        except AzureError as error:
            checked.signatures_read = False
            _log.warning("The signature of the record of %s could not be checked: %s", month, error)


def _broken(seals: Seals, month: str, text: str, heads: Mapping[str, AuditEntry]) -> list[BrokenLink]:
    begins = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    try:
        stored: dict[str, Any] = json.loads(text)
        statement = stored["statement"]
        signature = Signature(stored["key"], stored["algorithm"], b64decode(stored["signature"], validate=True))
        told = json.loads(statement)
        wanted = {str(one["writer"]): one for one in told["heads"]}
        of_month = told["month"] == month
    except (ValueError, KeyError, TypeError):
        return [BrokenLink(month, "", 0, begins, "What was signed of this month cannot be read.")]
    if not of_month or not seals.is_valid(_digest(statement), signature):
        return [BrokenLink(month, "", 0, begins, "The signature of this month is not valid.")]
    found = []
    for writer in sorted(wanted.keys() | heads.keys()):
        head, sequence = heads.get(writer), int(wanted.get(writer, {}).get("sequence", 0))
        if head is None:
            found.append(BrokenLink(month, writer, sequence, begins, "The signed entries of this writer are missing."))
        elif head.digest != wanted.get(writer, {}).get("digest"):
            why = "The newest entry of this writer is not the one that was signed."
            found.append(BrokenLink(month, writer, head.sequence, head.at, why))
    return found


def _name(month: str) -> str:
    return f"heads/{month}.json"


def _digest(statement: str) -> bytes:
    return hashlib.sha256(statement.encode(errors="surrogatepass")).digest()


def _past_months(now: datetime) -> list[str]:
    """The newest first."""
    this_month = (now - LATE).astimezone(UTC)
    number = this_month.year * 12 + this_month.month - 1
    return [f"{one // 12:04d}-{one % 12 + 1:02d}" for one in range(number - 1, number - 1 - MONTHS_BACK, -1)]
