"""Version numbers: three integers, compared and counted as integers. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from shared.models.base import version_key

type VersionStep = Literal["major", "minor", "patch"]

FIRST = "1.0.0"


def next_version(taken: Collection[str], step: VersionStep) -> str:
    """The highest number of those taken, with one part raised and the parts after it at zero; FIRST when none is."""
    if not taken:
        return FIRST
    major, minor, patch = max(version_key(version) for version in taken)
    match step:
        case "major":
            return f"{major + 1}.0.0"
        case "minor":
            return f"{major}.{minor + 1}.0"
        case _:
            return f"{major}.{minor}.{patch + 1}"
