"""JSON merge patch by the examples of RFC 7396, appendix A; those whose patch is no object need none of this."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from shared.api.merge_patch import merge

EXAMPLES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "changes", "expected"), EXAMPLES)
def test_the_examples_of_the_rfc(target: Any, changes: dict[str, Any], expected: object) -> None:
    before = deepcopy((target, changes))
    assert merge(target, changes) == expected
    assert (target, changes) == before
