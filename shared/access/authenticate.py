"""Finds out who sent a request: by a token, an app key, a signature, App Service authentication, or a local run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.access import principal_header
from shared.access.app_keys import caller_of_key
from shared.access.development import development_caller
from shared.access.errors import NotAllowed, NotSignedIn
from shared.access.event_keys import known_event_keys
from shared.access.event_signature import SIGNATURE_HEADER, caller_of_signature
from shared.access.principal_header import caller_of_principal
from shared.access.tokens import TokenRules, caller_of_token
from shared.models.access.roles import Caller
from shared.records.access import known_keys
from shared.services import Services

KEY_HEADER = "x-freshcoat-key"
_SCHEME = "bearer"
_OWN_SITE = "same-origin"


def caller_of(services: Services, headers: Mapping[str, str], body: Callable[[], bytes], *, writes: bool) -> Caller:
    """Who sent the request. `headers` are found whatever their case.

    The first proof that the request brings decides alone: a bad one is not made good by another. Raises NotSignedIn,
    NotAllowed for a write that another site's page may have sent, and AzureBusy while no signing key is known.
    """
    settings = services.settings
    if authorization := headers.get("Authorization"):
        return _of_authorization(services, authorization)
    if key := headers.get(KEY_HEADER):
        return caller_of_key(key, known_keys(services), services.now())
    if headers.get(SIGNATURE_HEADER):
        secrets = (settings.event_secret, settings.event_secret_before)
        return caller_of_signature(headers, body(), secrets, known_event_keys(services).get, services.now())
    principal = headers.get(principal_header.HEADER) if settings.trust_principal else None
    if principal:
        if writes:
            _check_site(headers.get("Sec-Fetch-Site") or "")
        return caller_of_principal(principal, token_rules(services).tenants)
    if settings.dev_identity:
        if writes:  # a browser always says it, and a program never does
            _check_site(headers.get("Sec-Fetch-Site") or _OWN_SITE)
        return development_caller(settings.dev_identity, headers)
    raise NotSignedIn("Send an Entra ID token (Authorization: Bearer …) or an app key (x-freshcoat-key).")


def _check_site(site: str) -> None:
    """Raises NotAllowed unless the app's own page, or the person, sent the request."""
    if site not in {_OWN_SITE, "none"}:
        raise NotAllowed("A page of another site may have sent this request. Send a token, or use the console.")


def _of_authorization(services: Services, authorization: str) -> Caller:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != _SCHEME:
        raise NotSignedIn("Send the header Authorization as: Bearer, a space, the token.")
    rules = token_rules(services)
    if not (rules.tenants and rules.audience):
        raise NotSignedIn("This app takes no Entra ID tokens: it has no tenants and audience in its settings.")
    return caller_of_token(token.strip(), rules, services.signing_keys.find)


def token_rules(services: Services) -> TokenRules:
    """The rules for tokens, from the settings."""
    settings = services.settings
    return TokenRules.of(settings.entra_audience, settings.entra_tenants, settings.entra_endpoint)
