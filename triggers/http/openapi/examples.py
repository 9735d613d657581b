"""The examples of the OpenAPI document: requests, and the answers that this app gave to them.

`examples.json` has them by operation. `make openapi` asks the app itself for those that are missing or no longer fit.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("examples.json")

PROBLEMS: dict[str, dict[str, Any]] = {
    "400": {
        "type": "urn:freshcoat:invalid-request",
        "title": "The request is not valid",
        "status": 400,
        "detail": "version: write three whole numbers, like 2.0.0",
        "errors": [{"field": "version", "message": "write three whole numbers, like 2.0.0"}],
    },
    "401": {
        "type": "urn:freshcoat:not-signed-in",
        "title": "Not signed in",
        "status": 401,
        "detail": "Sign in first.",
    },
    "403": {
        "type": "urn:freshcoat:not-allowed",
        "title": "Not allowed",
        "status": 403,
        "detail": "This takes a role that may publish.",
        "need": "publish",
    },
    "404": {
        "type": "urn:freshcoat:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no pool called office.",
    },
    "409": {
        "type": "urn:freshcoat:conflict",
        "title": "Not possible now",
        "status": 409,
        "detail": "Rollout 8204680874794-4bd9 runs on pool office; wait for its end or cancel it.",
        "rollout": "8204680874794-4bd9",
        "href": "/api/rollouts/8204680874794-4bd9",
    },
    "412": {
        "type": "urn:freshcoat:precondition-failed",
        "title": "It has changed",
        "status": 412,
        "detail": "This pool was changed since you read it. Read it again and repeat your change.",
    },
    "413": {
        "type": "urn:freshcoat:body-too-large",
        "title": "The body is too large",
        "status": 413,
        "detail": "Send at most 262144 bytes.",
    },
    "415": {
        "type": "urn:freshcoat:not-json",
        "title": "The body must be JSON",
        "status": 415,
        "detail": "Send the header Content-Type: application/json.",
    },
    "422": {
        "type": "urn:freshcoat:preflight-failed",
        "title": "A check before the rollout failed",
        "status": 422,
        "detail": "Version 3.0.0 is staged: only pools of ring test may have it.",
        "findings": [
            {
                "check": "staged",
                "result": "fail",
                "detail": "version 3.0.0 is staged",
                "what_to_do": "Activate it first, or take a pool of ring test.",
            }
        ],
    },
    "429": {
        "type": "urn:freshcoat:too-many-hints",
        "title": "Too many events",
        "status": 429,
        "detail": "Send it again later.",
    },
    "500": {
        "type": "urn:freshcoat:unexpected",
        "title": "Something went wrong",
        "status": 500,
        "detail": "An unexpected error occurred. Quote id 0f3c9a1b2d4e when you look in the logs.",
        "id": "0f3c9a1b2d4e",
    },
    "502": {
        "type": "urn:freshcoat:azure-error",
        "title": "Azure refused",
        "status": 502,
        "detail": "Azure answered 403 to a read of the host pool.",
        "code": "AuthorizationFailed",
    },
    "503": {
        "type": "urn:freshcoat:azure-busy",
        "title": "Azure is busy",
        "status": 503,
        "detail": "Azure asks to wait. Try again later.",
    },
}
"""Status -> a refusal."""


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Operation -> its `request` (a body, if it takes one) and `answers` (status -> body)."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return found


def request_of(operation: str) -> dict[str, Any]:
    """`{"example": …}` for a body of the operation, or nothing."""
    one = examples().get(operation, {})
    return {"example": one["request"]} if "request" in one else {}


def answer_of(operation: str, status: int) -> dict[str, Any]:
    """`{"example": …}` for an answer of the operation, or nothing."""
    answers = examples().get(operation, {}).get("answers", {})
    return {"example": answers[str(status)]} if str(status) in answers else {}
