"""ARM's wire format: paths, answers and errors, independent of resource types."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Json = dict[str, Any]


class ArmError(Exception):
    """An error answer with the body `{error: {code, message}}`."""

    def __init__(
        self, status: int, code: str, message: str, target: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.target = status, code, message, target
        self.headers = headers or {}

    @property
    def error(self) -> Json:
        error: Json = {"code": self.code, "message": self.message}
        if self.target:
            error["target"] = self.target
        return error


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


@dataclass
class Call:
    """One request with its parsed path."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Json
    base_url: str
    subscription: str
    group: str
    pattern: str
    names: tuple[str, ...]
    scope: str = ""
    op: str = ""

    @property
    def host(self) -> str:
        """The short name of the VM or session host in the path; empty for other resources."""
        if self.pattern.startswith("microsoft.compute/virtualmachines/*"):
            return self.names[0]
        if self.pattern.startswith("microsoft.desktopvirtualization/hostpools/*/sessionhosts/*"):
            return self.names[1].split(".")[0]
        return ""

    def id_of(self, kind: str, *names: str) -> str:
        """The id of a resource in the call's resource group. `kind` is a type such as `Microsoft.Compute/disks`."""
        return resource_id(self.subscription, self.group, kind, *names)


def resource_id(subscription: str, group: str, kind: str, *names: str) -> str:
    namespace, *types = kind.split("/")
    tail = "/".join(f"{t}/{n}" for t, n in zip(types, names, strict=True))
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{tail}"


def parse_path(path: str) -> tuple[str, str, str, tuple[str, ...], str]:
    """Split a path into (subscription, group, pattern, names, scope). The last `providers` determines the type."""
    parts = [unquote(p) for p in path.strip("/").split("/")]
    low = [p.lower() for p in parts]
    subscription = parts[1] if low[0] == "subscriptions" and len(parts) > 1 else ""
    group = parts[3] if len(parts) > 3 and low[2] == "resourcegroups" else ""
    if "providers" not in low:
        names = tuple(parts[1::2])
        return subscription, group, "/".join("*" if i % 2 else p for i, p in enumerate(low)), names, ""
    at = len(low) - 1 - low[::-1].index("providers")
    rest = parts[at + 1 :]
    names = tuple(rest[2::2])
    pattern = "/".join("*" if i and i % 2 == 0 else p.lower() for i, p in enumerate(rest))
    return subscription, group, pattern, names, "/" + "/".join(parts[:at])


def skip_token(call: Call) -> str:
    return call.query.get("$skipToken", call.query.get("$skiptoken", ""))


def in_group[T](call: Call, items: Mapping[str, T]) -> dict[str, T]:
    """The items in the call's resource group, or in its subscription when it names no group."""
    group = f"/resourceGroups/{call.group}/" if call.group else "/"
    prefix = f"/subscriptions/{call.subscription}{group}".lower()
    return {key: item for key, item in items.items() if key.startswith(prefix)}


def number_parameter(call: Call, name: str) -> int:
    text = call.query.get(name, "0")
    if not text.isdigit():
        raise ArmError(400, "InvalidParameter", f"The query parameter {name} must be a number, not '{text}'.", name)
    return int(text)


def not_found(kind: str, name: str, group: str) -> ArmError:
    message = f"The Resource '{kind}/{name}' under resource group '{group}' was not found."
    return ArmError(404, "ResourceNotFound", message)


def required(body: Json, *path: str) -> Any:
    """The value of a required field. Raises a 400 error that names it when it is missing."""
    value: Any = body
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
        if value is None or value == "":
            target = ".".join(path).removeprefix("properties.")
            raise ArmError(400, "InvalidParameter", f"Required parameter '{target}' is missing (null).", target)
    return value
