"""An instance that the platform adds has its services before the first request."""

from __future__ import annotations

import pytest
from azure.functions.warmup import WarmUpContext

from tests.fixtures.app_functions import functions
from triggers import warmup


def test_the_function_has_the_name_and_the_trigger_that_the_platform_demands() -> None:
    assert functions()["warmup"].get_trigger().get_dict_repr()["type"] == "warmupTrigger"


def test_it_builds_the_services_and_begins_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    built, checked = object(), list[object]()
    monkeypatch.setattr(warmup, "services", lambda: built)
    monkeypatch.setattr(warmup, "read_health", checked.append)
    functions()["warmup"].get_user_function()(WarmUpContext())
    assert checked == [built]
