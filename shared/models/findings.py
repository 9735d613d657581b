"""What the checks before a rollout find."""

from __future__ import annotations

from typing import Literal

from shared.models.base import Value


class Finding(Value):
    """What one check before a rollout found. A rollout starts only when none says `fail`."""

    check: str
    result: Literal["pass", "warn", "fail"]
    detail: str
    what_to_do: str = ""
