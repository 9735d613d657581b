"""Reads the headers `If-Match` and `If-None-Match` (RFC 9110, section 13.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.api.conditions import ANY, CONTENT_SEPARATOR, Condition
from shared.core.errors import FieldProblem, InvalidRequest

CONDITIONS = ("If-Match", "If-None-Match")
LONGEST = 4_000
"""Characters of a header: many more tags than anybody has read."""
PATTERN = r'\*|(?:W/)?"[!#-~]*"(?: *, *(?:W/)?"[!#-~]*")*'
"""`*`, or tags in quotes with commas between them."""
_TAG = re.compile(r'"[^"]*"')


def read_condition(headers: Mapping[str, str]) -> Condition:
    """The condition of a request. Raises InvalidRequest for a header of another form."""
    found, problems = {}, []
    for name in CONDITIONS:
        text = headers.get(name)
        if text is None:
            continue
        if len(text) > LONGEST or not re.fullmatch(PATTERN, text.strip()):
            problems.append(FieldProblem(name, "send the ETag that you have read, in its quotes, or *"))
            continue
        # `W/` is ignored: a proxy that compresses an answer puts it before our tag, which still names the same settings
        found[name] = frozenset([ANY] if text.strip() == ANY else map(_of_settings, _TAG.findall(text)))
    if problems:
        raise InvalidRequest(problems)
    return Condition(found.get("If-Match"), found.get("If-None-Match"))


def _of_settings(tag: str) -> str:
    """The tag without that of the content, which a read adds (`reads.py`): a change of settings is not refused because
    a session or a rollout has come meanwhile."""
    settings, content, _ = tag.partition(CONTENT_SEPARATOR)
    return f'{settings}"' if content else tag
