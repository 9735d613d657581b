"""The app settings of the templates are those that the app reads, and it starts with them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from shared.core.settings import Settings
from tests.docs.test_settings_page import rows
from tests.infra.templates import INFRA, Template, members, nodes, text
from tools.host_json import CONNECTION, Backend, host_json

ROOT = Path(__file__).parents[2]
APP = Template("modules/app.bicep")

PARTS = ("defaults", "ours", "events", "record", "platform", "signingIn", "engine")
"""The variables that the settings are put together from; `joining` is made of a parameter."""
ONLY_LOCAL = {
    "FRESHCOAT_TABLES_CONNECTION",
    "FRESHCOAT_ARM_ENDPOINT",
    "FRESHCOAT_GRAPH_ENDPOINT",
    "FRESHCOAT_DEV_IDENTITY",
    "AzureWebJobsStorage",
    "FUNCTIONS_WORKER_RUNTIME",
}
"""Settings of the sample that a deployment must not have: a key, the simulated Azure, an identity for everybody, and
what Flex Consumption says elsewhere."""

ID = "11111111-2222-4333-8444-555555555555"
VALUES = {
    "environmentName": "production",
    "identityClientId": ID,
    "clientId": ID,
    "storageName": "stfreshcoat",
    "suffix": "core.windows.net",
    "join(entraTenants, ',')": f"{ID},{ID}",
    "vaultUri": "https://kv-freshcoat.vault.azure.net/",
    "recordKey": "https://kv-freshcoat.vault.azure.net/keys/record",
    "recordBlob": "https://stfreshcoat.blob.core.windows.net/record",
    "insightsConnection": "InstrumentationKey=x",
    "schedulerEndpoint": "https://dts.example",
}


def written() -> dict[str, str]:
    """Every setting that the template can set, as it is written there."""
    return {name: (node.text or b"").decode() for part in PARTS for name, node in members(APP.variable(part)).items()}


def valued() -> dict[str, str]:
    """The same, with made-up values for what only a deployment knows."""
    found = {}
    for name, source in written().items():
        whole = VALUES.get(source, source.strip("'"))
        found[name] = re.sub(r"\$\{(\w+)\}", lambda match: VALUES[match[1]], whole)
    return found


def test_the_app_starts_with_the_settings_of_a_deployment() -> None:
    settings = Settings.read(valued())
    assert settings.tables_endpoint == "https://stfreshcoat.table.core.windows.net"
    assert settings.entra_tenants == (ID, ID)
    assert settings.record_key.endswith("/keys/record")
    assert not settings.tables_connection
    assert not settings.dev_identity


def test_every_setting_of_the_template_is_one_that_the_app_reads() -> None:
    ours = {f"FRESHCOAT_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in written() if name.startswith("FRESHCOAT_")} <= ours


def test_what_must_be_set_is_set() -> None:
    needed = {name for name, default in rows().items() if "must be set" in default} - {"AzureWebJobsStorage"}
    always = {name for part in ("defaults", "ours", "platform") for name in members(APP.variable(part))}
    assert needed | {"FRESHCOAT_TABLES_ENDPOINT", "AzureWebJobsStorage__accountName"} <= always


def test_schedules_are_the_defaults_that_the_code_names() -> None:
    for name in ("resume_schedule", "promotion_schedule", "retention_schedule"):
        assert valued()[f"FRESHCOAT_{name.upper()}"] == Settings.model_fields[name].default


def test_nothing_of_a_local_run_gets_to_azure() -> None:
    sample = set(json.loads((ROOT / "local.settings.sample.json").read_text())["Values"])
    assert sample >= ONLY_LOCAL
    assert ONLY_LOCAL.isdisjoint(written())


def test_the_settings_of_the_sample_are_all_accounted_for() -> None:
    """Set by the template, only local, or with a default of the app that is meant for Azure."""
    sample = set(json.loads((ROOT / "local.settings.sample.json").read_text())["Values"])
    left = {name for name in sample - ONLY_LOCAL - set(written()) if not name.startswith("JOIN_")}
    assert [name for name in left if name.removeprefix("FRESHCOAT_").lower() not in Settings.model_fields] == []


def test_all_parts_are_merged_into_the_settings() -> None:
    merged = {text(node) for node in nodes(APP.variable("settings"), "identifier")}
    assert {*PARTS, "joining", "furtherSettings"} <= merged


def test_what_the_deployment_sets_counts_more_than_further_settings() -> None:
    merged = (APP.variable("settings").text or b"").decode()
    assert merged.startswith("var settings = union(defaults, furtherSettings, ours, ")


@pytest.mark.parametrize("name", ["FRESHCOAT_EVENT_SECRET"])
def test_secrets_are_references_to_the_vault(name: str) -> None:
    assert valued()[name].startswith("@Microsoft.KeyVault(SecretUri=https://kv-freshcoat.vault.azure.net/secrets/")


def test_a_join_password_is_a_secret_whose_name_the_vault_allows() -> None:
    joining = text(APP.variable("joining"))
    assert "@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${toLower(replace(setting, '_', '-'))})" in joining


def test_both_back_ends_use_the_task_hub_of_host_json() -> None:
    assert host_json(Backend.STORAGE)["extensions"]["durableTask"]["hubName"] == "%TASKHUB_NAME%"
    hub = next(found for found in Template("modules/scheduler.bicep").declared("resource") if found.symbol == "hub")
    assert text(hub["name"]) == valued()["TASKHUB_NAME"]


def test_both_back_ends_are_those_of_host_json() -> None:
    types = {host_json(backend)["extensions"]["durableTask"]["storageProvider"]["type"].lower() for backend in Backend}
    allowed = re.search(r"@allowed\(\[(.*?)\]\)\nparam durableBackend ", (INFRA / "main.bicep").read_text())
    assert allowed
    assert {name.lower() for name in re.findall(r"'(\w+)'", allowed[1])} == types
    assert CONNECTION in members(APP.variable("engine"))


def test_an_instance_takes_several_requests_at_once_and_has_threads_for_them() -> None:
    """Azure's default for Python is one: each further request would wait for an instance of its own."""
    app = next(found for found in APP.declared("resource") if found.symbol == "app")
    limit = app["properties/functionAppConfig/scaleAndConcurrency/triggers/http/perInstanceConcurrency"]
    assert 1 < int(text(limit)) <= int(valued()["PYTHON_THREADPOOL_THREAD_COUNT"]) // 2


def test_the_app_runs_on_the_python_of_the_project() -> None:
    app = next(found for found in APP.declared("resource") if found.symbol == "app")
    assert text(app["properties/functionAppConfig/runtime/name"]) == "python"
    assert text(app["properties/functionAppConfig/runtime/version"]) == (ROOT / ".python-version").read_text().strip()
