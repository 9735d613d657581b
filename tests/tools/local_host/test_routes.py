"""Route templates match by the rules of ASP.NET Core."""

from collections.abc import Sequence

import pytest

from local.host.function import AppError, Function
from local.host.routes import RouteTable


def _table(*templates: str, prefix: str = "", methods: Sequence[str] = ()) -> RouteTable:
    functions = [
        Function(template, template, {"type": "httpTrigger", "name": "req", "route": template, "methods": methods}, ())
        for template in templates
    ]
    return RouteTable(functions, prefix)


def _found(table: RouteTable, path: str, method: str = "GET") -> tuple[str, dict[str, str]] | None:
    match = table.match(method, path)
    return match and (match[0].name, match[1])


@pytest.mark.parametrize(
    ("path", "template", "parameters"),
    [
        ("/pools/all", "pools/all", {}),
        ("/POOLS/All/", "pools/all", {}),
        ("/pools/7", "pools/{id:int}", {"id": "7"}),
        ("/pools/blue", "pools/{name}", {"name": "blue"}),
        ("/pools/blue/hosts", "pools/{name}/hosts", {"name": "blue"}),
        ("/pools/blue/report-9.csv", "pools/{name}/report-{number}.csv", {"name": "blue", "number": "9"}),
        ("/pools/blue/x/y", "pools/{name}/{*rest}", {"name": "blue", "rest": "x/y"}),
        ("/pools/all/hosts", "pools/{name}/hosts", {"name": "all"}),
        ("/elsewhere/at/all", "{*anything}", {"anything": "elsewhere/at/all"}),
    ],
)
def test_the_most_specific_template_wins(path: str, template: str, parameters: dict[str, str]) -> None:
    table = _table(
        "{*anything}",
        "pools/{name}/{*rest}",
        "pools/{name}",
        "pools/{id:int}",
        "pools/all",
        "pools/{name}/report-{number}.csv",
        "pools/{name}/hosts",
    )
    assert _found(table, path) == (template, parameters)


@pytest.mark.parametrize(("path", "parameters"), [("/a", {}), ("/a/b", {"x": "b"}), ("/a/b/c", None), ("/b", None)])
def test_an_optional_segment_may_be_missing(path: str, parameters: dict[str, str] | None) -> None:
    expected = None if parameters is None else ("a/{x?}", parameters)
    assert _found(_table("a/{x?}"), path) == expected


def test_a_default_fills_in_for_a_missing_segment() -> None:
    table = _table("list/{page=1}")
    assert _found(table, "/list") == ("list/{page=1}", {"page": "1"})
    assert _found(table, "/list/2") == ("list/{page=1}", {"page": "2"})


def test_the_prefix_comes_first_and_may_be_empty() -> None:
    assert _found(_table("x", prefix="api/v2"), "/api/v2/x") == ("x", {})
    assert _found(_table("x", prefix="api"), "/x") is None
    assert _found(_table(""), "/") == ("", {})


def test_an_encoded_slash_does_not_separate_segments() -> None:
    assert _found(_table("keys/{key}"), "/keys/a%2Fb") == ("keys/{key}", {"key": "a%2Fb"})


def test_head_is_answered_by_what_answers_get() -> None:
    assert _found(_table("x", methods=["GET"]), "/x", "HEAD")
    assert _found(_table("x", methods=["POST"]), "/x", "HEAD") is None


def test_an_unknown_constraint_is_refused() -> None:
    with pytest.raises(AppError, match="odd"):
        _table("a/{x:odd}")
