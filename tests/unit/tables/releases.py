"""The rows of every release: what the tables may hold when another version of the app reads them.

With a release, once RELEASE has its number, record them and commit the file:
`RECORD_ROWS=1 .venv/bin/python -m pytest tests/unit/tables/test_released_rows.py`
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pydantic.json_schema import models_json_schema

from shared.access.two_people import promotions, rollouts, tasks
from shared.access.two_people.rule import digest_of_pool
from shared.core import names as core_names
from shared.core.settings import Settings
from shared.core.steps import HOST_STEPS
from shared.models.base import SCHEMA_VERSION, Record
from shared.tables import open as opening
from shared.tables.codec import Codec
from shared.workflow.task_steps import STEPS
from tests.fixtures.app import SETTINGS

FOLDER = Path(__file__).parent / "releases"
SAMPLES = 4
"""Rows of each kind: one with the fewest columns, and others with every column, of other values each."""
_OF_A_RELEASE = ("RELEASE", "ORCHESTRATION_VERSION")
_TEXTS = (
    "win11",
    "1.2.3",
    "20%",
    "JOIN_PASSWORD",
    ".".join(["0f8fad5b-d9cb-469f-a165-70867728950e"] * 2),
    "westeurope",
)
"""Texts of the forms that columns ask for. The first that fits is taken."""
_BY_NAME = {"from": "08:00", "to": "18:00"}
"""Values of fields whose schema does not tell their form."""

type Kept = dict[str, Any]
"""`schema_version`; `tables`: the model of each kind of row; `schemas` by model; `rows` by kind of row; `steps` of
hosts and of tasks, whose names rows hold; other `names` that last; `digests` of the rows; `settings`."""


def codecs() -> dict[str, tuple[type[Record], Codec[Any]]]:
    """Model and codec of every kind of row, by the name of its table as Azure has it."""
    service = SimpleNamespace(create_table_if_not_exists=lambda name: SimpleNamespace(table_name=name))
    with patch.object(opening, "connect", lambda _: service):
        tables = vars(opening.open_tables(SETTINGS))
    found: dict[str, tuple[type[Record], Codec[Any]]] = {}
    for rows in tables.values():
        for kind, codec in getattr(rows._codec, "_codecs", {"": rows._codec}).items():
            found[f"{rows._name} {kind}".strip()] = codec._model, codec
    return found


def today() -> Kept:
    """The rows as this version of the app writes and reads them."""
    known = codecs()
    models = sorted({model for model, _ in known.values()}, key=str)
    _, found = models_json_schema([(model, "validation") for model in models], ref_template="{model}")
    schemas = {name: _bare(schema) for name, schema in found["$defs"].items()}
    rows = {
        table: [_stored(codec, model.model_validate(given)) for given in _samples(model, schemas)]
        for table, (model, codec) in known.items()
    }
    names = {table: model.__name__ for table, (model, _) in known.items()}
    steps = {str(kind): list(found) for kind, found in STEPS.items()} | {"host": list(HOST_STEPS)}
    return {
        "schema_version": SCHEMA_VERSION,
        "tables": names,
        "schemas": schemas,
        "rows": rows,
        "steps": steps,
        "names": lasting_names(),
        "digests": digests(rows),
        "settings": _bare(Settings.model_json_schema()["properties"]),
    }


def digests(rows: Mapping[str, Any]) -> dict[str, list[str]]:
    """Digests by which the record and the approvals of a second person are proved, of these rows."""
    known = codecs()
    read = {table: [codec.decode(row, "etag") for row in rows.get(table, [])] for table, (_, codec) in known.items()}
    limits, profile = read["Limits"][0], read["JoinProfiles"][1]
    found = SimpleNamespace(limits=SimpleNamespace(find=lambda *_: limits))
    found.join_profiles = SimpleNamespace(find=lambda *_: profile)
    return {
        "Audit": [entry.digest_of_content() for entry in read["Audit"]],
        "Pools": [digest_of_pool(found, pool) for pool in read["Pools"]],
        "Rollouts": [rollouts.digest_of(rollout) for rollout in read["Rollouts"]],
        "Promotions": [promotions._digest_of(promotion) for promotion in read["Promotions"]],
        "Tasks": [tasks._digest_of(task) for task in read["Tasks"]],
    }


def lasting_names() -> dict[str, str]:
    """What names things that outlive an update: tags of VMs, functions, run commands, orchestrations that run."""
    found = {name: value for name, value in vars(core_names).items() if name.isupper() and isinstance(value, str)}
    instances = {
        "rollout_instance": core_names.rollout_instance("8234567890123-1f0c", 2),
        "host_instance": core_names.host_instance("8234567890123-1f0c", "avd-0.contoso.com", 2),
        "task_instance": core_names.task_instance("8234567890123-1f0c", 2),
    }
    return {name: value for name, value in found.items() if name not in _OF_A_RELEASE} | instances


def recorded() -> dict[str, Kept]:
    """What was kept, by release."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def record(release: str) -> None:
    """Keep today's rows for the release that is being made."""
    FOLDER.mkdir(exist_ok=True)
    kept = today()
    parts = [f'"schema_version": {kept.pop("schema_version")}']
    for part, named in sorted(kept.items()):
        lines = (f"{json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in sorted(named.items()))
        parts.append(f'"{part}": {{\n' + ",\n".join(lines) + "\n}")
    (FOLDER / f"{release}.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


def columns(entity: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a stored row, JSON in them read."""
    return {name: _read(value) for name, value in entity.items() if name != "schema_version"}


def _samples(model: type[Record], schemas: Mapping[str, Any]) -> Iterator[Any]:
    for turn in range(SAMPLES):
        yield _filled({"$ref": model.__name__}, schemas, turn)


def _stored(codec: Codec[Any], record: Record) -> dict[str, Any]:
    return {name: getattr(value, "value", value) for name, value in codec.encode(record).items()}


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in {"{", "["} else value


def _bare(schema: Any) -> Any:
    """A schema without words for people, and without the refusal of unknown fields, which rows do not know."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: _bare(one)
        for name, one in schema.items()
        if not (name in {"title", "description"} and isinstance(one, str))
    }
    return {name: one for name, one in kept.items() if (name, one) != ("additionalProperties", False)}


def _filled(schema: Mapping[str, Any], schemas: Mapping[str, Any], turn: int) -> Any:
    """A value that fits a schema. The `turn` chooses among several; in turn 0, what is optional is left out."""
    if name := schema.get("$ref"):
        return _filled(schemas[name], schemas, turn)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        real = [one for one in choices if one.get("type") != "null"]
        return _filled(real[turn % len(real)], schemas, turn)
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return values[turn % len(values)]
    match schema.get("type"):
        case "object":
            return _object(schema, schemas, turn)
        case "array":
            return [_filled(schema["items"], schemas, turn)] if turn or schema.get("minItems") else []
        case _:
            return _plain(schema, turn)


def _plain(schema: Mapping[str, Any], turn: int) -> Any:
    match schema.get("type"):
        case "boolean":
            return not schema.get("default", turn % 2 == 0)
        case "integer" | "number":
            return _number(schema, turn)
        case "string" if schema.get("format") == "date-time":
            return f"2026-11-0{1 + turn}T12:00:00.123456Z"
        case _:
            return next(text for text in _TEXTS if re.search(schema.get("pattern", ""), text))


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], turn: int) -> dict[str, Any]:
    fields = {name: one for name, one in schema.get("properties", {}).items() if name not in {"etag", "schema_version"}}
    asked = {name: one for name, one in fields.items() if turn or name in schema.get("required", ())}
    found = {name: _BY_NAME.get(name) or _filled(one, schemas, turn) for name, one in asked.items()}
    if turn and (of_all := schema.get("additionalProperties")):
        found["5"] = _filled({} if of_all is True else of_all, schemas, turn)
    return found


def _number(schema: Mapping[str, Any], turn: int) -> int | float:
    least, most = schema.get("minimum", 0), schema.get("maximum", 1_000)
    found: int = min(max(least, 1 + turn), most)
    return found + 0.5 if schema["type"] == "number" and found + 0.5 <= most else found
