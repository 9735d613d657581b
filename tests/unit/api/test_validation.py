"""What is wrong with a request, in words about the request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import function_app  # noqa: F401 - importing it fills the table of endpoints
from shared.api.fleet import PoolsChoice
from shared.api.images import ActivateRequest, ImageRegistration, SetAsImageRequest
from shared.api.logoff_events import LogoffEvent
from shared.api.pools import PoolRegistration
from shared.api.profiles import JoinProfileRequest
from shared.api.rollouts import CancelRequest
from shared.api.validation import _FORMS, parse
from shared.core.arm_ids import DEFINITION_PATTERN, HOST_POOL_PATTERN, SUBNET_PATTERN, VM_PATTERN
from shared.core.errors import InvalidRequest
from shared.models.policy import PolicyOverrides
from triggers.http.openapi import document

POOL = {"host_pool_id": "/x", "image": "win11"}
AD = {"kind": "ad", "profile": "corp"}
KEPT_THERE = "name a join profile of the pool's account; an admin keeps domain, user and password there"
SHARE = 'write a number of hosts, like 10, or a percentage, like "10%"'
NAME = "use letters, digits, dot, dash, underscore, at most 63; begin with a letter or digit"


def said(model: type[BaseModel], given: dict[str, Any]) -> dict[str, str]:
    """Field -> what is wrong with it."""
    try:
        parse(model, given)
    except InvalidRequest as refused:
        assert len({problem.field for problem in refused.problems}) == len(refused.problems)
        return {problem.field: problem.message for problem in refused.problems}
    return {}


@pytest.mark.parametrize(
    ("join", "problems"),
    [
        ({"kind": "none"}, {"join.kind": "should be one of 'entra', 'ad'"}),
        ({"kind": None}, {"join.kind": "should be one of 'entra', 'ad'"}),
        ({"domain": "d"}, {"join.kind": "this field is required: 'entra' or 'ad'"}),
        ([], {"join": "should be an object, in braces"}),
        ({"kind": "ad"}, {"join.profile": "this field is required"}),
        ({"kind": "ad", "domain": "d", "user": "u", "password_setting": "JOIN_A"}, {"join": KEPT_THERE}),
        (AD | {"password_setting": "JOIN_A"}, {"join": KEPT_THERE}),
        (AD | {"profile": "a b"}, {"join.profile": NAME}),
        (AD, {}),
    ],
)
def test_errors_of_a_join_name_its_fields(join: object, problems: dict[str, str]) -> None:
    assert said(PoolRegistration, POOL | {"join": join}) == problems


def test_errors_of_a_join_profile_name_its_fields() -> None:
    assert said(JoinProfileRequest, {"password_setting": "PASSWORD", "domain": "", "user": 5}) == {
        "password_setting": "name an app setting: JOIN_ and then capital letters, digits or underscores",
        "domain": "must not be empty",
        "user": "must be text, in quotes",
    }


@pytest.mark.parametrize("field", ["max_unavailable", "min_available"])
@pytest.mark.parametrize("share", ["10", "x%", "1000%", "10 %", "", 1.5, True, None, [], {}, 1e400])
def test_a_share_that_is_neither_hosts_nor_a_percentage_is_refused_in_one_sentence(field: str, share: object) -> None:
    assert said(PolicyOverrides, {field: share}) == ({} if share is None else {field: SHARE})


@pytest.mark.parametrize("share", [10, 10.0, "10%", "100%", 10_000])
def test_hosts_and_percentages_are_accepted(share: object) -> None:
    assert said(PolicyOverrides, {"max_unavailable": share, "min_available": share}) == {}


def test_a_share_out_of_bounds_is_refused_with_the_bounds() -> None:
    assert said(PolicyOverrides, {"max_unavailable": "0%", "min_available": -1}) == {
        "max_unavailable": "a percentage must be between 1 % and 100 %",
        "min_available": "a number of hosts must be between 0 and 10000",
    }


@pytest.mark.parametrize(
    ("model", "given", "problems"),
    [
        (PoolsChoice, {"pools": []}, {"pools": "name at least one"}),
        (PoolsChoice, {"pools": "lab"}, {"pools": "must be a list"}),
        (ActivateRequest, {"update_pools": ["a b", "c"]}, {"update_pools.0": NAME}),
        (ActivateRequest, {"update_pools": []}, {"update_pools": "should be 'none' or 'all'; or name at least one"}),
        (ActivateRequest, {"update_pools": "lab"}, {"update_pools": "should be 'none' or 'all'; or must be a list"}),
        (PolicyOverrides, {"windows": {}}, {"windows": "must be a list"}),
        (PolicyOverrides, {"warn_minutes": [1] * 11}, {"warn_minutes": "at most 10; there are 11"}),
        (PolicyOverrides, {"warn_minutes": ["x"]}, {"warn_minutes.0": "must be a whole number"}),
        (
            PolicyOverrides,
            {"windows": [{"days": ["funday"], "from": "22:00", "to": "06:00"}]},
            {"windows.0.days.0": "should be 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'"},
        ),
        (
            PolicyOverrides,
            {"windows": [{"days": [], "from": "22:00", "to": "06:00"}]},
            {"windows.0.days": "name at least one"},
        ),
        (
            SetAsImageRequest,
            {"regions": [{"name": "europe!"}]},
            {"regions.0.name": "write the name of an Azure region, like westeurope or West Europe"},
        ),
        (LogoffEvent, {"host": "h", "utc": "x" * 41}, {"utc": "at most 40 characters"}),
        (ImageRegistration, {"definition_id": "/d", "accounts": ["-"]}, {"accounts.0": NAME}),
        (CancelRequest, {"how": 5}, {"how": "should be 'leave' or 'roll_back'"}),
    ],
)
def test_an_error_is_reported_once_and_without_internal_names(
    model: type[BaseModel], given: dict[str, Any], problems: dict[str, str]
) -> None:
    assert said(model, given) == problems


def test_every_pattern_has_a_plain_description() -> None:
    of_arm = {DEFINITION_PATTERN, HOST_POOL_PATTERN, VM_PATTERN, SUBNET_PATTERN}  # the use cases check these
    percent = {"^(0|[1-9][0-9]{0,2})%$"}  # told with the numbers
    bodies = [schema for name, schema in document()["components"]["schemas"].items() if not name.endswith("View")]
    assert set(_patterns(bodies)) - of_arm - percent == set(_FORMS)


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for inner in schema.values():
            yield from _patterns(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _patterns(inner)
