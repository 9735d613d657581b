"""App keys between two commands: in the keyring of the system, or else in a file for its owner alone."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from freshcoat_cli.config.files import NAME, config_folder, write_private

PLAIN_VARIABLE = "FRESHCOAT_NO_KEYRING"
"""Any value: the file is used, as in containers without a keyring."""


def read_key(url: str) -> str | None:
    """The key that is kept for this address."""
    if found := _kept().get(url):
        return found
    ring = _keyring()
    try:
        return ring.get_password(NAME, url) if ring else None
    except Exception:  # noqa: BLE001 - a locked or broken keyring has no key for us
        return None


def keep_key(url: str, key: str) -> str:
    """Keep it; answers where, in words for people."""
    ring = _keyring()
    if ring:
        try:
            ring.set_password(NAME, url, key)
        except Exception:  # then the file has to do
            logging.getLogger(__name__).debug("the keyring did not take the key", exc_info=True)
        else:
            _forget_in_file(url)  # it would count more than the new one
            return "in the keyring"
    write_private(_path(), json.dumps({**_kept(), url: key}, indent=1))
    return f"in {_path()} (only you can read it)"


def forget_key(url: str) -> None:
    """Forget the key of this address, wherever it is kept."""
    _forget_in_file(url)
    ring = _keyring()
    if ring:
        try:
            ring.delete_password(NAME, url)
        except Exception:  # it had none
            logging.getLogger(__name__).debug("the keyring had no key", exc_info=True)


def _forget_in_file(url: str) -> None:
    kept = _kept()
    if kept.pop(url, None) is not None:
        write_private(_path(), json.dumps(kept, indent=1))


def _path() -> Path:
    return config_folder() / "keys.json"


def _kept() -> dict[str, str]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(url): str(key) for url, key in found.items()} if isinstance(found, dict) else {}


def _keyring() -> Any:
    """The keyring of the system; None where there is none that keeps anything."""
    if os.environ.get(PLAIN_VARIABLE):
        return None
    import keyring  # noqa: PLC0415 - it looks for its backends when it is loaded
    from keyring.backends.fail import Keyring as Failing  # noqa: PLC0415
    from keyring.backends.null import Keyring as Null  # noqa: PLC0415

    ring = keyring.get_keyring()
    return None if isinstance(ring, Failing | Null) else ring
