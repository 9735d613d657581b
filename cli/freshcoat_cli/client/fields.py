"""Objects of the app's answers. A field that an older or newer app does not have is an error with its own exit code."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from freshcoat_cli.errors import CliError, Exit


class OtherVersion(CliError):
    """The app answered otherwise than this command understands. Who shows it adds the versions of both."""

    def __init__(self, what: str) -> None:
        super().__init__(Exit.OTHER_VERSION, f"The app and this command do not fit: {what}")


class Fields(dict[str, Any]):
    """An object of an answer. What is taken from it and is not there raises OtherVersion; `get` answers None."""

    def __missing__(self, name: str) -> NoReturn:
        raise OtherVersion(f"its answer has no {name}")


def read_json(text: str) -> Any:
    """The JSON of an answer. Raises ValueError."""
    return json.loads(text, object_hook=Fields)
