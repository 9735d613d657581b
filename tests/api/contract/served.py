"""The app as WSGI, for tools that send requests."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from tests.fixtures.app import App, NoSuchEndpoint
from triggers.http.openapi import document

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
"""What every answer must pass: no 5xx, and all as the document says."""


def contract(wsgi: Any) -> Any:
    """The contract of an app, for Schemathesis, which writes links that it finds by itself into its copy."""
    found = schemathesis.openapi.from_dict(deepcopy(document()))
    found.app = wsgi
    found.config.generation.update(with_security_parameters=False)
    return found


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
