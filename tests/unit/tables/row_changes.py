"""What of a change of rows would hurt while two versions of the app use the same tables, or one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.core.steps import HOST_STEPS
from shared.workflow.task_steps import STEPS
from tests.unit.tables.releases import Kept, codecs, columns, digests, lasting_names, today
from tools.openapi_schemas import Schemas, request_breaks

type Found = Iterator[str]


def unread(kept: Kept) -> Found:
    """Rows of a release that today's code cannot read, keys apart, or would write back with less than they had."""
    for what, steps in kept["steps"].items():
        today = STEPS.get(what, HOST_STEPS)
        if [step for step in today if step in steps] != steps:
            yield f"steps of {what}: {', '.join(steps)} must be there in this order, for rows name the completed one"
    yield from _other_names(kept)
    known = codecs()
    for table, rows in kept["rows"].items():
        if table not in known:
            yield f"{table}: the table is gone"
            continue
        _, codec = known[table]
        for row in rows:
            try:
                written = codec.encode(codec.decode(row, "etag"))
            except ValueError as error:  # also pydantic's
                yield f"{table}: cannot be read: {error}"
                break
            before, after = columns(row), columns(written)
            yield from (f"{table}.{place}" for place in sorted(_lost(before, after)))
    yield from _other_digests(kept)


def _other_names(kept: Kept) -> Found:
    names, settings = lasting_names(), today()["settings"]
    for name, value in kept["names"].items():
        if names.get(name) != value:
            yield f"{name}: was {value}, and is still on VMs, or names functions and orchestrations that run"
    for name, before in kept["settings"].items():
        setting = f"FRESHCOAT_{name.upper()}"
        if name not in settings:
            yield f"{setting}: is set in Azure, and would be ignored from now on"
            continue
        for _, what in request_breaks(setting, before, settings[name], Schemas({}, {})):
            yield f"{setting}: a value that was good would stop the app: {what}"


def _other_digests(kept: Kept) -> Found:
    try:
        found = digests(kept["rows"])
    except (ValueError, KeyError):  # said already
        return
    for table, before in kept["digests"].items():
        if found[table] != before:
            yield f"{table}: their digests are others: approvals would be void, or the record would not prove"


def incompatible(old: Kept, new: Kept) -> Found:
    """Differences of the two that one of them could not read, or would read as something else."""
    for table, model in old["tables"].items():
        if (now := new["tables"].get(table)) is None:
            yield f"{table}: the table is gone"
            continue
        for one, other, who in ((old, new, "new code"), (new, old, "old code")):
            given, reader = (model, now) if one is old else (now, model)
            pair = Schemas(one["schemas"], other["schemas"])
            for subject, what in request_breaks(table, {"$ref": given}, {"$ref": reader}, pair):
                yield f"{subject}: {who} cannot read it: {what}"
    yield from _of_models(old, new)


def _of_models(old: Kept, new: Kept) -> Found:
    for name, before in old["schemas"].items():
        after = new["schemas"].get(name)
        if after is None:
            yield f"{name}: the model is gone, or has another name"
            continue
        was, is_now = before.get("properties", {}), after.get("properties", {})
        for field in sorted(is_now.keys() - was.keys()):
            if new["schema_version"] <= old["schema_version"]:
                yield f"{name}.{field}: old code drops it when it writes the row: raise SCHEMA_VERSION"
        for field in sorted(was.keys() & is_now.keys() - {"schema_version"}):
            defaults = was[field].get("default"), is_now[field].get("default")
            if "default" in was[field] and any(_lost(*defaults)):
                yield f"{name}.{field}: rows that leave it out mean {defaults[0]}, and would be read as {defaults[1]}"


def _lost(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """Where `after` lacks or changes what `before` has. More is no loss."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name, value in before.items():
            if name not in after:
                yield f"{place}{name}: is lost"
            else:
                yield from _lost(value, after[name], f"{place}{name}.")
    elif before != after:
        yield f"{place[:-1]}: {before} becomes {after}"
