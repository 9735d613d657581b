"""The messages between host and workers: the functions of an app with their bindings, calls and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azure_functions_runtime.bindings.datumdef import Datum

SERVED_TRIGGERS = frozenset({"httpTrigger", "timerTrigger", "orchestrationTrigger", "activityTrigger", "entityTrigger"})
_NEVER_HERE = "warmupTrigger"
"""Runs when Azure adds an instance. There is only one here."""
_CLIENT = "durableClient"
_SERVED_BINDINGS = frozenset({"http", _CLIENT})
_EFFECTS = (
    ("input", "calls of the function fail"),
    ("output", "its values are dropped"),
    ("input and output", "calls of the function fail"),
)
"""By the direction of a binding."""

type Indexed = tuple[str, str, dict[str, Any], tuple[dict[str, Any], ...], bool]
"""The fields of a Function, as a worker sends them."""
type Call = tuple[int, str, list[tuple[str, Datum]]]
"""The number of the call, the name of the function, and its inputs by parameter."""
type Failure = tuple[str, str, str]
"""The class of an exception without its module, its text, and its traceback."""
type Answer = tuple[Datum | None, list[tuple[str, Datum]], Failure | None]
"""The return value, the Out parameters, and the failure of a call."""


class AppError(Exception):
    """The app cannot be served. The message gives the reason."""


@dataclass(frozen=True)
class Function:
    """One indexed function. ``trigger`` is its trigger binding in the format of function.json."""

    name: str
    function_id: str
    trigger: dict[str, Any]
    bindings: tuple[dict[str, Any], ...]
    retry: bool = False
    """Whether it has a retry policy."""

    @property
    def kind(self) -> str:
        return str(self.trigger["type"])

    @property
    def trigger_name(self) -> str:
        return str(self.trigger["name"])

    @property
    def client_names(self) -> list[str]:
        """The names of the parameters that receive a durable client."""
        return [str(binding["name"]) for binding in self.bindings if binding["type"] == _CLIENT]

    def notes(self) -> list[str]:
        """A line for each part of the function that this host does not serve."""
        notes = []
        if self.kind not in {*SERVED_TRIGGERS, _NEVER_HERE}:
            hint = f"start it with POST /admin/functions/{self.name}"
            notes.append(f"{self.name} ({self.kind}) is not triggered by this host; {hint}")
        if self.retry:
            notes.append(f"{self.name}: @app.retry is not served; a failed call is not repeated")
        for binding in self.bindings:
            if binding["type"] in _SERVED_BINDINGS or binding["name"] == self.trigger_name:
                continue
            direction = binding.get("direction", 0)
            way, effect = _EFFECTS[getattr(direction, "value", direction)]
            text = f"the {way} binding '{binding['name']}' ({binding['type']}) is not served; {effect}"
            notes.append(f"{self.name}: {text}")
        return notes

    @property
    def http_output(self) -> str | None:
        """The binding that carries the HTTP response: ``$return`` or the name of an Out parameter."""
        return next((str(binding["name"]) for binding in self.bindings if binding["type"] == "http"), None)

    @property
    def durable_name(self) -> str:
        """The name by which an orchestration, activity or entity is called."""
        keys = ("orchestration", "activity", "entityName")
        return next((str(self.trigger[key]) for key in keys if self.trigger.get(key)), self.name)
