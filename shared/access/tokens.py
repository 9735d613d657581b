"""Checks Entra ID access tokens: the signature, for whom they are, who asks, and its app roles.

Source: https://learn.microsoft.com/entra/identity-platform/access-tokens and …/access-token-claims-reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from shared.access.errors import NotSignedIn
from shared.caches.signing_keys import SigningKey
from shared.core.plain_text import one_line
from shared.models.access.roles import Caller, CallerKind, Role

ALGORITHM = "RS256"
REQUIRED = ("exp", "nbf", "iat", "aud", "iss", "tid", "oid", "ver")
LEEWAY = 60.0
"""Seconds by which clocks may differ."""
LONGEST = 16_384
"""Maximum length of a token in characters: what is checked must not cost more than it is worth."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMES = ("preferred_username", "upn", "unique_name", "name", "app_displayname", "azp", "appid")
"""Claims with a name for people, best first."""
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "The token has expired. Get a new one."),
    (jwt.ImmatureSignatureError, "The token is not valid yet. Check the clock of the computer that asked for it."),
    (jwt.InvalidAudienceError, "The token is for another application. Ask for one for this app."),
    (jwt.InvalidIssuerError, "The token was issued for a tenant that may not sign in here."),
    (jwt.MissingRequiredClaimError, "The token lacks a claim that every Entra ID access token has."),
)
_OF_ID_TOKENS = frozenset({"nonce", "c_hash", "at_hash"})
"""Claims that only ID tokens have: they say to a page who signed in, and let nobody in here."""
_CLIENT = frozenset({"azp", "appid"})
"""Claims of access tokens: the application that asked for it."""
_NOT_VALID = "The token is not a valid Entra ID access token."


@dataclass(frozen=True)
class TokenRules:
    """Which tokens count: for this audience, from these tenants (lower-case ids), issued under these addresses."""

    audience: str
    tenants: frozenset[str]
    issuers: tuple[str, ...]
    """Forms of the issuer by version of the token, with `{tenantid}`."""

    @classmethod
    def of(cls, audience: str, tenants: tuple[str, ...], endpoint: str) -> TokenRules:
        """The rules for an authority such as `https://login.microsoftonline.com`."""
        return cls(
            audience,
            frozenset(tenant.lower() for tenant in tenants),
            ("https://sts.windows.net/{tenantid}/", f"{endpoint.rstrip('/')}/{{tenantid}}/v2.0"),
        )

    def issuer(self, version: str, tenant: str) -> str | None:
        """The only issuer of tokens of this version (`1.0`, `2.0`) for the tenant. None for another version."""
        form = {"1.0": self.issuers[0], "2.0": self.issuers[1]}.get(version)
        return form.replace("{tenantid}", tenant) if form else None


def caller_of_token(token: str, rules: TokenRules, find_key: Callable[[str], SigningKey | None]) -> Caller:
    """Who sent the token. Raises NotSignedIn with a reason, and what `find_key` raises."""
    if len(token) > LONGEST:
        raise NotSignedIn("The token is too long.")
    key = _key(token, find_key)
    try:
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[ALGORITHM],
            audience=rules.audience,
            leeway=LEEWAY,
            options={"require": list(REQUIRED), "strict_aud": True, "verify_iss": False},
        )
    except jwt.PyJWTError as error:
        raise NotSignedIn(next((text for kind, text in _REASONS if isinstance(error, kind)), _NOT_VALID)) from error
    if _OF_ID_TOKENS & claims.keys() and not _CLIENT & claims.keys():
        raise NotSignedIn("This is an ID token. Send an access token for this app.")
    return _caller(claims, rules, key)


def _key(token: str, find_key: Callable[[str], SigningKey | None]) -> SigningKey:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise NotSignedIn(_NOT_VALID) from error
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(kid, str):
        raise NotSignedIn("The token is not signed as Entra ID signs.")
    found = find_key(kid)
    if found is None:
        raise NotSignedIn("The token is signed with a key that Entra ID does not publish. Sign in again.")
    return found


def _caller(claims: dict[str, Any], rules: TokenRules, key: SigningKey) -> Caller:
    tenant, subject = _id(claims["tid"]), _id(claims["oid"])
    issuer = claims["iss"]
    signs_for = key.issuer.replace("{tenantid}", tenant)
    if tenant not in rules.tenants or issuer != rules.issuer(str(claims["ver"]), tenant):
        raise NotSignedIn(_REASONS[3][1])
    if signs_for and signs_for != rules.issuer("2.0", tenant):
        raise NotSignedIn("The token is signed with a key of another issuer.")
    return Caller(
        kind=CallerKind.TOKEN,
        id=f"{tenant}.{subject}",
        name=name_in(claims) or subject,
        roles=roles_in(claims.get("roles", [])),
    )


def _id(given: object) -> str:
    text = given.lower() if isinstance(given, str) else ""
    if not _ID.fullmatch(text):
        raise NotSignedIn(_NOT_VALID)
    return text


def name_in(claims: dict[str, Any]) -> str:
    """A name for people: a claim that may change and proves nothing."""
    found = (claims.get(name) for name in _NAMES)
    return one_line(next((text for text in found if isinstance(text, str) and text), ""), 200)


def roles_in(given: object) -> frozenset[Role]:
    """Our roles among the app roles. Raises NotSignedIn unless they are a list of texts."""
    if not isinstance(given, list) or not all(isinstance(role, str) for role in given):
        raise NotSignedIn("The app roles in the token are not a list.")
    return frozenset(Role(role.lower()) for role in given if role.lower() in Role)
