"""Says who the caller is and what they may, and to anybody what this app is and how to sign in."""

from __future__ import annotations

from shared.api.access import About, HowToSignIn, Me
from shared.core.names import RELEASE
from shared.core.settings import Settings
from shared.models.access.roles import Caller, Need, Reach, Role
from shared.services import Services


def introduce_caller(caller: Caller, reach: Reach) -> Me:
    """Who asks."""
    return Me(
        name=caller.name,
        id=caller.id,
        signed_in_by=caller.kind,
        roles=[role for role in Role if role in caller.roles],
        accounts=sorted(reach.accounts),
        may=[need for need in Need if need in caller.may],
    )


def introduce_app(services: Services) -> About:
    """What this app is. Holds nothing that a stranger must not know."""
    settings = services.settings
    return About(
        environment=settings.environment,
        version=RELEASE,
        simulated=settings.arm_endpoint.startswith("http://"),
        auth=how_to_sign_in(settings),
        now=services.now(),
    )


def how_to_sign_in(settings: Settings) -> HowToSignIn:
    """By what people and programs prove who they are."""
    if settings.dev_identity:
        return HowToSignIn(kind="development")
    if not (settings.entra_tenants and settings.entra_audience):
        return HowToSignIn(kind="key")
    audience = settings.entra_audience
    return HowToSignIn(
        kind="entra",
        tenants=settings.entra_tenants,
        client_id=audience,
        scope=f"{audience}/.default",
        authority=settings.entra_endpoint.rstrip("/"),
    )
