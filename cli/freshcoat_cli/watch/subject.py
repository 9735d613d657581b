"""What a person means by an id or by the name of a pool."""

from __future__ import annotations

import re

from freshcoat_cli.watch.reads import Fetch
from freshcoat_cli.watch.sight import Json

_ID = re.compile(r"\d{13}-[0-9a-f]{4}")


def looks_like_id(text: str) -> bool:
    """Whether this is the id of a rollout or a task, and not a pool's name."""
    return _ID.fullmatch(text) is not None


def newest_rollout(fetch: Fetch, pool: str) -> Json | None:
    """The pool's open rollout; an update rather than its refresh. None: none is open."""
    body, _ = fetch("/rollouts", {"pool": pool, "open": "true", "limit": 10}, "")
    items: list[Json] = (body or {"items": []})["items"]
    return min(items, key=lambda one: one["kind"] == "refresh", default=None)
