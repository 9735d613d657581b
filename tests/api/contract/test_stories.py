"""Requests that lead from one to the next by the document's links: register, publish, follow, pause, cancel.

Schemathesis chooses what comes next. Names and bodies are those of the examples, since what matters here is the order:
other bodies are the business of `test_fuzz.py`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings

from tests.api.contract.asks import ASKS, Ask
from tests.api.contract.record import asks_of
from tests.api.contract.served import CHECKS, contract, served
from tests.api.contract.worlds import quiet
from tests.fixtures.app import App, Reply
from triggers.http.contract import ENDPOINTS, Endpoint
from triggers.http.openapi.links import links_of


def in_this_story(environ: dict[str, Any], start: Any) -> Any:
    """The app of the story that is told now, as WSGI."""
    return served(Story.app)(environ, start)


schema = contract(in_this_story)


@schema.hook
def map_body(context: Any, body: Any) -> Any:
    """The body of the example."""
    ask = ASKS.get(context.operation.definition.raw["operationId"])
    return dict(ask[0].body) if ask and ask[0].body is not None else body


@schema.hook
def map_path_parameters(context: Any, parameters: dict[str, Any] | None) -> dict[str, Any]:
    """Names of what there is; a link overwrites those that it knows."""
    known = {
        one["name"]: one["example"] for one in context.operation.definition.raw["parameters"] if one["in"] == "path"
    }
    return {**(parameters or {}), **known, **({"account": "default"} if "account" in known else {})}


@schema.hook
def map_headers(context: Any, headers: dict[str, Any] | None) -> dict[str, Any]:
    """No conditions and no keys."""
    return {}


@schema.hook
def map_query(context: Any, query: dict[str, Any] | None) -> dict[str, Any]:
    """No filters."""
    return {}


class Story(schema.as_state_machine()):  # type: ignore[misc]
    """One story, in a world of its own. Each answer must be as the document says."""

    seen: ClassVar[set[tuple[str, int]]] = set()
    """Operation and status of each answer."""
    app: ClassVar[App]

    def setup(self) -> None:
        """Begin anew."""
        Story.app = quiet()[0]

    def validate_response(self, response: Any, case: Any, **_: object) -> None:
        """Hold the answer against the document."""
        self.seen.add((case.operation.definition.raw["operationId"], response.status_code))
        case.validate_response(response, checks=CHECKS)


class TestStories(Story.TestCase):  # type: ignore[misc, name-defined]
    """Stories at random, the same ones each time."""

    settings = settings(
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        max_examples=20,
        stateful_step_count=12,
    )


FROM = [
    pytest.param(one, target, link, id=f"{one.name} leads to {target}")
    for one in ENDPOINTS
    for target, link in links_of(one, one.status).items()
]


@pytest.mark.parametrize(("source", "target", "link"), FROM)
def test_what_a_link_names_is_there(source: Endpoint, target: str, link: dict[str, Any]) -> None:
    """A link whose parameters were wrong would lead to nothing: 404, or 400 for a name of another form."""
    ask = asks_of(source)[0]
    app, names = ask.world()
    answer = send_to(app, source, ask, names | ask.names)
    assert answer.status < 300, answer.text
    found = {name: value_of(text, names | ask.names, answer.json) for name, text in link["parameters"].items()}
    to = next(one for one in ENDPOINTS if one.name == target)
    reached = send_to(app, to, asks_of(to)[0], found)
    assert reached.status < 500, reached.text
    assert reached.status != 404, reached.text
    assert reached.status != 400 or reached.bad_fields.isdisjoint(found), reached.text


def send_to(app: App, one: Endpoint, ask: Ask, names: dict[str, str]) -> Reply:
    body = ask.body if ask.body is not None or one.method in {"GET", "DELETE"} else {}
    return app.send(one.method, f"/api/{one.path.format(**names)}", body)


def value_of(text: str, names: dict[str, str], body: Any) -> str:
    """The value of a runtime expression."""
    if text.startswith("$request.path."):
        return names[text.removeprefix("$request.path.")]
    found = body
    for part in text.removeprefix("$response.body#/").split("/"):
        found = found[int(part)] if part.isdecimal() else found[part]
    return str(found)
