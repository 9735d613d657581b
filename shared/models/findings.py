"""Findings of the preflight checks."""

from __future__ import annotations

from typing import Literal

from shared.models.base import Value


class Finding(Value):
    """The result of one preflight check. A rollout only starts when none has the result `fail`."""

    check: str
    result: Literal["pass", "warn", "fail"]
    detail: str
    what_to_do: str = ""
