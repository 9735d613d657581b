"""Tokens of Entra ID: only for the app itself, from whoever is asked first, and never from a metadata address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError

from freshcoat_cli.client import entra
from freshcoat_cli.client.signing_in import Token, auth_of
from freshcoat_cli.config.profiles import Profile
from freshcoat_cli.errors import CliError

APP = "11111111-2222-4333-8444-555555555555"
PROFILE = Profile("prod", "https://prod.example", "entra", tenant="t", client_id=APP, scope=f"{APP}/.default")
NAMES = ("EnvironmentCredential", "WorkloadIdentityCredential", "AzureCliCredential", "AzureDeveloperCliCredential")


class Asked:
    """Credentials that answer as a test says, and who was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
        self.names: list[str] = []
        self.scopes: list[str] = []
        for name in (*NAMES, "InteractiveBrowserCredential"):
            answer = answers.get(name, CredentialUnavailableError("not here"))
            monkeypatch.setattr(entra, name, self._kind(name, answer))

    def _kind(self, name: str, answer: Any) -> Any:
        asked = self

        class Fake:
            def __init__(self, **_: Any) -> None:
                pass

            def get_token(self, scope: str) -> AccessToken:
                asked.names.append(name)
                asked.scopes.append(scope)
                if isinstance(answer, Exception):
                    raise answer
                return AccessToken(answer, 0)

        return Fake


@pytest.fixture(autouse=True)
def nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FRESHCOAT_CONFIG_DIR", str(tmp_path))
    for name in ("AZURE_FEDERATED_TOKEN_FILE", "FRESHCOAT_SCOPE"):
        monkeypatch.delenv(name, raising=False)
    yield


def test_who_is_asked_first_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, EnvironmentCredential="one", AzureCliCredential="two")
    assert Token(PROFILE).headers() == {"Authorization": "Bearer one"}
    assert (asked.names, asked.scopes) == (["EnvironmentCredential"], [f"{APP}/.default"])


def test_the_order_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/token")
    asked = Asked(monkeypatch, AzureDeveloperCliCredential="last")
    assert entra.token_for(PROFILE) == "last"
    assert asked.names == list(NAMES)


def test_where_nobody_is_signed_in_the_next_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Asked(monkeypatch, AzureCliCredential=ClientAuthenticationError("AADSTS700016: unknown app\nmore"))
    with pytest.raises(CliError) as refused:
        entra.token_for(PROFILE)
    assert refused.value.code == 4
    assert list(refused.value.lines) == ["AADSTS700016: unknown app", f"Sign in with: freshcoat login {PROFILE.url}"]


@pytest.mark.parametrize(
    "scope",
    [
        "https://management.azure.com/.default",
        "https://graph.microsoft.com/.default",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013/.default",
        "00000009-0000-0000-c000-000000000000/.default",
        "api://00000004-0000-0ff1-ce00-000000000000/.default",
        "api://00000003-0000-0000-c000-000000000000/.default",
        f"{APP}/user_impersonation",
        "",
    ],
)
def test_an_address_that_asks_for_a_token_of_something_else_gets_none(
    monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    asked = Asked(monkeypatch, AzureCliCredential="secret")
    with pytest.raises(CliError, match="something else"):
        entra.token_for(Profile("", "https://evil.example", "entra", scope=scope))
    assert asked.names == []


def test_the_metadata_address_is_never_asked() -> None:
    source = Path(entra.__file__).read_text()
    assert "import DefaultAzureCredential" not in source
    assert "ManagedIdentityCredential" not in source


def test_what_the_app_says_of_signing_in_is_kept() -> None:
    auth = {"kind": "entra", "tenants": ["t"], "client_id": APP, "scope": f"{APP}/.default", "authority": "x"}
    assert auth_of({"auth": auth}) == {"auth": "entra", "tenant": "t", "client_id": APP, "scope": f"{APP}/.default"}
    assert auth_of({"auth": {"kind": "development"}})["auth"] == "none"
