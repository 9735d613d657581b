"""Whatever the OpenAPI document allows or forbids is sent; answers must be as the document says, and never a 500."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings

from shared.models.access.roles import Role
from tests.api.contract.served import CHECKS, served
from tests.api.contract.worlds import known
from triggers.http.openapi import document

QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

schema = schemathesis.openapi.from_dict(document())
schema.app = served(known())

guarded = schemathesis.openapi.from_dict(document())
guarded.app = served(known())
guarded.config.phases.coverage.enabled = False
guarded.config.generation.update(with_security_parameters=False)


@schema.parametrize()
@settings(QUICK, max_examples=6)
def test_responses_match_the_openapi_document(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(checks=CHECKS)


@guarded.parametrize()
@settings(QUICK, max_examples=2)
def test_who_has_no_role_for_it_is_refused_whatever_is_sent(case: schemathesis.Case[Any]) -> None:
    operation = case.operation.definition.raw
    if operation["x-freshcoat-needs"] in {"open", "signed_in"}:
        return
    may = {*operation["x-freshcoat-roles"], *operation.get("x-freshcoat-roles-what-if", ())}
    given = case.path_parameters or {}
    there = all(given.get(one["name"]) == one["example"] for one in operation["parameters"] if one["in"] == "path")
    for role in [one for one in Role if one not in may]:
        answer = case.call_and_validate(checks=CHECKS, headers={"x-dev-role": role, "x-dev-accounts": "*"})
        if there:
            assert answer.status_code == 403, f"{role}: {answer.status_code} {answer.text}"
        else:  # a name of another form, or of nothing
            assert answer.status_code in {400, 403, 404}, f"{role}: {answer.status_code} {answer.text}"
