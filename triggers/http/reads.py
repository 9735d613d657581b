"""Reads that are repeated: a tag for each answer, and 304 for who has it already (RFC 9110, sections 8.8.3 and 13.1.2).

The tag of a read is a digest of its body, without the moments at which this worker found what it shows. Where the body
has settings that can be changed under `If-Match`, their tag stands before it, with a dot between: `"settings.content"`.
A condition on a change compares the settings alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from shared.api.conditions import CONTENT_SEPARATOR
from triggers.http.conditions import LONGEST, PATTERN
from triggers.http.idempotency import Answer

CACHING = "private, no-cache"
"""A browser may keep the answer, and asks each time whether it is still so. What it shows depends on who asks."""
_TAG = re.compile(r'"[^"]*"')
_DIGITS = 32


def as_read(answer: Answer, if_none_match: str | None) -> Answer:
    """The answer to a GET with its tag, or 304 without a body if the reader has it. Errors and CSV stay as they are."""
    if answer.status != 200 or answer.csv:
        return answer
    tag = _tag(answer)
    if _has(if_none_match, tag):
        return Answer(304, etag=tag, caching=CACHING)
    return replace(answer, etag=tag, caching=CACHING)


def _tag(answer: Answer) -> str:
    text = answer.body
    for own, instead in answer.moments:
        text = text.replace(own, instead, 1)
    content = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:_DIGITS]
    settings = answer.etag.strip('"')
    return f'"{settings}{CONTENT_SEPARATOR}{content}"' if settings else f'"{content}"'


def _has(if_none_match: str | None, tag: str) -> bool:
    """Whether the header names the tag. `W/`, which a compressing proxy adds, is ignored; so is a header of another
    form, which asks for nothing."""
    text = (if_none_match or "").strip()
    if not text or len(text) > LONGEST or not re.fullmatch(PATTERN, text):
        return False
    return text == "*" or tag in _TAG.findall(text)
