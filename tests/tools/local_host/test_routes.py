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
    assert _found(_table("x"), "/x") == ("x", {})


def test_an_empty_route_is_the_name_of_the_function() -> None:
    trigger = {"type": "httpTrigger", "name": "req", "route": "", "methods": ()}
    table = RouteTable([Function("Hello", "1", trigger, ())], "api")
    assert _found(table, "/api/hello") == ("Hello", {})
    assert _found(table, "/api") is None


def test_an_encoded_slash_does_not_separate_segments() -> None:
    assert _found(_table("keys/{key}"), "/keys/a%2Fb") == ("keys/{key}", {"key": "a%2Fb"})


def test_head_is_answered_by_what_answers_get() -> None:
    assert _found(_table("x", methods=["GET"]), "/x", "HEAD")
    assert _found(_table("x", methods=["POST"]), "/x", "HEAD") is None


def test_an_unknown_constraint_is_refused() -> None:
    with pytest.raises(AppError, match="odd"):
        _table("a/{x:odd}")


GUID = "2f1b7c3a-0d1e-4f5a-8b9c-0a1b2c3d4e5f"
ACCEPTED = {
    "int": ["7", "-7", "+7", "2147483647", " 7 "],
    "long": ["9223372036854775807"],
    "bool": ["true", "FALSE"],
    "float": ["1.5", ".5", "1e3", "-1,000.5", "NaN"],
    "decimal": ["1.5", "-1", "1-"],
    "datetime": ["2016-12-31", "2016-12-31 7:32pm"],
    "guid": [GUID, GUID.replace("-", ""), f"{{{GUID}}}", f"({GUID})"],
    "alpha": ["abcXYZ"],
    "length(3)": ["abc"],
    "length(2,3)": ["ab", "abc"],
    "minlength(2)": ["ab", "abcdef"],
    "maxlength(2)": ["a", "ab"],
    "min(18)": ["18", "99"],
    "max(120)": ["120", "-5"],
    "range(18, 120)": ["18", "120"],
    r"regex(^\d{{3}}-\d{{2}}$)": ["123-45"],
    "regex(b)": ["abc", "B"],
    "regex(^(a|b:c)$)": ["a", "b:c"],
    "file": ["a.txt"],
    "nonfile": ["a", "a."],
    "INT": ["7"],
    "int:min(5)": ["5"],
    "required": ["x"],
}
REFUSED = {
    "int": ["x", "1.5", "2147483648", "٧"],
    "long": ["9223372036854775808"],
    "bool": ["1", "yes"],
    "float": ["x", ".", "1e"],
    "decimal": ["1e3", "-1-", "99999999999999999999999999999999"],
    "datetime": ["5", "soon", "2016-13-31"],
    "guid": ["x", GUID[:-1], f"{{{GUID}", GUID.replace("-", "", 1)],
    "alpha": ["a1", "é"],
    "length(3)": ["ab", "abcd"],
    "length(2,3)": ["a", "abcd"],
    "minlength(2)": ["a"],
    "maxlength(2)": ["abc"],
    "min(18)": ["17", "x"],
    "max(120)": ["121", "x"],
    "range(18, 120)": ["17", "121", "x"],
    r"regex(^\d{{3}}-\d{{2}}$)": ["1234-5"],
    "regex(b)": ["acd"],
    "regex(^(a|b:c)$)": ["ab"],
    "file": ["a", "a."],
    "nonfile": ["a.txt"],
    "int:min(5)": ["4"],
}


@pytest.mark.parametrize("constraint", ACCEPTED)
def test_a_constraint_accepts_what_asp_net_accepts(constraint: str) -> None:
    table = _table(f"a/{{x:{constraint}}}")
    for value in ACCEPTED[constraint]:
        assert table.match("GET", f"/a/{value}") is not None, value


@pytest.mark.parametrize("constraint", REFUSED)
def test_a_constraint_refuses_what_asp_net_refuses(constraint: str) -> None:
    table = _table(f"a/{{x:{constraint}}}")
    for value in REFUSED[constraint]:
        assert table.match("GET", f"/a/{value}") is None, value


def test_the_next_route_is_tried_when_a_constraint_fails() -> None:
    table = _table("a/{x:range(1,5)}", "a/{name}")
    assert _found(table, "/a/7") == ("a/{name}", {"name": "7"})


def test_a_constrained_optional_parameter_may_be_missing() -> None:
    assert _found(_table("a/{x:int?}"), "/a") == ("a/{x:int?}", {})
    assert _found(_table("a/{x:int=3}"), "/a") == ("a/{x:int=3}", {"x": "3"})


@pytest.mark.parametrize(
    ("path", "values"),
    [("/f/a.b.txt", {"name": "a.b", "kind": "txt"}), ("/f/a", {"name": "a"}), ("/f", None)],
)
def test_the_end_of_a_segment_may_be_optional(path: str, values: dict[str, str] | None) -> None:
    template = "f/{name}.{kind?}"
    assert _found(_table(template), path) == (None if values is None else (template, values))


def test_a_segment_is_matched_from_its_end() -> None:
    assert _found(_table("{a}-{b}"), "/x-y-z") == ("{a}-{b}", {"a": "x-y", "b": "z"})


@pytest.mark.parametrize(
    "template",
    ["a/{x", "a/x}", "{x}/{x}", "{*rest}/a", "{a}{b}", "{x:range(5,1)}", "{x:length}", "{x:min(a)}", "{x:regex([)}"],
)
def test_an_invalid_template_is_refused_with_its_function(template: str) -> None:
    with pytest.raises(AppError, match=r"function .*: the route .* is not valid: "):
        _table(template)


@pytest.mark.parametrize("path", ["/", ""])
def test_a_parameter_that_holds_nothing_serves_the_root(path: str) -> None:
    """An empty route would become the function's name, so this is how an app serves its first page."""
    table = _table("{root:maxlength(0)?}", "api/pools", "console/{*path}")
    assert _found(table, path) == ("{root:maxlength(0)?}", {})
    assert _found(table, "/anything") is None
    assert _found(table, "/api/pools") == ("api/pools", {})
    assert _found(table, "/console") == ("console/{*path}", {})
