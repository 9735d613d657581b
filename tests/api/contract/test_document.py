"""The OpenAPI document is valid, holds every route and nothing else, and is the one that is committed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.models.access.roles import MEETS
from tests.fixtures.app_functions import functions
from tools.openapi import CURRENT, text_of
from triggers.http.contract import ENDPOINTS
from triggers.http.openapi import document
from triggers.http.openapi.document import TAGS

OPERATIONS = [
    pytest.param(f"{method.upper()} {path}", operation, id=operation["operationId"])
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
]


def test_the_document_is_valid_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(json.loads(json.dumps(document()))).iter_errors()] == []


def test_the_committed_document_is_what_the_app_answers() -> None:
    assert text_of(document()) == CURRENT.read_text(), "run `make openapi`, and look at what has changed"


def test_every_function_with_a_route_is_in_the_document_and_nothing_more() -> None:
    routes = {
        f"{method.value} /{trigger.route}"
        for one in functions().values()
        if (trigger := one.get_trigger()) and trigger.get_binding_name() == "httpTrigger"
        for method in trigger.methods
    }
    pages = {route for route in routes if not route.partition(" ")[2].startswith("/api/")}
    told = {f"{method.upper()} {path}" for path, found in document()["paths"].items() for method in found}
    assert routes - pages == told
    assert len(told) == len(ENDPOINTS)
    assert {route.partition(" ")[2] for route in pages} == {"/console/{*path}", "/{root:maxlength(0)?}"}, "pages alone"


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_an_operation_says_what_it_is_and_who_may_call_it(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"].endswith(".")
    assert operation["description"].endswith(".")
    needed = operation["x-freshcoat-needs"]
    meeting = [str(role) for role, met in MEETS.items() if needed in met]
    assert operation["x-freshcoat-roles"] == meeting
    assert all(role in operation["description"] for role in meeting)
    assert operation["tags"][0] in TAGS
    assert {re.sub(r"[{}]", "", part) for part in re.findall(r"{\w+}", name)} == {
        one["name"] for one in operation["parameters"] if one["in"] == "path"
    }
    for one in operation["parameters"]:
        assert one["in"] == "query" or one["description"], f"{one['name']} is not described"


def test_every_tag_has_an_operation() -> None:
    assert {operation.values[1]["tags"][0] for operation in OPERATIONS} == set(TAGS)  # type: ignore[index, call-overload]


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_links_lead_to_operations_with_these_parameters(name: str, operation: dict[str, Any]) -> None:
    known = {one.values[1]["operationId"]: one.values[1] for one in OPERATIONS}  # type: ignore[index, call-overload]
    for target, link in _links(operation):
        wanted = {one["name"] for one in known[target]["parameters"] if one["in"] == "path"}
        assert set(link["parameters"]) == wanted, target
        for text in link["parameters"].values():
            source = text.removeprefix("$request.path.")
            assert text.startswith("$response.body#/") or f"{{{source}}}" in name


def _links(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for answer in operation["responses"].values():
        yield from answer.get("links", {}).items()


def test_fields_have_the_words_of_the_source() -> None:
    schemas = document()["components"]["schemas"]
    assert schemas["PoolView"]["properties"]["unhealthy"]["description"].startswith("Hosts that are on and not healthy")
    assert schemas["NeedKind"]["x-enumDescriptions"]["paused"] == "A rollout is paused."
    audit = document()["paths"]["/api/audit"]["get"]["parameters"]
    assert next(one for one in audit if one["name"] == "from")["description"].startswith("Only entries of this moment")
