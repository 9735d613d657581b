"""The page docs/calls.md: each call of the HTTP API with curl, with `az rest` and with `freshcoat`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from tools.openapi_commands import COMMANDS

HEAD = """\
# Every call, three ways

For who looks up one call; [api.md](api.md) explains them. Names, ids and bodies are examples. `make openapi` writes
this page from [openapi.json](openapi.json).

- `curl`: `$B` is the address of the API, such as `https://freshcoat.example/api`. In Azure add
  `-H "Authorization: Bearer $T"` with a token, or `-H "x-freshcoat-key: $K"` with an app key ([access.md](access.md)).
- `az rest` signs in by itself. `$APP` is the `auth.client_id` that `GET /api/about` answers. This was not tried yet.
- `freshcoat` is the command line; calls without a command are for programs, or made in the [console](console.md).
"""


def page(document: Mapping[str, Any]) -> str:
    """The whole page."""
    parts = [HEAD]
    for tag in document["tags"]:
        own = [one for one in operations(document) if one[2]["tags"] == [tag["name"]]]
        parts += [f"\n## {tag['name']}\n\n{tag['description']}\n", *(_section(*one) for one in own)]
    return "".join(parts)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and operation of each call."""
    for path, found in document["paths"].items():
        for method, operation in found.items():
            yield method.upper(), path, operation


def _section(method: str, path: str, operation: Mapping[str, Any]) -> str:
    address, body = "$B" + filled(path, operation).removeprefix("/api"), body_of(operation)
    lines = [curl(method, address, body), az_rest(method, address, body)]
    if command := COMMANDS.get(operation["operationId"]):
        lines.append(command)
    listed = "\n".join(f"- `{line}`" for line in lines)
    return f"\n### `{method} {path}`\n\n{operation['summary']} {operation['description']}\n\n{listed}\n"


def filled(path: str, operation: Mapping[str, Any]) -> str:
    """The path with the examples of its parameters."""
    for one in operation["parameters"]:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", one["example"])
    return path


def body_of(operation: Mapping[str, Any]) -> str | None:
    """The example of the body as JSON on one line; None without one."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return json.dumps(content["example"], ensure_ascii=False) if content else None


def curl(method: str, address: str, body: str | None) -> str:
    """The call with curl, which sends a body as POST unless it is told otherwise."""
    usual = "GET" if body is None else "POST"
    how = "" if method == usual else f" -X {method}"
    sent = "" if body is None else f" --json {shlex.quote(body)}"
    return f"curl -s{how} {address}{sent}"


def az_rest(method: str, address: str, body: str | None) -> str:
    """The call with the Azure CLI."""
    sent = "" if body is None else f" --body {shlex.quote(body)}"
    return f"az rest --method {method.lower()} --resource $APP --url {address}{sent}"
