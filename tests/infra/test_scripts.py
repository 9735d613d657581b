"""The scripts beside the templates, with programs in place of `az`, `azd` and `make` that write down their calls."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.infra.desk import IDENTITY, POOLS, SCRIPTS, Desk


@pytest.mark.parametrize(
    ("backend", "called"),
    [("", "make package"), ("AzureStorage", "make package"), ("AzureManaged", "make package ARGS=--engine scheduler")],
)
def test_the_package_is_made_for_the_back_end(desk: Desk, backend: str, called: str) -> None:
    assert desk.run("before_deploy.sh", DURABLE_BACKEND=backend).returncode == 0
    assert desk.calls() == [called]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_parsed(script: Path) -> None:
    subprocess.run(["/bin/sh", "-n", str(script)], check=True)  # noqa: S603


def test_the_secret_of_events_is_made_once(desk: Desk) -> None:
    assert desk.run("after_provision.sh").returncode == 0
    assert len(desk.calls("keyvault secret set", "kv-freshcoat", "event-secret")) == 1
    made = desk.calls_file.with_name("calls.secret").read_text()
    assert len(made) == 64, "48 random bytes"
    assert desk.run("after_provision.sh", SECRETS="event-secret").returncode == 0
    assert len(desk.calls("keyvault secret set")) == 1


def test_the_secret_is_never_shown(desk: Desk) -> None:
    done = desk.run("after_provision.sh")
    made = desk.calls_file.with_name("calls.secret").read_text()
    assert made not in done.stdout + done.stderr + desk.calls_file.read_text()


def test_without_places_no_rights_are_granted_and_the_reader_is_told_how(desk: Desk) -> None:
    done = desk.run("after_provision.sh")
    assert "POOL_GROUPS" in done.stdout
    assert desk.calls("deployment") == []
    refused = desk.run("grant_rights.sh")
    assert refused.returncode == 1
    assert "POOL_GROUPS" in refused.stderr


def test_with_places_the_rights_are_granted(desk: Desk) -> None:
    assert desk.run("after_provision.sh", SECRETS="event-secret", POOL_GROUPS=POOLS).returncode == 0
    (call,) = desk.calls("deployment sub create")
    assert "--parameters infra/rights.bicepparam" in call


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        ("grant_rights.sh", "FRESHCOAT_IDENTITY_PRINCIPAL"),
        ("grant_rights.sh", "AZURE_LOCATION"),
        ("after_provision.sh", "FRESHCOAT_VAULT"),
        ("graph_rights.sh", "FRESHCOAT_IDENTITY_PRINCIPAL"),
        ("give_role.sh", "FRESHCOAT_CLIENT_ID"),
    ],
)
def test_a_script_that_comes_too_early_says_what_to_run_first(desk: Desk, script: str, missing: str) -> None:
    done = desk.run(script, "admin", POOL_GROUPS=POOLS, **{missing: ""})
    assert done.returncode == 1
    assert done.stderr == f"{missing} is not set. Run `azd provision` first.\n"
    assert desk.changes() == []


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("grant_rights.sh", "+ az deployment sub create"),
        ("after_provision.sh", "+ az keyvault secret set"),
        ("graph_rights.sh", "+ az rest --method POST"),
        ("give_role.sh", "+ az rest --method POST"),
        ("after_down.sh", "+ az role definition delete"),
        ("app_registration.sh", "+ az ad app create"),
    ],
)
def test_a_dry_run_shows_what_would_be_done(desk: Desk, script: str, shown: str) -> None:
    assert shown in desk.run(script, "admin", POOL_GROUPS=POOLS, DRY_RUN="1").stderr


def test_what_if_changes_nothing_and_says_what_would_change(desk: Desk) -> None:
    assert desk.run("grant_rights.sh", POOL_GROUPS=POOLS, WHAT_IF="1").returncode == 0
    (call,) = desk.calls("deployment sub what-if")
    assert "--output none" not in call
    assert desk.changes() == []


def test_the_devices_right_is_granted_once_and_shown(desk: Desk) -> None:
    done = desk.run("graph_rights.sh")
    assert done.returncode == 0, done.stderr
    assert f"Granting Device.ReadWrite.All of Microsoft Graph to the identity {IDENTITY}" in done.stdout
    (call,) = desk.calls("--method POST")
    assert f'"principalId": "{IDENTITY}", "resourceId": "graph-1", "appRoleId": "role-device"' in call
    assert call.removeprefix("az ") in done.stderr
    again = desk.run("graph_rights.sh", HELD="role-device")
    assert "already" in again.stdout
    assert len(desk.calls("--method POST")) == 1


def test_intune_is_asked_for_by_a_word(desk: Desk) -> None:
    assert desk.run("graph_rights.sh", "intune", HELD="role-device").returncode == 0
    (call,) = desk.calls("--method POST")
    assert "role-intune" in call


@pytest.mark.parametrize("script", [script.name for script in SCRIPTS if script.name != "common.sh"])
def test_a_dry_run_changes_nothing(desk: Desk, script: str) -> None:
    arguments = ["admin"] if script == "give_role.sh" else []
    assert desk.run(script, *arguments, DRY_RUN="1", POOL_GROUPS=POOLS, STATE="NotRegistered").returncode == 0
    assert desk.changes() == []


def test_after_down_only_what_is_ours_goes(desk: Desk) -> None:
    done = desk.run("after_down.sh", POOL_GROUPS=POOLS, MACHINE_GROUPS=f"{POOLS},{POOLS}-b")
    assert done.returncode == 0, done.stderr
    (listed,) = desk.calls("role assignment list")
    assert IDENTITY in listed
    assert len(desk.calls("role assignment delete")) == 2
    (definitions,) = desk.calls("role definition list")
    assert "(prod)" in definitions
    assert desk.calls("role definition delete", "definition-1")
    assert desk.calls("ad app delete --id client-1")
    assert desk.calls("group delete") == []


def test_what_azd_forgets_is_kept_for_the_time_after(desk: Desk) -> None:
    assert desk.run("before_down.sh").returncode == 0
    assert desk.calls(f"azd env set REMOVED_PRINCIPAL {IDENTITY}")
    assert desk.calls("azd env set REMOVED_CLIENT_ID client-1")
    forgotten = {"FRESHCOAT_IDENTITY_PRINCIPAL": "", "FRESHCOAT_CLIENT_ID": ""}
    kept = {"REMOVED_PRINCIPAL": IDENTITY, "REMOVED_CLIENT_ID": "client-1"}
    assert desk.run("after_down.sh", POOL_GROUPS=POOLS, **forgotten, **kept).returncode == 0
    assert len(desk.calls("role assignment delete")) == 2
    assert desk.calls("ad app delete --id client-1")


def test_after_down_a_registration_of_yours_stays(desk: Desk) -> None:
    assert desk.run("after_down.sh", GIVEN_CLIENT_ID="client-1").returncode == 0
    assert desk.calls("ad app delete") == []
