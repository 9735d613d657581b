"""The app registration that the script makes is the one that the template would make."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.infra.desk import IDENTITY, SUBSCRIPTION, Desk
from tests.infra.templates import INFRA

SCRIPT = "app_registration.sh"
URL = "https://app.example"


def sent(desk: Desk, option: str) -> list[dict[str, Any]]:
    """The JSON that was given with an option, call by call."""
    calls = re.split(r"^(?=az |azd )", desk.calls_file.read_text(), flags=re.MULTILINE)
    return [json.loads(call.partition(option)[2]) for call in calls if option in call]


def test_a_new_registration_has_roles_scope_and_a_principal(desk: Desk) -> None:
    done = desk.run(SCRIPT, PRINCIPAL="")
    assert done.returncode == 0, done.stderr
    (made,) = desk.calls("ad app create")
    assert "--display-name Freshcoat (prod) --sign-in-audience AzureADMyOrg" in made
    assert "--is-fallback-public-client true --public-client-redirect-uris http://localhost" in made
    assert desk.calls("ad sp create --id client-new")
    assert desk.calls("ad app update --id client-new --app-roles @infra/generated/app_roles.json")
    (body,) = sent(desk, "--body ")
    assert body == {"signInAudience": "AzureADMyOrg", "api": json.loads((INFRA / "api.json").read_text())}
    assert desk.calls("azd env set GIVEN_CLIENT_ID client-new")


def test_once_the_app_is_there_its_addresses_and_its_identity_are_named(desk: Desk) -> None:
    assert desk.run(SCRIPT, GIVEN_CLIENT_ID="client-2", FRESHCOAT_URL=URL).returncode == 0
    assert desk.calls("ad app create") == []
    _, addresses = sent(desk, "--body ")
    assert addresses == {
        "spa": {"redirectUris": [f"{URL}/console/"]},
        "web": {
            "redirectUris": [f"{URL}/.auth/login/aad/callback"],
            "implicitGrantSettings": {"enableIdTokenIssuance": True},
        },
    }
    (trust,) = sent(desk, "--parameters ")
    assert trust == {
        "name": "app-identity",
        "audiences": ["api://AzureADTokenExchange"],
        "issuer": "https://login.microsoftonline.com/tenant-1/v2.0",
        "subject": IDENTITY,
    }


def test_the_template_says_the_same(desk: Desk) -> None:
    desk.run(SCRIPT, GIVEN_CLIENT_ID="client-2", FRESHCOAT_URL=URL)
    template = (INFRA / "modules/entra.bicep").read_text()
    (trust,) = sent(desk, "--parameters ")
    assert f"audiences: [ '{trust['audiences'][0]}' ]" in template
    assert "implicitGrantSettings: { enableIdTokenIssuance: true }" in template
    assert "isFallbackPublicClient: true" in template


def test_an_earlier_run_that_ended_half_way_is_completed(desk: Desk) -> None:
    assert desk.run(SCRIPT, REGISTERED="client-2", PRINCIPAL="").returncode == 0
    assert desk.calls("ad app create") == []
    assert desk.calls("ad sp create --id client-2")


def test_a_repeated_run_makes_nothing_twice(desk: Desk) -> None:
    assert desk.run(SCRIPT, REGISTERED="client-2", TRUST="app-identity", FRESHCOAT_URL=URL).returncode == 0
    assert [call for call in desk.calls() if " create " in f"{call} "] == []


def test_several_tenants_make_it_one_for_several(desk: Desk) -> None:
    desk.run(SCRIPT, REGISTERED="client-2", ENTRA_TENANTS=f"{SUBSCRIPTION},{IDENTITY}")
    assert sent(desk, "--body ")[0]["signInAudience"] == "AzureADMultipleOrgs"


@pytest.mark.parametrize("call", ["ad app create", "ad app list", "PATCH"])
def test_without_the_right_it_ends_with_the_error_and_keeps_nothing(desk: Desk, call: str) -> None:
    done = desk.run(SCRIPT, FAIL=call)
    assert done.returncode != 0
    assert "AuthorizationFailed" in done.stderr
    assert desk.calls("azd env set") == []
