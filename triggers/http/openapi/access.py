"""Who may call an operation: the ways to sign in, and the roles that meet its need."""

from __future__ import annotations

from typing import Any

from shared.access.authenticate import KEY_HEADER
from shared.access.event_signature import SIGNATURE_HEADER
from shared.models.access.roles import MEETS, Gate, Need
from triggers.http.contract import Endpoint

SCHEMES: dict[str, dict[str, str]] = {
    "entra": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of Entra ID for this app. `GET /api/about` says how to get one.",
    },
    "appKey": {
        "type": "apiKey",
        "in": "header",
        "name": KEY_HEADER,
        "description": "A key of this app, made by an admin.",
    },
}
"""For every operation."""
SIGNATURE_SCHEMES: dict[str, dict[str, str]] = {
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": SIGNATURE_HEADER,
        "description": "HMAC-SHA-256 of `timestamp.body` with the key of the pool that `x-freshcoat-pool` names.",
    },
}
"""For log-off events alone."""
EVERY_WAY: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]


def access_of(one: Endpoint) -> dict[str, Any]:
    """The members of an operation that say who may call it, for programs (`x-freshcoat-…`) and in words."""
    found: dict[str, Any] = {"x-freshcoat-needs": str(one.needs), "x-freshcoat-roles": _roles(one.needs)}
    if one.answers_what_if:
        found["x-freshcoat-roles-what-if"] = _roles(Need.PLAN)
    if one.open:
        found["security"] = []
    elif one.needs is Need.HINT:
        found["security"] = [{name: []} for name in SCHEMES | SIGNATURE_SCHEMES]
    return found | {"description": _in_words(one)}


def _roles(need: Need | Gate) -> list[str]:
    """The roles that meet a need; empty when it takes none."""
    return [str(role) for role, met in MEETS.items() if need in met]


def _in_words(one: Endpoint) -> str:
    if one.open:
        return "Anybody may call it, without signing in."
    if one.needs is Gate.SIGNED_IN:
        return "Anybody who is signed in may call it."
    text = f"Needs `{one.needs}`: {_or(_roles(one.needs))}."
    return f"{text} With `what_if=true` `plan`: {_or(_roles(Need.PLAN))}." if one.answers_what_if else text


def _or(roles: list[str]) -> str:
    *others, last = roles
    return f"{', '.join(others)} or {last}" if others else last
