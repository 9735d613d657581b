"""Version numbers: three integers, compared and counted as integers. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from shared.core.errors import InvalidRequest
from shared.models.base import HIGHEST_PART, version_key

type VersionStep = Literal["major", "minor", "patch"]

FIRST = "1.0.0"


def next_version(taken: Collection[str], step: VersionStep) -> str:
    """The highest number in `taken` with one part raised and the parts after it at zero; FIRST when none is taken.

    Raises InvalidRequest when that part cannot be raised.
    """
    if not taken:
        return FIRST
    major, minor, patch = highest = max(version_key(version) for version in taken)
    match step:
        case "major":
            raised = (major + 1, 0, 0)
        case "minor":
            raised = (major, minor + 1, 0)
        case _:
            raised = (major, minor, patch + 1)
    if max(raised) > HIGHEST_PART:
        text = ".".join(map(str, highest))
        raise InvalidRequest.one(
            "step", f"{text} is the highest possible number for this step: choose another step, or give a version"
        )
    return ".".join(map(str, raised))
