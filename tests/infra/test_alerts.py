"""The alert rules and the workbook ask for what the app really logs and runs."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.templates import INFRA, Template, text

ROOT = Path(__file__).parents[2]
ALERTS: list[dict[str, Any]] = json.loads((INFRA / "alerts.json").read_text())
WORKBOOK: dict[str, Any] = json.loads((INFRA / "workbook.json").read_text())
FOLDERS = ("shared", "triggers", "orchestrators", "activities")
TABLES = {"requests", "traces", "dependencies", "exceptions"}
KINDS = {"requests": "Request", "traces": "Trace", "dependencies": "Dependency", "exceptions": "Exception"}
"""Tables, and what host.json calls the items in them."""
ERRORS = {"error", "exception", "critical"}
_LOGS = re.compile(r"log\.(error|exception|critical)\(")


def _calls() -> Iterator[ast.Call]:
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        source = path.read_text()
        for node in ast.walk(ast.parse(source)) if _LOGS.search(source) else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node


@functools.cache
def logged_errors() -> list[str]:
    """The texts that the app logs as errors, with `%s` for what differs."""
    return [
        call.args[0].value
        for call in _calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ERRORS
        and ast.unparse(call.func.value).lower().endswith("log")
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


def timers() -> set[str]:
    """Names of the functions that a timer runs."""
    source = (ROOT / "triggers" / "timers.py").read_text()
    return {
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and any("timer_trigger" in ast.unparse(d) for d in node.decorator_list)
    }


def queries() -> dict[str, str]:
    alerts = {alert["name"]: alert["query"] for alert in ALERTS}
    return alerts | {item["name"]: item["content"]["query"] for item in WORKBOOK["items"] if item["type"] == 3}


def finds(query: str, message: str) -> bool:
    """Whether a query for traces finds a message. Conditions with `or` in brackets are alternatives."""
    starts = re.findall(r"message startswith '(.*?)'", query)
    found = [word in message for word in re.findall(r"message has '(.*?)'", query)]
    any_of = "' or message" in query
    return all(message.startswith(start) for start in starts) and (any(found) if any_of else all(found))


@pytest.mark.parametrize("name", [alert["name"] for alert in ALERTS if alert["query"].startswith("traces")])
def test_an_alert_finds_what_the_app_logs_as_an_error(name: str) -> None:
    query = queries()[name]
    assert "severityLevel >= 3" in query
    assert [message for message in logged_errors() if finds(query, message)]


def test_each_alternative_of_an_alert_finds_something() -> None:
    words = [word for query in queries().values() for word in re.findall(r"message has '(.*?)'", query)]
    assert [word for word in words if not any(word in message for message in logged_errors())] == []


def test_the_functions_that_are_asked_for_exist() -> None:
    named = {name for query in queries().values() for name in re.findall(r"'([a-z_]+)'", query.partition("|")[2])}
    assert {name for name in named if "_" in name} <= timers()
    workbook = queries()["timers"]
    assert {name for name in timers() if f"'{name}'" in workbook} == timers()


@pytest.mark.parametrize("name", sorted(queries()))
def test_a_query_begins_with_a_table_of_application_insights(name: str) -> None:
    assert queries()[name].split()[0] in TABLES


@pytest.mark.parametrize("name", sorted(queries()))
def test_whether_it_succeeded_is_read_whatever_its_type(name: str) -> None:
    """`success` is text in the tables of Application Insights, and a truth value in those of the workspace behind it. A
    rule whose query has the wrong type is refused, and with it the deployment."""
    assert re.sub(r"tobool\(success\)", "", queries()[name]).find("success") < 0


@pytest.mark.parametrize("alert", [alert["name"] for alert in ALERTS])
def test_what_a_rule_counts_is_not_sampled_away(alert: str) -> None:
    """A busy instance keeps a share of what it logs: the one line that a rule waits for may not be in it."""
    sampling = json.loads((ROOT / "host.json").read_text())["logging"]["applicationInsights"]["samplingSettings"]
    asked = queries()[alert].split()[0]
    assert KINDS[asked] in sampling["excludedTypes"].split(";")


def test_the_rules_say_what_to_do_in_short_sentences() -> None:
    for alert in ALERTS:
        sentences = re.split(r"(?<=[.:]) ", alert["what_to_do"])
        assert max(len(sentence.split()) for sentence in sentences) < 25, alert["name"]
        assert alert["what_to_do"].endswith(".")


def test_the_template_makes_a_rule_of_each() -> None:
    (rules,) = (found for found in Template("modules/alerts.bicep").declared("resource") if found.symbol == "rules")
    assert text(rules["properties/description"]) == "alert.what_to_do"
    read = set(re.findall(r"alert\.(\w+)", text(rules.node)))
    assert [alert["name"] for alert in ALERTS if set(alert) != read] == []
    assert len({alert["name"] for alert in ALERTS}) == len(ALERTS)
