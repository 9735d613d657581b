"""Chooses the encoding of a file that was compressed at build time (RFC 9110, sections 12.5.3 and 13.1.2)."""

from __future__ import annotations

import re
from collections.abc import Collection

ENDS = {"br": ".br", "gzip": ".gz"}
"""Encoding -> what is put behind the name of the file. The smaller one stands first."""
PLAIN = ""
"""The file as it is."""

_ENTRY = re.compile(r"\s*([A-Za-z0-9*-]+)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*")
_LEAST = 0.0001
"""Weight of the plain file where the browser does not name it: it is the last choice."""
_TAG = re.compile(r'"[^"]*"')


def choose_encoding(accepted: str | None, available: Collection[str]) -> str:
    """One of the available encodings, or PLAIN. `accepted`: the header `Accept-Encoding`."""
    weights = _weights(accepted or "")
    best, most = PLAIN, weights.get("identity", _LEAST)
    for encoding in ENDS:
        weight = weights.get(encoding, weights.get("*", 0.0))
        if encoding in available and weight > 0 and (weight > most or (weight == most and best == PLAIN)):
            best, most = encoding, weight
    return best


def _weights(accepted: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for entry in accepted.split(","):
        read = _ENTRY.fullmatch(entry)
        if read:
            name = read[1].lower().removeprefix("x-")
            found[name] = min(1.0, float(read[2] or 1))
    return found


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the browser has what this tag names. `if_none_match`: its header. Proxies put `W/` before a tag."""
    asked = (if_none_match or "").strip()
    return asked == "*" or tag in _TAG.findall(asked)
