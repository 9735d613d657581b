"""Encodes records as table entities and decodes them.

- Fields of plain types (str, int, bool, float, datetime, StrEnum) become native properties, so that queries can filter
  by them. All other fields become JSON text.
- A datetime becomes text that sorts by time. The SDK parses its own datetime type with `strptime`, which costs more
  than the rest of a row and holds a lock that all threads need. Rows with the SDK's type can still be read.
- None is omitted. So are `False`, empty texts and empty lists where that is the field's default; such a default must
  never change. Most of a row is defaults, and every property costs time to write and read.
- A `Part` becomes one JSON text of the values that differ from its defaults, and is omitted when it has none.
- Unknown properties, written by a newer version of the app, are ignored at any depth.
- A text that is too long for a property is split over `name__0`, `name__1`, …; queries cannot filter by it.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Mapping, Sized
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import count, takewhile
from typing import Annotated, Any, Literal, Protocol, TypeAliasType, Union

from azure.data.tables import EdmType, EntityProperty
from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from shared.core.errors import TooLarge
from shared.models.base import SCHEMA_VERSION, Part, Record
from shared.tables.keys import Keys, escape_key
from shared.tables.limits import INT32, INT64, check_entity, split_text

type Entity = dict[str, Any]

_PLAIN = (str, int, bool, float, datetime, AwareDatetime, types.NoneType)
_NOT_CONTENT = frozenset({"etag"})


class Coding[R: Record](Protocol):
    """How a table encodes and decodes its records."""

    def keys(self, record: R) -> tuple[str, str]: ...

    def encode(self, record: R) -> Entity: ...

    def decode(self, entity: Mapping[str, Any], etag: str) -> R: ...

    def literal(self, name: str, value: Any) -> str: ...


class Codec[R: Record]:
    """Encodes and decodes one kind of record.

    Raises TypeError for a model with a field that may be None but has another default: its None would be lost.
    """

    def __init__(self, model: type[R], keys: Keys[R]) -> None:
        self._model, self._keys = model, keys
        fields = {name: field for name, field in model.model_fields.items() if name not in _NOT_CONTENT}
        self._absent = {name: None for name, field in fields.items() if _may_be_none(field.annotation)}
        """None for every field that may be None: a missing property means None."""
        for name in self._absent:
            if not fields[name].is_required() and fields[name].get_default() is not None:
                raise TypeError(f"{model.__name__}.{name} may be None: its default must be None, or there must be none")
        self._left_out = {name: empty for name, field in fields.items() if (empty := _empty(field)) is not None}
        self._parts = {name: empty for name, empty in self._left_out.items() if isinstance(empty, Part)}
        self.plain = frozenset(name for name, field in fields.items() if _is_plain(field.annotation))
        """Fields that are native properties: queries can filter by them."""
        self._nested = frozenset(fields) - self.plain - frozenset(self._parts)
        moments = {name for name in self.plain if _is_moment(fields[name].annotation)}
        self._readers: dict[str, Callable[[Any], Any]] = dict.fromkeys(self.plain, _plain)
        self._readers |= dict.fromkeys(moments, _moment) | dict.fromkeys(self._nested, _json)
        self._readers |= {name: _reader(type(part)) for name, part in self._parts.items()}

    def keys(self, record: R) -> tuple[str, str]:
        """Partition and row key of the record, escaped."""
        partition, row = self._keys(record)
        return escape_key(partition), escape_key(row)

    def encode(self, record: R) -> Entity:
        """The record as an entity. Raises TooLarge when the service would not take it."""
        partition, row = self.keys(record)
        entity: Entity = {"PartitionKey": partition, "RowKey": row}
        for name in self.plain:
            if not self._is_left_out(name, value := getattr(record, name)):
                _put(entity, name, _native(value))
        entity["schema_version"] = max(record.schema_version, SCHEMA_VERSION)  # a rewritten row has the current version
        given = {name for name in self._nested if not self._is_left_out(name, getattr(record, name))}
        for name, value in record.model_dump(mode="json", include=given).items():
            if value is not None:
                _put(entity, name, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        for name, empty in self._parts.items():
            if (part := getattr(record, name)) is not empty and part != empty:
                _put(entity, name, part.model_dump_json(exclude_defaults=True))
        check_entity(entity)
        return entity

    def decode(self, entity: Mapping[str, Any], etag: str) -> R:
        """The record of an entity, with its etag. Raises pydantic's ValidationError for any other entity."""
        fields: dict[str, Any] = {**self._absent, **self._parts, "etag": etag}
        for name, value in entity.items():
            if read := self._readers.get(name):
                fields[name] = read(value)
            elif name.endswith("__0") and (read := self._readers.get(whole := name[:-3])):
                fields[whole] = read(_joined(entity, whole))
        return self._model.model_validate(fields, extra="ignore")

    def literal(self, name: str, value: Any) -> str:
        """The value as a literal in a query filter.

        Raises ValueError for what cannot be filtered by: nested fields, what is left out of rows, and integers beyond
        32 bits, which the service does not compare with the 32-bit ones of other rows.
        """
        refused = value is None or self._is_left_out(name, value) or (isinstance(value, int) and value not in INT32)
        if name not in self.plain or refused:
            raise ValueError(f"{self._model.__name__} rows cannot be filtered by {name} = {value!r}")
        match _native(value):
            case bool(given):
                return "true" if given else "false"
            case str(given):
                return "'" + given.replace("'", "''") + "'"
            case given:
                return repr(given)

    def _is_left_out(self, name: str, value: Any) -> bool:
        return name in self._left_out and value == self._left_out[name]


