"""Reads the app's ``host.json`` and ``local.settings.json``."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from local.host import json_files
from local.host.json_files import SettingsError

_DEFAULT_ACTIVITIES = 100
_MAX_WORKERS = 10
_MAX_HOURS = 24 * 365
_NAME = re.compile(r"%([^%]+)%")


@dataclass(frozen=True)
class HostSettings:
    """The parts of ``host.json`` and of the settings that this host uses."""

    route_prefix: str
    hub_name: str
    max_activities: int
    max_orchestrators: int
    worker_processes: int
    keep_ended: timedelta
    """How long an orchestration that has ended can be asked for."""
    default_version: str
    """The version that each new orchestration gets; empty: none."""


def load_local_settings(app_dir: Path) -> None:
    """Copy ``Values`` of ``local.settings.json`` into the environment. Variables that are already set win.

    Must run before the app is imported. Raises SettingsError when the file is not valid, or encrypted.
    """
    path = app_dir / "local.settings.json"
    content = json_files.read(path)
    if content.get("IsEncrypted") is True:
        raise SettingsError(f"{path} is encrypted; run 'func settings decrypt' first")
    for name, given in json_files.section(content, path, "Values").items():
        if not name or {"=", "\0"} & set(name):
            raise SettingsError(f"{path}: {name!r} cannot be the name of a setting")
        if given is not None:
            os.environ.setdefault(name, json_files.value(given, f"{path}: Values.{name}"))


def load_host_settings(app_dir: Path) -> HostSettings:
    """Read ``host.json`` and what settings override of it. A missing file or key means the default.

    Raises SettingsError.
    """
    path = app_dir / "host.json"
    content = json_files.read(path)
    if content and content.get("version") != "2.0":
        raise SettingsError(f'{path}: host.json needs "version": "2.0"')
    section = _Section(path, json_files.section(content, path, "extensions", "durableTask"), "durableTask")
    http = _Section(path, json_files.section(content, path, "extensions", "http"), "http")
    hub = section.text("hubName", "TestHubName")
    return HostSettings(
        route_prefix=http.text("routePrefix", "api").strip("/"),
        hub_name=resolve(hub, os.environ, missing="TestHubName"),
        max_activities=section.count("maxConcurrentActivityFunctions", _DEFAULT_ACTIVITIES),
        max_orchestrators=section.count("maxConcurrentOrchestratorFunctions", _DEFAULT_ACTIVITIES),
        worker_processes=_number("FUNCTIONS_WORKER_PROCESS_COUNT", 1, 1, _MAX_WORKERS),
        keep_ended=timedelta(hours=_number("LOCAL_HOST_KEEP_ENDED_HOURS", 24, 24, _MAX_HOURS)),
        default_version=section.text("defaultVersion", ""),
    )


class _Section:
    """A section below ``extensions``. ``AzureFunctionsJobHost__extensions__{name}__{key}`` overrides a key.

    https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values
    """

    def __init__(self, path: Path, content: dict[str, Any], name: str) -> None:
        self._path, self._name = path, name
        self._given = {key.lower(): value for key, value in content.items() if value is not None}
        self._overrides = {variable.lower().replace(":", "__"): variable for variable in os.environ}

    def text(self, key: str, default: str) -> str:
        """The value of a key. Raises SettingsError when it is not a single value."""
        variable = self._overrides.get(f"AzureFunctionsJobHost__extensions__{self._name}__{key}".lower())
        if variable is not None:
            return os.environ[variable]
        return json_files.value(self._given.get(key.lower(), default), self._label(key))

    def count(self, key: str, default: int) -> int:
        """A whole number from 1. Raises SettingsError."""
        text = self.text(key, str(default)).strip()
        if not (text.isascii() and text.isdecimal() and int(text) > 0):
            raise SettingsError(f"{self._label(key)} is {text!r}; use a whole number from 1")
        return int(text)

    def _label(self, key: str) -> str:
        variable = f"AzureFunctionsJobHost__extensions__{self._name}__{key}"
        return self._overrides.get(variable.lower(), f"{self._path}: extensions.{self._name}.{key}")


def _number(name: str, default: int, least: int, most: int) -> int:
    """A whole number from a setting. Raises SettingsError."""
    given = os.environ.get(name, str(default))
    if not (given.isascii() and given.isdecimal() and least <= int(given) <= most):
        raise SettingsError(f"{name} is {given!r}; use a number from {least} to {most}")
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
