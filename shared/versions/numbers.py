"""Version numbers: three integers, compared and counted as integers. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from shared.core.errors import InvalidRequest
from shared.models.base import HIGHEST_PART, version_key

type VersionStep = Literal["major", "minor", "patch"]

FIRST = "1.0.0"


def next_version(taken: Collection[str], step: VersionStep) -> str:
    """The highest number of those taken, with one part raised and the parts after it at zero; FIRST when none is.

    Raises InvalidRequest when that part is as high as it can be.
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
        raise InvalidRequest.one("step", f"{text} cannot be raised there any more: choose another step, or a version")
    return ".".join(map(str, raised))