class VersionSetCodec[R: Record]:
    """Several kinds of record in one table, distinguished by their native property `kind`."""

    def __init__(self, **codecs: Codec[Any]) -> None:
        self._codecs = codecs

    def keys(self, record: R) -> tuple[str, str]:
        """Partition and row key of the record, escaped."""
        return self._of(record).keys(record)

    def encode(self, record: R) -> Entity:
        """The record as an entity. Raises TooLarge when the service would not take it."""
        return self._of(record).encode(record)

    def decode(self, entity: Mapping[str, Any], etag: str) -> R:
        """The record of an entity, with its etag. Raises KeyError for an unknown kind."""
        found: R = self._codecs[entity["kind"]].decode(entity, etag)
        return found

    def literal(self, name: str, value: Any) -> str:
        """The value as a literal in a query filter. Raises ValueError for a field that no kind can filter by."""
        codec = next((c for c in self._codecs.values() if name in c.plain), None)
        if codec is None:
            raise ValueError(f"rows of {', '.join(self._codecs)} cannot be filtered by {name}")
        return codec.literal(name, value)

    def _of(self, record: R) -> Codec[Any]:
        return self._codecs[getattr(record, "kind")]  # noqa: B009 - every record of these kinds has it


def _is_plain(annotation: Any) -> bool:
    """Whether every value of a field so annotated is of a plain type."""
    if isinstance(annotation, TypeAliasType):
        return _is_plain(annotation.__value__)
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _is_plain(typing.get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return all(_is_plain(choice) for choice in typing.get_args(annotation))
    if origin is Literal:
        return all(isinstance(choice, _PLAIN) for choice in typing.get_args(annotation))
    return annotation in _PLAIN or (isinstance(annotation, type) and issubclass(annotation, StrEnum))


def _is_moment(annotation: Any) -> bool:
    return annotation in (datetime, AwareDatetime) or any(map(_is_moment, typing.get_args(annotation)))


def _empty(field: FieldInfo) -> Any:
    """The field's default if it is `False`, an empty text or collection, or a part as new; else None."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    empty = default is False or isinstance(default, Part) or (isinstance(default, Sized) and len(default) == 0)
    return default if empty else None


def _may_be_none(annotation: Any) -> bool:
    choices = typing.get_args(annotation) if typing.get_origin(annotation) in (Union, types.UnionType) else ()
    return types.NoneType in choices


def _native(value: Any) -> Any:
    """A plain value as the SDK wants it. Raises TooLarge for an integer beyond 64 bits."""
    match value:
        case StrEnum():
            return value.value
        case datetime():
            return _text_of(value)
        case bool():
            return value
        case int() if value not in INT32:
            if value not in INT64:
                raise TooLarge(f"{value} does not fit into 64 bits")
            return EntityProperty(value, EdmType.INT64)
        case _:
            return value


def _text_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def _moment(kept: Any) -> Any:
    return datetime.fromisoformat(kept) if isinstance(kept, str) else _plain(kept)


def _plain(kept: Any) -> Any:
    """A property as a field's value."""
    if isinstance(kept, EntityProperty):
        return kept.value
    if isinstance(kept, datetime):  # the SDK's subclass would write back its former text, even when changed
        return datetime.combine(kept.date(), kept.time(), UTC)
    return kept


def _json(kept: str) -> Any:
    return json.loads(kept)


def _reader(part: type[Part]) -> Callable[[str], Part]:
    return partial(part.model_validate_json, extra="ignore")


def _put(entity: Entity, name: str, value: Any) -> None:
    if value is None:
        return
    parts = split_text(value) if isinstance(value, str) else [value]
    if len(parts) == 1:
        entity[name] = value
    else:
        entity.update({f"{name}__{number}": part for number, part in enumerate(parts)})


def _joined(entity: Mapping[str, Any], name: str) -> str:
    parts = takewhile(lambda part: part in entity, (f"{name}__{number}" for number in count()))
    return "".join(entity[part] for part in parts)
