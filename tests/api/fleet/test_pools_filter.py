"""A filter that no pool meets says what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.accounts import Account
from tests.fixtures.scenarios.fleet import NOW, crowd
from tests.fixtures.scenarios.images import NEW, add_pool

ALL = "list the pools to see what they have"


def problems_with(chosen: dict[str, Any]) -> dict[str, str]:
    """Field -> what is wrong with this filter. Account `idle` has no pools, `contoso` one of ring production."""
    env = crowd()
    for name in ("idle", "contoso"):
        env.app.tables.accounts.add(Account(name=name))
    add_pool(env, "shop", account="contoso")
    reply = env.app.send("POST", "/api/rollouts", {"version": NEW, **NOW, "filter": chosen})
    assert reply.status == 400
    return {error["field"]: error["message"] for error in reply.json["errors"]}


@pytest.mark.parametrize(
    ("chosen", "problems"),
    [
        ({"account": "nobody"}, {"filter.account": "there is no account called nobody"}),
        ({"image": "nope"}, {"filter.image": "there is no image called nope"}),
        ({"account": "idle"}, {"filter.account": f"no pool has the account idle: {ALL}"}),
        (
            {"account": "nobody", "image": "nope", "ring": "test"},
            {
                "filter.account": "there is no account called nobody",
                "filter.image": "there is no image called nope",
            },
        ),
    ],
)
def test_unknown_names_in_a_filter_are_named(chosen: dict[str, Any], problems: dict[str, str]) -> None:
    assert problems_with(chosen) == problems


def test_a_filter_that_no_pool_matches_is_refused() -> None:
    text = f"no pool has this account and this ring: {ALL}"
    assert problems_with({"account": "contoso", "ring": "test"}) == {"filter": text}
