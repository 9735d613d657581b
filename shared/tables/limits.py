"""The limits of Table Storage, checked here because Azurite accepts more than the service (azure-facts 6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.core.errors import TooLarge

INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)

PROPERTIES = 252
TEXT_UNITS = 32 * 1024
"""Maximum UTF-16 code units of a text property (64 KiB)."""
ENTITY_BYTES = 1024 * 1024
TRANSACTION_ROWS = 100
TRANSACTION_BYTES = 4 * 1024 * 1024
_REQUEST_OVERHEAD = 2048  # headers and MIME parts around each row of a transaction

_FIXED = frozenset({str, bool, int, float, datetime})

type Entity = Mapping[str, Any]


def check_entity(entity: Entity) -> None:
    """Raises TooLarge when the service would refuse the entity."""
    name = f"{entity['PartitionKey']}/{entity['RowKey']}"
    properties = len(entity) - 2  # the keys do not count
    if properties > PROPERTIES:
        raise TooLarge(f"The record {name} has {properties} properties; at most {PROPERTIES} can be stored.")
    if _is_small(entity):
        return
    size = 4 + sum(_property_bytes(key, value) for key, value in entity.items())
    if size > ENTITY_BYTES:
        raise TooLarge(f"The record {name} has {size} bytes; at most {ENTITY_BYTES} can be stored.")


def split_text(text: str) -> list[str]:
    """The text in parts that each fit into a property."""
    if len(text) * 2 <= TEXT_UNITS or _units(text) <= TEXT_UNITS:
        return [text]
    parts, start, units = [], 0, 0
    for position, character in enumerate(text):
        width = 2 if character > "\uffff" else 1
        if units + width > TEXT_UNITS:
            parts.append(text[start:position])
            start, units = position, 0
        units += width
    return [*parts, text[start:]]


def transactions[E: Entity](entities: Sequence[E]) -> Iterator[list[E]]:
    """The entities in order, grouped so that each group fits into one transaction."""
    if len(entities) == 1:
        yield list(entities)
        return
    group: list[E] = []
    size = 0
    for entity in entities:
        more = len(json.dumps(entity, default=str)) + _REQUEST_OVERHEAD
        if group and (len(group) == TRANSACTION_ROWS or size + more > TRANSACTION_BYTES):
            yield group
            group, size = [], 0
        group.append(entity)
        size += more
    if group:
        yield group


def _is_small(entity: Entity) -> bool:
    """Whether it is small enough however its texts are encoded, as nearly all are: quicker than to count the bytes."""
    values = entity.values()
    if not {type(value) for value in values} <= _FIXED:
        return False
    characters = sum(map(len, entity)) + sum([len(value) for value in values if isinstance(value, str)])
    return 4 + 16 * len(entity) + 4 * characters <= ENTITY_BYTES


def _property_bytes(name: str, value: Any) -> int:
    """Size of a property as the service counts it: 8 bytes, the name and the value."""
    around = 0 if name in ("PartitionKey", "RowKey") else 8 + _units(name) * 2
    match value:
        case str():
            return around + 4 + _units(value) * 2
        case bool():
            return around + 1
        case int():
            return around + 4
        case float() | datetime() | tuple():
            return around + 8
        case _:
            raise TypeError(f"{name} is a {type(value).__name__}, which cannot be stored in a property")


def _units(text: str) -> int:
    """UTF-16 code units of a text."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)
