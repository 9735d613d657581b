"""Every request and every answer has an example that is valid, and that the app takes and gives."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from tests.api.contract.asks import ASKS
from tests.api.contract.record import asks_of, problems, send
from triggers.http.contract import ENDPOINTS, Endpoint
from triggers.http.openapi import document
from triggers.http.openapi.examples import PROBLEMS, examples

ALL = pytest.mark.parametrize("one", ENDPOINTS, ids=lambda one: one.name)


@ALL
def test_requests_and_answers_have_valid_examples(one: Endpoint) -> None:
    assert [*problems(one, examples()[one.name])] == [], "run `make openapi`"


@ALL
def test_the_app_takes_the_request_and_gives_such_an_answer(one: Endpoint) -> None:
    kept = examples()[one.name]
    for number, ask in enumerate(asks_of(one)):
        reply = send(one, ask)
        if number == 0 and ask.body is not None:
            assert kept["request"] == ask.body, "run `make openapi`"
        if reply.text:
            told = kept["answers"][str(reply.status)]
            assert one.name == "get_openapi" or told.keys() == reply.json.keys(), "run `make openapi`"
        else:
            assert reply.status == one.status


def test_examples_are_of_operations_that_exist() -> None:
    names = {one.name for one in ENDPOINTS}
    assert examples().keys() == names
    assert ASKS.keys() <= names


def test_no_example_shows_what_looks_like_a_key() -> None:
    text = str(examples())
    assert "fck_" not in text
    assert text.count("shown-once-and-kept-nowhere") == 2


@pytest.mark.parametrize("path", document()["paths"])
def test_every_refusal_has_a_valid_example(path: str) -> None:
    components = document()["components"]
    for operation in document()["paths"][path].values():
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).items():
                if content[0] == "application/problem+json":
                    assert_valid(status, content[1], components)


def assert_valid(status: str, content: dict[str, Any], components: dict[str, Any]) -> None:
    name = content["examples"]["refused"]["$ref"].removeprefix("#/components/examples/")
    value = components["examples"][name]["value"]
    assert value == PROBLEMS[status]
    assert value["status"] == int(status)
    assert [*Draft202012Validator(content["schema"] | {"components": components}).iter_errors(value)] == []
