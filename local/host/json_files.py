"""Reads the JSON files of an app as Azure does: with comments, and with a comma after the last value."""

import json
import re
from pathlib import Path
from typing import Any

_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


class SettingsError(ValueError):
    """Invalid settings. The message names the file or setting, and the reason."""


def read(path: Path) -> dict[str, Any]:
    """The object in the file; empty without a file. Raises SettingsError."""
    if not path.exists():
        return {}
    try:
        content = json.loads(_plain(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must contain a JSON object")
    return content


def _plain(text: str) -> str:
    """The text without comments and last commas. The positions in it stay the same, for the error messages."""

    def blank(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])

    return _LAST_COMMA.sub(lambda match: match[1] or " ", _COMMENT.sub(blank, text))


def section(content: dict[str, Any], path: Path, *names: str) -> dict[str, Any]:
    """The object at these names, which ignore case; empty when it is missing. Raises SettingsError for other values."""
    found: Any = content
    for number, name in enumerate(names, 1):
        found = {key.lower(): value for key, value in found.items()}.get(name.lower())
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise SettingsError(f"{path}: {'.'.join(names[:number])} must be an object")
    return dict(found)


def value(given: object, label: str) -> str:
    """A text, a number or a flag as text. Raises SettingsError for others."""
    if isinstance(given, dict | list):
        raise SettingsError(f"{label} must be a text")
    return given if isinstance(given, str) else json.dumps(given)
