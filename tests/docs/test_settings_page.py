"""docs/settings.md names every setting, with the default the app really has."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from local.stack.options import ROOT
from shared.core.settings import Settings
from tools.host_json import CONNECTION, Backend, host_json, main

ROW = re.compile(r"^\| (`[A-Z].*?) \| (.*?) ?\| (.*) \|$", re.MULTILINE)
KEY_ROW = re.compile(r"^\| (`[a-z]+[.A-Z].*?`|`functionTimeout`) \| (.*?) \| \S.* \|$", re.MULTILINE)
HOST_READS = {"RESUME_SCHEDULE", "PROMOTION_SCHEDULE", "RETENTION_SCHEDULE"}
"""The Functions host reads them from the environment and knows no default."""
NOT_OURS = {"trust_principal", "secrets"}
"""Fields that come from settings of other names."""


def rows() -> dict[str, str]:
    """Each setting with its default; a row may have several of both."""
    found: dict[str, str] = {}
    for names, default, _ in ROW.findall((ROOT / "docs" / "settings.md").read_text()):
        several = re.findall(r"`([A-Za-z_…]+)`", names)
        defaults = default.split(", ") if "," in default else [default] * len(several)
        found |= dict(zip(several, defaults, strict=True))
    return found


def test_the_page_lists_exactly_the_settings_of_the_app() -> None:
    ours = {f"FRESHCOAT_{name.upper()}" for name in Settings.model_fields if name not in NOT_OURS}
    sample = set(json.loads((ROOT / "local.settings.sample.json").read_text())["Values"])
    documented = set(rows())
    assert {name for name in documented if name.startswith("FRESHCOAT_")} == ours
    assert {name for name in sample if not name.startswith("JOIN_")} <= documented


def test_defaults_are_those_of_the_app() -> None:
    for name, default in rows().items():
        field = Settings.model_fields.get(name.removeprefix("FRESHCOAT_").lower())
        if not name.startswith("FRESHCOAT_") or field is None:
            continue
        if name.removeprefix("FRESHCOAT_") in HOST_READS:
            assert "must be set" in default, name
        elif isinstance(field.default, float | int) and not isinstance(field.default, bool):
            assert float(default) == field.default, name
        elif not name.endswith("_URL"):
            assert default.strip("`") == (field.default or "none"), name


def leaves(content: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Every value of host.json by its path."""
    found: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            found |= leaves(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value if isinstance(value, str) and value else json.dumps(value)
    return found


def explained() -> dict[str, str]:
    """Every key of host.json on the page, with its value."""
    section = (ROOT / "docs" / "settings.md").read_text().split("## host.json")[1]
    found: dict[str, str] = {}
    for keys, values in KEY_ROW.findall(section):
        names, given = re.findall(r"`([^`]+)`", keys), re.findall(r"`([^`]*)`", values)
        found |= dict(zip(names, given if len(given) == len(names) else given * len(names), strict=True))
    return found


def test_the_page_explains_every_value_of_host_json() -> None:
    content = leaves(host_json(Backend.STORAGE))
    assert content.pop("version") == "2.0"
    assert explained() == content


def test_activities_leave_threads_for_orchestrators() -> None:
    """Otherwise they would wait until one of 32 activities has its answer from Azure."""
    durable = host_json(Backend.STORAGE)["extensions"]["durableTask"]
    values = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    threads = int(values["PYTHON_THREADPOOL_THREAD_COUNT"])
    assert durable["maxConcurrentActivityFunctions"] + durable["maxConcurrentOrchestratorFunctions"] <= threads


def test_the_scheduler_differs_in_its_provider_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scheduler"]) == 0
    ours = json.loads(capsys.readouterr().out)
    assert ours["extensions"]["durableTask"].pop("storageProvider") == {
        "type": "azureManaged",
        "connectionStringName": CONNECTION,
    }
    theirs = host_json(Backend.STORAGE)
    assert theirs["extensions"]["durableTask"].pop("storageProvider")["type"] == "AzureStorage"
    assert ours == theirs
    assert CONNECTION in (ROOT / "docs" / "settings.md").read_text()


def test_an_unknown_back_end_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["netherite"]) == 2
    assert "storage, scheduler" in capsys.readouterr().out
