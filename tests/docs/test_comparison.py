"""A shown answer that the app does not give is noticed: what is left out, what varies, and what may not differ."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docs.shown import BadAnswer, Comparison, NotAsShown, last_json, read

A, B = "8204693463134-636d", "8204670606301-7437"


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ('{"a":1}', {"a": 1}),
        ('{"a":1,…}', {"a": 1, "b": 2}),
        ('{…,"b":2,…}', {"a": 1, "b": 2, "c": 3}),
        ("{…}", {}),
        ('{"a":…}', {"a": None}),
        ('{"a":~8}', {"a": 0}),
        ('{"a":~0.2}', {"a": 17}),
        ('{"a":"…/images/win11"}', {"a": "/subscriptions/1/images/win11"}),
        ('{"a":"No version before 1.0.0. …"}', {"a": "No version before 1.0.0. Publish the one you want."}),
        ('{"at":"2026-11-22T00:55:14.496210Z"}', {"at": "2027-01-02T03:04:05Z"}),
        ('{"at":"2026-11-22T01:15+01:00"}', {"at": "2026-11-22T00:55:14.496210+00:00"}),
        (f'{{"id":"{A}"}}', {"id": B}),
        (f'{{"detail":"Rollout {A} is scheduled."}}', {"detail": f"Rollout {B} is scheduled."}),
        ("[1,2]", [1, 2]),
        ("[…]", []),
        ("[1,…]", [1, 2, 3]),
        ("[…,3]", [1, 2, 3]),
        ('[…,{"a":2,…},…]', [{"a": 1}, {"a": 2, "b": 1}, {"a": 3}]),
        ("[1,…,3,…,5]", [1, 2, 3, 4, 5]),
        ('{"a":true,"b":null,"c":[]}', {"a": True, "b": None, "c": []}),
        ('{"a":1,\n  …}', {"a": 1, "b": 2}),
    ],
)
def test_a_matching_answer_passes(shown: str, real: Any) -> None:
    Comparison().compare(read(shown), real)


@pytest.mark.parametrize(
    ("shown", "real", "where"),
    [
        ('{"a":1,…}', {"b": 1}, "answer: shown is a member 'a'"),
        ('{"a":1,…}', {"a": 2}, "answer.a: shown is 1"),
        ('{"a":1}', {"a": 1, "b": 2}, "answer: shown is no further members"),
        ('{"a":{"b":[{"c":1}]},…}', {"a": {"b": [{"c": 2}]}}, "answer.a.b[0].c: shown is 1"),
        ('{"a":1}', {"a": True}, "answer.a"),
        ('{"a":1}', {"a": "1"}, "answer.a"),
        ('{"a":true}', {"a": 1}, "answer.a"),
        ('{"a":null}', {"a": ""}, "answer.a"),
        ('{"a":~8}', {"a": "8"}, "answer.a: shown is a number"),
        ('{"a":~8}', {"a": None}, "answer.a: shown is a number"),
        ('{"a":~1}', {"a": True}, "answer.a: shown is a number"),
        ('{"a":"running"}', {"a": "paused"}, "answer.a: shown is 'running'"),
        ('{"a":"…/win11"}', {"a": "/x/win10"}, "answer.a"),
        ('{"a":"1.0.0"}', {"a": "1x0x0"}, "answer.a"),
        ('{"a":"1.0.0"}', {"a": "1.0.0 "}, "answer.a"),
        ('{"at":"2026-11-22T00:55:14Z"}', {"at": "soon"}, "answer.at"),
        ('{"at":"2026-11-22T00:55:14Z"}', {"at": None}, "answer.at"),
        (f'{{"id":"{A}"}}', {"id": "office"}, "answer.id"),
        ('{"a":[]}', {"a": {}}, "answer.a: shown is a list"),
        ('{"a":{}}', {"a": []}, "answer.a: shown is an object"),
        ("[1,2]", [1], "answer: shown is 2 items"),
        ("[1]", [1, 2], "answer: shown is 1 items"),
        ("[1,2,…]", [1], "answer: shown is at least 2 items"),
        ("[2,…]", [1, 2], "answer[0]: shown is 2"),
        ("[…,2]", [2, 1], "shown is"),
        ('[…,{"a":4,…},…]', [{"a": 1}, {"a": 2}], "shown is 4"),
        ('{"a":1}', None, "answer: shown is an object"),
    ],
)
def test_differences_are_named(shown: str, real: Any, where: str) -> None:
    with pytest.raises(NotAsShown) as raised:
        Comparison().compare(read(shown), real)
    assert where in str(raised.value)


def test_an_id_of_the_page_is_the_same_one_in_all_its_answers() -> None:
    comparison = Comparison()
    comparison.compare(read(f'{{"id":"{A}"}}'), {"id": B})
    comparison.compare(read(f'{{"href":"/api/rollouts/{A}"}}'), {"href": f"/api/rollouts/{B}"})
    with pytest.raises(NotAsShown, match="as before"):
        comparison.compare(read(f'{{"id":"{A}"}}'), {"id": A})


def test_an_id_in_a_skipped_item_is_not_remembered() -> None:
    comparison = Comparison()
    comparison.compare(
        read(f'[…,{{"id":"{A}","kind":"refresh"}}]'),
        [
            {"id": "1111111111111-aaaa", "kind": "update"},
            {"id": B, "kind": "refresh"},
        ],
    )
    assert comparison.ids == {A: B}


@pytest.mark.parametrize("text", ["", "{", '{"a"}', '{"a":}', "[1 2]", '{"a":1,"a":2}', "{} {}", "nearly", "{a:1}"])
def test_an_answer_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        read(text)


def test_the_last_json_of_the_output_counts() -> None:
    assert last_json('{"a": 1}{"b": 2}\n[3]\n') == [3]
    assert last_json("") is None
    with pytest.raises(NotAsShown, match="no JSON"):
        last_json('{"a": 1}\ncurl: (7) failed to connect')
