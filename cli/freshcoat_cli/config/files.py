"""The files of the command line, and how they are written: whole or not at all, and for nobody else to read."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

NAME = "freshcoat"
FOLDER_VARIABLE = "FRESHCOAT_CONFIG_DIR"
"""Overrides the folder of the configuration, for tests and for containers."""


def config_folder() -> Path:
    """The folder of the configuration, such as `~/.config/freshcoat`. It need not exist."""
    if given := os.environ.get(FOLDER_VARIABLE):
        return Path(given)
    from platformdirs import user_config_path  # noqa: PLC0415 - only when it is needed: the start must be quick

    return user_config_path(NAME, appauthor=False)


def cache_folder() -> Path:
    """The folder of what may be lost, such as `~/.cache/freshcoat`. It need not exist."""
    if given := os.environ.get(FOLDER_VARIABLE):
        return Path(given) / "cache"
    from platformdirs import user_cache_path  # noqa: PLC0415 - as above

    return user_cache_path(NAME, appauthor=False)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read (mode 0600). A crash leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
