"""Reads the app's ``host.json`` and ``local.settings.json``."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DEFAULT_ACTIVITIES = 100
_MAX_WORKERS = 10
_NAME = re.compile(r"%([^%]+)%")


class SettingsError(ValueError):
    """Invalid settings. The message names the file or setting, and the reason."""


@dataclass(frozen=True)
class HostSettings:
    """The parts of ``host.json`` and of the settings that this host uses."""

    route_prefix: str
    hub_name: str
    max_activities: int
    max_orchestrators: int
    worker_processes: int


def load_local_settings(app_dir: Path) -> None:
    """Copy ``Values`` of ``local.settings.json`` into the environment. Variables that are already set win.

    Must run before the app is imported. Raises SettingsError when the file is not valid JSON.
    """
    values = _read_json(app_dir / "local.settings.json").get("Values", {})
    for name, value in values.items():
        os.environ.setdefault(name, value if isinstance(value, str) else json.dumps(value))


def load_host_settings(app_dir: Path) -> HostSettings:
    """Read ``host.json``. A missing file or key means the default. Raises SettingsError."""
    extensions = _read_json(app_dir / "host.json").get("extensions", {})
    durable = extensions.get("durableTask", {})
    hub = resolve(str(durable.get("hubName", "TestHubName")), os.environ, missing="TestHubName")
    return HostSettings(
        route_prefix=str(extensions.get("http", {}).get("routePrefix", "api")).strip("/"),
        hub_name=hub,
        max_activities=int(durable.get("maxConcurrentActivityFunctions", _DEFAULT_ACTIVITIES)),
        max_orchestrators=int(durable.get("maxConcurrentOrchestratorFunctions", _DEFAULT_ACTIVITIES)),
        worker_processes=_worker_processes(),
    )


def _worker_processes() -> int:
    given = os.environ.get("FUNCTIONS_WORKER_PROCESS_COUNT", "1")
    if given not in {str(count) for count in range(1, _MAX_WORKERS + 1)}:
        raise SettingsError(f"FUNCTIONS_WORKER_PROCESS_COUNT is {given!r}; use a number from 1 to {_MAX_WORKERS}")
    return int(given)


def resolve(text: str, values: Mapping[str, str], missing: str | None = None) -> str:
    """Replace each ``%NAME%`` with the setting of that name.

    Raises SettingsError for a name that is not set, unless ``missing`` gives a replacement.
    """

    def value_of(match: re.Match[str]) -> str:
        found = values.get(match[1], missing)
        if found is None:
            raise SettingsError(f"the setting {match[1]}, used in {text!r}, is not set")
        return found

    return _NAME.sub(value_of, text)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise SettingsError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must contain a JSON object")
    return content
