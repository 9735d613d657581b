"""Whatever the OpenAPI document allows or forbids is sent; answers must be as the document says, and never a 500.

Requests are generated as a test runs, not as it is collected: each process of a parallel run collects every file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from shared.models.access.roles import Need, Role
from tests.api.contract.served import CHECKS, contract, served
from tests.api.contract.worlds import known
from triggers.http.contract import ENDPOINTS, Endpoint
from triggers.http.openapi import document

type Case = schemathesis.Case[Any]

QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
EACH = pytest.mark.parametrize("one", ENDPOINTS, ids=lambda one: one.name)


OPEN, GUARDED = contract(served(known())), contract(served(known()))
"""For who may do everything, and for who may not: nobody changes anything in the second."""


def send(schema: Any, one: Endpoint, test: Callable[[Case], None], examples: int) -> None:
    """Run a test of so many generated requests of an operation, allowed ones and others."""
    operation = schema[f"/api/{one.path}"][one.method]
    kinds = [operation.as_strategy(generation_mode=kind) for kind in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
    settings(QUICK, max_examples=examples)(given(st.one_of(kinds))(test))()  # type: ignore[call-arg]


@EACH
def test_responses_match_the_openapi_document(one: Endpoint) -> None:
    def answers_as_it_says(case: Case) -> None:
        case.call_and_validate(checks=CHECKS)

    send(OPEN, one, answers_as_it_says, 25)


@pytest.mark.parametrize("one", [one for one in ENDPOINTS if isinstance(one.needs, Need)], ids=lambda one: one.name)
def test_who_has_no_role_for_it_is_refused_whatever_is_sent(one: Endpoint) -> None:
    operation = document()["paths"][f"/api/{one.path}"][one.method.lower()]
    may = {*operation["x-freshcoat-roles"], *operation.get("x-freshcoat-roles-what-if", ())}
    named = {found["name"]: found["example"] for found in operation["parameters"] if found["in"] == "path"}

    def refuses(case: Case) -> None:
        case.path_parameters = dict(named)  # of something that is there: else it is 404
        for role in [role for role in Role if role not in may]:
            answer = case.call_and_validate(checks=CHECKS, headers={"x-dev-role": role, "x-dev-accounts": "*"})
            assert answer.status_code == 403, f"{role}: {answer.status_code} {answer.text}"

    send(GUARDED, one, refuses, 3)
