"""Compares two JSON schemas: what a request may no longer say, and what an answer no longer promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

type Schema = Mapping[str, Any]
type Found = Iterator[tuple[str, str]]
"""(subject, what is no longer so)."""

_REF = "#/components/schemas/"
_NAME = "x-name"
"""Where a schema that is written out keeps its name."""
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


@dataclass(frozen=True)
class Schemas:
    """The named schemas of both documents, and the pairs that are already being compared: schemas may hold
    themselves."""

    old: Schema
    new: Schema
    seen: set[tuple[str, str, bool]] = field(default_factory=set)

    @classmethod
    def of(cls, old: Mapping[str, Any], new: Mapping[str, Any]) -> Self:
        """Those of two documents."""
        return cls(old["components"]["schemas"], new["components"]["schemas"])


def request_breaks(subject: str, old: Schema, new: Schema, schemas: Schemas) -> Found:
    """What the old schema takes and the new one does not."""
    yield from _compare(subject, old, new, schemas, asked=True)


def answer_breaks(subject: str, old: Schema, new: Schema, schemas: Schemas) -> Found:
    """What the old schema promises and the new one does not."""
    yield from _compare(subject, old, new, schemas, asked=False)


def _compare(subject: str, old: Schema, new: Schema, schemas: Schemas, *, asked: bool) -> Found:
    before, after = _merged(_choices(old, schemas.old)), _merged(_choices(new, schemas.new))
    if len(before) == len(after) == 1:
        yield from _compare_one(subject, before[0], after[0], schemas, asked=asked)
        return
    sent, taken = (before, after) if asked else (after, before)
    for one in sent:
        alike = [choice for choice in taken if _kind(choice) == _kind(one)]
        other = one if one in alike else next(iter(alike), None)
        if other is None:
            yield subject, f"takes no {_kind(one)} any more" if asked else f"may be {_kind(one)}"
        elif asked:
            yield from _compare_one(subject, one, other, schemas, asked=True)
        else:
            yield from _compare_one(subject, other, one, schemas, asked=False)


def _choices(schema: Schema, named: Schema) -> list[Schema]:
    """The alternatives of a schema, written out; those with a name keep it."""
    if reference := str(schema.get("$ref", "")):
        name = reference.removeprefix(_REF)
        return [{_NAME: name, **one} for one in _choices(named[name], named)]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [found for one in schema[word] for found in _choices(one, named)]
    kinds = schema.get("type")
    return [{**schema, "type": one} for one in kinds] if isinstance(kinds, list) else [schema]


def _merged(choices: list[Schema]) -> list[Schema]:
    """The alternatives; those that only list texts as one, since their values together are what counts."""
    texts = [one for one in choices if one.get("type") == "string" and _listed(one) is not None]
    if len(texts) < 2:
        return choices
    values = [value for one in texts for value in _listed(one) or ()]
    return [*(one for one in choices if one not in texts), {"type": "string", "enum": values}]


def _kind(schema: Schema) -> str:
    """What tells an alternative from the others: its object's name, or its type."""
    if "properties" in schema:
        return str(schema.get(_NAME, "object"))
    return str(schema.get("type", "anything"))


def _compare_one(subject: str, old: Schema, new: Schema, schemas: Schemas, *, asked: bool) -> Found:
    pair = str(old.get(_NAME, "")), str(new.get(_NAME, "")), asked
    if all(pair[:2]):
        if pair in schemas.seen:
            return
        schemas.seen.add(pair)
    subject = pair[0] or subject
    if not _same_type(old, new, asked=asked):
        yield subject, f"is {new.get('type', 'anything')} instead of {old.get('type', 'anything')}"
        return
    if old.get("format") != new.get("format"):
        yield subject, f"has format {new.get('format')} instead of {old.get('format')}"
    yield from _values(subject, old, new, asked=asked)
    if asked:
        yield from _bounds(subject, old, new)
    yield from _fields(subject, old, new, schemas, asked=asked)
    for word in ("items", "additionalProperties"):
        if isinstance(old.get(word), Mapping) and isinstance(new.get(word), Mapping):
            yield from _compare(subject, old[word], new[word], schemas, asked=asked)


def _same_type(old: Schema, new: Schema, *, asked: bool) -> bool:
    sent, taken = (old, new) if asked else (new, old)
    return taken.get("type") in {sent.get("type"), None} or (sent.get("type"), taken["type"]) == ("integer", "number")


def _values(subject: str, old: Schema, new: Schema, *, asked: bool) -> Found:
    before, after = _listed(old), _listed(new)
    if before is None:
        if asked and after is not None:
            yield subject, "takes only some values now"
    elif after is not None:
        for value in [one for one in before if one not in after]:
            yield subject, f"has no value {value} any more"


def _listed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _bounds(subject: str, old: Schema, new: Schema) -> Found:
    for word in (*_LEAST, *_MOST):
        if word not in new:
            continue
        more = word not in old or (new[word] > old[word] if word in _LEAST else new[word] < old[word])
        if more and not (word in _LEAST and new[word] == 0 and word not in old):
            yield subject, f"{word} is {new[word]} instead of {old.get(word, 'none')}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield subject, f"has the pattern {new['pattern']} instead of {old.get('pattern', 'none')}"


def _fields(subject: str, old: Schema, new: Schema, schemas: Schemas, *, asked: bool) -> Found:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in after.keys() - before.keys() if asked else ():
        if name in new.get("required", ()):
            yield f"{subject}.{name}", "a new field is required"
    for name, field_before in before.items():
        place = f"{subject}.{name}"
        if name not in after:
            if not asked or new.get("additionalProperties") is False:
                yield place, "the field is gone"
            continue
        was, is_now = name in old.get("required", ()), name in new.get("required", ())
        if is_now and not was and asked:
            yield place, "the field is required"
        if was and not is_now and not asked:
            yield place, "the field may be left out"
        yield from _compare(place, field_before, after[name], schemas, asked=asked)
