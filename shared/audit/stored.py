"""What is stored of the subject of a write, and which of its fields a write changed, as JSON for the record."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from shared.models.base import Record
from shared.ports.storage import Rows
from shared.services import ACCOUNTS, APP_KEYS, GRANTS, IMAGES, POOLS, PROMOTIONS, ROLLOUTS, TASKS, Services

LONGEST = 12_000
"""Maximum length of a JSON text in the record."""
_HIDDEN = {"digest", "schema_version"}
"""The digest of an app key is of no use to readers of the record."""

type Fields = dict[str, Any]


def stored_fields(services: Services, kind: str, name: str) -> Fields | None:
    """The fields of what a parameter of a path names, as they are stored. None when there is nothing, or no row for
    it."""
    tables: dict[str, tuple[Rows[Any], str]] = {
        "account": (services.accounts, ACCOUNTS),
        "pool": (services.pools, POOLS),
        "image": (services.images, IMAGES),
        "rollout": (services.rollouts, ROLLOUTS),
        "task": (services.tasks, TASKS),
        "promotion": (services.promotions, PROMOTIONS),
        "key": (services.app_keys, APP_KEYS),
        "principal": (services.grants, GRANTS),
    }
    if kind not in tables:
        return None
    rows, partition = tables[kind]
    found: Record | None = rows.find(partition, name)
    if found is None:
        return None
    fields = found.model_dump(mode="json", exclude=_HIDDEN)
    versions = services.versions.find(name, "image") if kind == "image" else None
    return fields if versions is None else versions.model_dump(mode="json", exclude=_HIDDEN) | fields


def changed(before: Fields | None, after: Fields | None) -> tuple[str, str]:
    """The fields that differ, before and after, as two JSON texts; empty where there was or is nothing."""
    if before is None or after is None:
        return bounded_json(before), bounded_json(after)
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    if not names:
        return "", ""
    return tuple(bounded_json({name: fields.get(name) for name in names}) for fields in (before, after))  # type: ignore[return-value]


def bounded_json(value: object) -> str:
    """The value as JSON. Empty for None. A longer text becomes its beginning, its length and its SHA-256."""
    if value is None:
        return ""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return json.dumps({"begins": text[: LONGEST // 4], "length": len(text), "sha256": digest})
