"""The OpenAPI document on changes of registrations: merge patches, conditions and tags."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

import function_app  # noqa: F401 - importing it fills the table of endpoints
from triggers.http.openapi import document

PATHS = ("/api/pools/{pool}", "/api/images/{image}", "/api/accounts/{account}")
MERGE_PATCH = "application/merge-patch+json"
DOMAIN = {"kind": "ad", "profile": "corp", "intune": None}


def operation(path: str, method: str) -> Any:
    return document()["paths"][path][method]


def accepts(path: str, body: object) -> bool:
    """Whether a body is a patch by the document."""
    schema = operation(path, "patch")["requestBody"]["content"][MERGE_PATCH]["schema"]
    whole = schema | {"components": document()["components"]}
    return bool(Draft202012Validator(whole).is_valid(body))


@pytest.mark.parametrize("path", PATHS)
def test_every_field_of_a_patch_may_be_left_out_or_null(path: str) -> None:
    put = operation(path, "put")["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    fields = document()["components"]["schemas"][put]["properties"]
    assert accepts(path, {})
    assert accepts(path, dict.fromkeys(fields))
    assert not accepts(path, {"misspelt": None})


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ({"policy": {"windows": None, "probe": None}}, True),
        ({"policy": {"windows": [{"from": "22:00", "to": "06:00"}]}}, True),
        ({"policy": {"windows": [{"from": None, "to": "06:00"}]}}, False),
        ({"policy": {"retries": 9}}, False),
        ({"join": {"intune": True}}, True),
        ({"join": DOMAIN}, True),
        ({"join": DOMAIN | {"intune": True}}, False),
        ({"ring": "moon"}, False),
    ],
)
def test_a_patch_of_a_pool(body: object, valid: bool) -> None:
    assert accepts(PATHS[0], body) is valid


@pytest.mark.parametrize("path", PATHS)
def test_conditions_and_tags_are_described(path: str) -> None:
    headers = {
        method: [one["name"] for one in operation(path, method)["parameters"] if one["name"].startswith("If-")]
        for method in ("get", "put", "patch")
    }
    assert headers == {"get": ["If-None-Match"], "put": ["If-Match", "If-None-Match"], "patch": ["If-Match"]}
    for method, statuses in {"get": ["200"], "put": ["200", "201"], "patch": ["200"]}.items():
        answers = operation(path, method)["responses"]
        assert all("ETag" in answers[status]["headers"] for status in statuses)
        assert ("412" in answers) is (method != "get")
    assert set(operation(path, "patch")["requestBody"]["content"]) == {MERGE_PATCH, "application/json"}


def test_the_tag_of_a_registration_has_two_parts_and_that_of_other_reads_one() -> None:
    tags = {
        path: operation(path, "get")["responses"]["200"]["headers"]["ETag"]["description"]
        for path in ("/api/pools/{pool}", "/api/tasks/{task}")
    }
    assert [path for path, told in tags.items() if "If-Match" in told.replace("If-None-Match", "")] == [
        "/api/pools/{pool}"
    ]
    assert "ETag" not in operation("/api/tasks/{task}/approve", "post")["responses"]["202"].get("headers", {})
    assert not any("etag" in schema.get("properties", {}) for schema in document()["components"]["schemas"].values())
