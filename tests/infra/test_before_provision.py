"""What would fail after ten minutes of `azd up` is said before it, and what cannot be asked stops nobody."""

from __future__ import annotations

import pytest

from tests.infra.desk import SUBSCRIPTION, Desk

SCRIPT = "before_provision.sh"


def test_a_deployment_that_can_succeed_goes_on_without_a_word(desk: Desk) -> None:
    done = desk.run(SCRIPT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert desk.changes() == []


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AZURE_ENV_NAME": "my_env"}, "at most 20 small letters, digits and hyphens"),
        ({"AZURE_ENV_NAME": "Prod"}, "at most 20 small letters, digits and hyphens"),
        ({"AZURE_ENV_NAME": "prod-"}, "at most 20 small letters, digits and hyphens"),
        ({"AZURE_ENV_NAME": "a" * 21}, "at most 20 small letters, digits and hyphens"),
        ({"PUBLIC_APP": "false"}, "Set PRIVATE_NETWORK to true, or the app stays open to the internet"),
        ({"FAIL": "account show"}, "Sign in with `az login` too"),
        ({"THEIR_TENANT": "tenant-2"}, f"az account set --subscription {SUBSCRIPTION}"),
        (
            {"AZURE_LOCATION": "westindia"},
            "no Flex Consumption in westindia. These regions have it: North Europe",
        ),
        ({"AZURE_LOCATION": "westus"}, "azd env set STORAGE_SKU Standard_LRS"),
        ({"DELETED": "kv-freshcoat-abc"}, "az keyvault purge --name kv-freshcoat-abc --location westeurope"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_would_fail_or_be_otherwise_is_said_first(desk: Desk, environment: dict[str, str], said: str) -> None:
    done = desk.run(SCRIPT, **environment)
    assert done.returncode == 1
    assert said in done.stderr
    assert desk.changes() == []


@pytest.mark.parametrize(
    "environment",
    [
        {"AZURE_LOCATION": "westus", "STORAGE_SKU": "Standard_LRS"},
        {"AZURE_LOCATION": "West Europe"},
        {"AZURE_LOCATION": "northeurope"},
        {"PUBLIC_APP": "false", "PRIVATE_NETWORK": "true"},
        {"AZURE_ENV_NAME": "a"},
        {"AZURE_SUBSCRIPTION_ID": "", "AZURE_LOCATION": ""},
    ],
)
def test_what_is_right_is_not_refused(desk: Desk, environment: dict[str, str]) -> None:
    assert desk.run(SCRIPT, **environment).returncode == 0


@pytest.mark.parametrize("call", ["list-flexconsumption", "list-locations", "list-deleted", "provider show"])
def test_a_question_that_is_not_allowed_is_passed_over(desk: Desk, call: str) -> None:
    done = desk.run(SCRIPT, FAIL=call, AZURE_LOCATION="westeurope")
    assert done.returncode == 0, done.stderr


def test_only_a_deleted_vault_of_this_environment_and_region_is_in_the_way(desk: Desk) -> None:
    desk.run(SCRIPT)
    (asked,) = desk.calls("keyvault list-deleted")
    assert "azd-env-name\"=='prod'" in asked
    assert "location=='westeurope'" in asked


@pytest.mark.parametrize(
    ("backend", "registered"),
    [("AzureStorage", ["Microsoft.App"]), ("AzureManaged", ["Microsoft.App", "Microsoft.DurableTask"])],
)
def test_resource_providers_are_registered_where_they_are_not(desk: Desk, backend: str, registered: list[str]) -> None:
    assert desk.run(SCRIPT, STATE="NotRegistered", DURABLE_BACKEND=backend).returncode == 0
    assert [call.split("--namespace ")[1].split()[0] for call in desk.calls("provider register")] == registered
