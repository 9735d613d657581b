"""Tokens of Entra ID. Imported only where one is needed: azure-identity takes 0.1 s to load.

Who a program is, is asked in a fixed order: the environment, workload identity, the sign-in of `freshcoat login`, the
Azure CLI, azd. `DefaultAzureCredential` is not used: it also asks the metadata address, which hangs on laptops.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AuthenticationRecord,
    AzureCliCredential,
    AzureDeveloperCliCredential,
    CredentialUnavailableError,
    DeviceCodeCredential,
    EnvironmentCredential,
    InteractiveBrowserCredential,
    TokenCachePersistenceOptions,
    WorkloadIdentityCredential,
)

from freshcoat_cli.config.files import NAME, config_folder, write_private
from freshcoat_cli.config.profiles import Profile
from freshcoat_cli.errors import CliError, Exit, usage

SCOPE_VARIABLE = "FRESHCOAT_SCOPE"
_OTHERS = {
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",  # Azure Resource Manager
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",  # Key Vault
    "e406a681-f3d4-42a8-90b6-c2b029497af1",  # Storage
    "499b84ac-1321-427f-aa17-267ca6975798",  # Azure DevOps
    "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5",  # Log Analytics
    "022907d3-0f1b-48f7-badc-1ba6abab6d66",  # SQL Database
    "2746ea77-4702-4b45-80ca-3c97e680e8b7",  # Data Explorer
    "4962773b-9cdb-44cf-a8bf-237846a00ab7",  # Event Grid
}
"""Microsoft's own applications whose tokens would be worth stealing. Not all there are."""
_OF_MICROSOFT = ("-0000-0000-c000-000000000000", "-0000-0ff1-ce00-000000000000")
"""How the ids of the oldest ones end: Graph, Power BI, Exchange, SharePoint and others."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def token_for(profile: Profile) -> str:
    """A token for this Freshcoat. Raises CliError when nobody is signed in."""
    scope = checked_scope(profile)
    refused: list[str] = []
    for credential in _credentials(profile):
        try:
            return str(credential.get_token(scope).token)
        except CredentialUnavailableError:
            continue
        except ClientAuthenticationError as error:
            refused.append(_first_line(error))
    raise CliError(
        Exit.NOT_ALLOWED,
        f"You are not signed in to {profile.url}",
        *refused[:1],
        f"Sign in with: freshcoat login {profile.url}",
    )


def checked_scope(profile: Profile) -> str:
    """The scope to ask for. Raises CliError for one that is not the app's own.

    The app names it. Without this check an address that is not a Freshcoat could get a token for Azure itself.
    """
    scope = os.environ.get(SCOPE_VARIABLE) or profile.scope
    audience = scope.removesuffix("/.default")
    bare = audience.removeprefix("api://").lower()
    if not scope.endswith("/.default") or not _GUID.fullmatch(bare) or _is_microsofts(bare):
        raise CliError(
            Exit.NOT_ALLOWED,
            f"{profile.url} asks for a token of something else: {scope or 'nothing'}",
            "No token was sent. Check the address.",
        )
    return scope


def _is_microsofts(application: str) -> bool:
    return application in _OTHERS or application.endswith(_OF_MICROSOFT)


def _credentials(profile: Profile) -> Iterator[TokenCredential]:
    yield EnvironmentCredential()
    if os.environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        yield WorkloadIdentityCredential()
    if record := _record(profile):
        yield _browser(profile, record=record, disable_automatic_authentication=True)
    yield AzureCliCredential(tenant_id=profile.tenant)
    yield AzureDeveloperCliCredential(tenant_id=profile.tenant)


def sign_in(profile: Profile, *, device_code: bool, plain_cache: bool, say: Callable[[str], None]) -> str:
    """Let somebody sign in. Answers their name. Raises CliError."""
    scope = checked_scope(profile)
    credential = _device(profile, say, plain_cache) if device_code else _browser(profile, plain_cache=plain_cache)
    try:
        record = credential.authenticate(scopes=[scope])
    except ClientAuthenticationError as error:
        raise CliError(Exit.NOT_ALLOWED, "The sign-in did not succeed", _first_line(error)) from error
    except ValueError as error:  # msal-extensions: no keyring, and no plain file allowed
        raise usage(
            "There is no keyring to keep the sign-in", "Add --allow-plain-cache to keep it in a file."
        ) from error
    write_private(_path(profile), record.serialize())
    return str(record.username)


def forget(profile: Profile) -> None:
    """Forget who signed in. The cached token stays until it expires, and is used by nothing without the record."""
    _path(profile).unlink(missing_ok=True)


def _browser(profile: Profile, *, plain_cache: bool = False, **more: Any) -> InteractiveBrowserCredential:
    return InteractiveBrowserCredential(
        tenant_id=profile.tenant,
        client_id=profile.client_id.removeprefix("api://"),
        cache_persistence_options=_cache(plain_cache or "record" in more),
        **more,
    )


def _device(profile: Profile, say: Callable[[str], None], plain_cache: bool) -> DeviceCodeCredential:
    def prompt(address: str, code: str, _: object) -> None:
        say(f"Open {address} and type {code}")

    return DeviceCodeCredential(
        tenant_id=profile.tenant,
        client_id=profile.client_id.removeprefix("api://"),
        prompt_callback=prompt,
        cache_persistence_options=_cache(plain_cache),
    )


def _cache(plain: bool) -> TokenCachePersistenceOptions:
    return TokenCachePersistenceOptions(name=NAME, allow_unencrypted_storage=plain)


def _path(profile: Profile) -> Path:
    return config_folder() / f"sign-in-{hashlib.sha256(profile.url.encode()).hexdigest()[:16]}.json"


def _record(profile: Profile) -> AuthenticationRecord | None:
    try:
        return AuthenticationRecord.deserialize(_path(profile).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
