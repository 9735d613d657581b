"""Reads the caller from the headers of App Service authentication. The platform sets them, and removes a client's own.

Source: https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from shared.access.errors import NotSignedIn
from shared.access.tokens import LONGEST, name_in, roles_in
from shared.models.access.grants import PRINCIPAL_PATTERN
from shared.models.access.roles import Caller, CallerKind

HEADER = "x-ms-client-principal"

_TENANT = ("tid", "http://schemas.microsoft.com/identity/claims/tenantid")
_OBJECT = ("oid", "http://schemas.microsoft.com/identity/claims/objectidentifier")
_ROLE = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")


def caller_of_principal(header: str, tenants: frozenset[str]) -> Caller:
    """Who signed in. Raises NotSignedIn."""
    principal = _principal(header)
    claims = [claim for claim in principal.get("claims") or () if isinstance(claim, dict)]
    tenant, subject = _only(claims, _TENANT).lower(), _only(claims, _OBJECT).lower()
    who = f"{tenant}.{subject}"
    if principal.get("auth_typ") != "aad" or not re.fullmatch(PRINCIPAL_PATTERN, who):
        raise NotSignedIn("Sign in with Entra ID.")
    if tenant not in tenants:
        raise NotSignedIn("This tenant may not sign in here.")
    role_names = {*_ROLE, principal.get("role_typ")}
    roles = [claim.get("val") for claim in claims if claim.get("typ") in role_names]
    named = {str(claim.get("typ")): claim.get("val") for claim in claims}
    return Caller(kind=CallerKind.TOKEN, id=who, name=name_in(named) or subject, roles=roles_in(roles))


def _principal(header: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.b64decode(header[:LONGEST], validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise NotSignedIn("The sign-in of the platform cannot be read.") from error
    if not isinstance(found, dict) or not isinstance(found.get("claims") or [], list):
        raise NotSignedIn("The sign-in of the platform cannot be read.")
    return found


def _only(claims: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    found = {claim.get("val") for claim in claims if claim.get("typ") in names}
    (value,) = found if len(found) == 1 else ("",)
    return value if isinstance(value, str) else ""
