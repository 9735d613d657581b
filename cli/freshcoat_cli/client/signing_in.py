"""How a request proves who sends it: nothing (a local run), an app key, or a token of Entra ID."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from freshcoat_cli.client.fields import OtherVersion
from freshcoat_cli.config.profiles import Profile
from freshcoat_cli.errors import CliError, Exit, usage

KEY_VARIABLE = "FRESHCOAT_KEY"
_DEVELOPMENT = {
    "FRESHCOAT_DEV_NAME": "x-dev-name",
    "FRESHCOAT_DEV_ROLE": "x-dev-role",
    "FRESHCOAT_DEV_ACCOUNTS": "x-dev-accounts",
}
"""In a local run these try another caller; elsewhere they mean nothing."""


class Credential(Protocol):
    """What a request carries."""

    def headers(self) -> Mapping[str, str]:
        """The headers of a request that is sent now. Raises CliError."""


class Nothing:
    """A local run knows its only user."""

    def headers(self) -> Mapping[str, str]:
        """Who the local user wants to be, if they say so."""
        return {header: value for name, header in _DEVELOPMENT.items() if (value := os.environ.get(name))}


@dataclass(frozen=True)
class Key:
    """An app key."""

    key: str

    def headers(self) -> Mapping[str, str]:
        """The key."""
        return {"x-freshcoat-key": self.key}


class Token:
    """A token of Entra ID, asked for when it is needed."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def headers(self) -> Mapping[str, str]:
        """The token, a new one when the last has expired."""
        from freshcoat_cli.client.entra import token_for  # noqa: PLC0415 - azure-identity takes 0.1 s to load

        return {"Authorization": f"Bearer {token_for(self._profile)}"}


def checked_key(text: str, where: str) -> str:
    """The key without blanks around it. Raises a usage error, without the key, for what no header can carry.

    The HTTP library would repeat such a header in its error, and so in the log of a pipeline.
    """
    key = text.strip()
    if not key or not (key.isascii() and key.isprintable()):
        raise usage(f"{where} holds no key.", "A key is one line of letters and digits. It is not shown here.")
    return key


def credential_of(profile: Profile) -> Credential:
    """What requests to this Freshcoat carry. Raises CliError when nobody is signed in there."""
    if key := os.environ.get(KEY_VARIABLE):
        return Key(checked_key(key, KEY_VARIABLE))
    if profile.auth == "none":
        return Nothing()
    if profile.auth == "entra":
        return Token(profile)
    from freshcoat_cli.client.secrets import read_key  # noqa: PLC0415 - keyring takes its time to load

    if key := read_key(profile.url):
        return Key(checked_key(key, "The kept key"))
    raise CliError(
        Exit.NOT_ALLOWED, f"You are not signed in to {profile.url}", f"Sign in with: freshcoat login {profile.url}"
    )


def auth_of(about: Mapping[str, Any]) -> dict[str, str]:
    """What a profile keeps of `GET /api/about`: how to sign in."""
    auth = about["auth"]
    kinds = {"entra": "entra", "key": "key", "development": "none"}
    if (kind := kinds.get(auth["kind"])) is None:
        raise OtherVersion(f"one signs in there by {auth['kind']}")
    tenant = next(iter(auth.get("tenants") or ()), "")
    found = {"auth": kind, "tenant": tenant, "client_id": auth.get("client_id", ""), "scope": auth.get("scope", "")}
    return {name: str(value) for name, value in found.items()}
