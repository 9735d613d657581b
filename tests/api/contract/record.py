"""Records the examples of the contract: `python -m tests.api.contract.record`, which `make openapi` runs.

Only those are asked for anew that are missing or no longer fit their schema; with `--all`, every one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from jsonschema_rs import Draft202012Validator

from tests.api.contract.asks import ASKS, Ask
from tests.fixtures.app import Reply
from triggers.http.contract import ENDPOINTS, Endpoint
from triggers.http.openapi import document
from triggers.http.openapi.examples import FILE, examples

SECRETS = ("key",)
"""Fields whose text nobody may mistake for a real one."""
_ID = re.compile(r"\b(82\d{11})-[0-9a-f]{4}\b")
_TRIMMED = 3
"""Items of a list in an example."""


def asks_of(one: Endpoint) -> tuple[Ask, ...]:
    """The requests of an operation."""
    return ASKS.get(one.name, (Ask(),))


def send(one: Endpoint, ask: Ask) -> Reply:
    """What the app answers."""
    app, names = ask.world()
    path = one.path.format(**(names | ask.names))
    body = ask.body if ask.body is not None or one.method in {"GET", "DELETE"} else {}
    query = f"?{ask.query}" if ask.query else ""
    return app.send(one.method, f"/api/{path}{query}", body, headers=ask.headers)


def record(one: Endpoint) -> dict[str, Any]:
    """The example of an operation. Raises AssertionError when a request is refused."""
    found: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    for ask in asks_of(one):
        reply = send(one, ask)
        assert reply.status in {one.status, *one.also}, f"{one.name}: {reply.status} {reply.text}"
        if ask.body is not None:
            found.setdefault("request", ask.body)
        if reply.text:
            answers[str(reply.status)] = shown(one, reply.json)
    return found | ({"answers": answers} if answers else {})


def shown(one: Endpoint, body: Any) -> Any:
    """An answer as an example: lists are short, ids always the same, keys are none."""
    if one.name == "get_openapi":
        return {"openapi": body["openapi"], "info": {"title": "Freshcoat", "version": "1"}, "paths": {}}
    return _plain(json.loads(_ID.sub(r"\1-4bd9", json.dumps(body))))


def _plain(found: Any, name: str = "") -> Any:
    if isinstance(found, list):
        return [_plain(item) for item in found[:_TRIMMED]]
    if isinstance(found, dict):
        return {key: _plain(value, key) for key, value in found.items()}
    return "shown-once-and-kept-nowhere" if name in SECRETS and isinstance(found, str) else found


def problems(one: Endpoint, found: dict[str, Any]) -> Iterator[str]:
    """Why an example does not fit the document: what is missing or wrong."""
    operation = document()["paths"][f"/api/{one.path}"][one.method.lower()]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if "request" not in found:
            yield f"{kind}: no example of the request"
        else:
            yield from _misfits(f"{kind} request", content["schema"], found["request"])
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        if status < "300" and content:
            if status not in found.get("answers", {}):
                yield f"no example of the answer {status}"
            else:
                yield from _misfits(f"answer {status}", content["schema"], found["answers"][status])


def _misfits(what: str, schema: dict[str, Any], found: object) -> Iterator[str]:
    whole = schema | {"components": document()["components"]}
    for error in Draft202012Validator(whole).iter_errors(found):
        yield f"{what}: {error.message}"


def main(arguments: list[str]) -> int:
    """Write the file of examples."""
    kept: dict[str, Any] = {} if "--all" in arguments else dict(examples())
    found = {one.name: kept[one.name] for one in ENDPOINTS if one.name in kept}
    failed = False
    for one in ENDPOINTS:
        if one.name not in found or any(problems(one, found[one.name])):
            try:
                found[one.name] = record(one)
            except (AssertionError, KeyError) as error:
                failed = True
                print(f"{one.name}: {error!r}"[:600])  # noqa: T201 - a command says what it could not do
            for problem in problems(one, found.get(one.name, {})):
                print(f"{one.name}: {problem}"[:300])  # noqa: T201
    ordered = {one.name: found[one.name] for one in ENDPOINTS if one.name in found}
    FILE.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
