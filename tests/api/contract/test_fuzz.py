"""Whatever the OpenAPI document allows or forbids is sent; answers must be as the document says, and never a 500."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from tests.fixtures.app import App, NoSuchEndpoint, office, update
from triggers.http.openapi import document


def served(app: App) -> Any:
    """The app as WSGI."""

    def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # A question mark in a path is part of a name, and begins no query.
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace").replace("?", "%3F")
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            reply = app.send(environ["REQUEST_METHOD"], f"{path}?{environ['QUERY_STRING']}", raw=body, headers=headers)
        except NoSuchEndpoint:
            start_response("405 Method Not Allowed", [("Allow", "GET")])
            return []
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", list(reply.headers.items()))
        return [reply.text.encode()]

    return wsgi


def busy_office() -> App:
    app = office()
    update(app)
    return app


schema = schemathesis.openapi.from_dict(document())
schema.app = served(busy_office())


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_responses_match_the_openapi_document(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(
        checks=[
            checks.not_a_server_error,
            openapi_checks.status_code_conformance,
            openapi_checks.content_type_conformance,
            openapi_checks.response_schema_conformance,
        ]
    )


@pytest.mark.parametrize("path", list(document()["paths"]))
def test_every_operation_has_a_description(path: str) -> None:
    for operation in document()["paths"][path].values():
        assert operation["summary"]
        assert operation["operationId"]
