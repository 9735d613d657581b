"""Gives an Azure resource to one registration, by one conditional row: of many requests at once exactly one gets it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from math import ceil

from shared.core.arm_ids import comparable
from shared.core.errors import AzureBusy, Conflict, FreshcoatError
from shared.core.wording import free_again
from shared.models.resource_claims import ClaimedKind, ResourceClaim
from shared.records.change import add_or_change
from shared.services import Services

_log = logging.getLogger(__name__)

CLAIM_GRACE = timedelta(seconds=30)
"""How long a claim holds without a registration: longer than any write takes (`tables/open.py`), so one that is not
there by then was interrupted."""

_BEING_CLAIMED = {
    ClaimedKind.HOST_POOL: "This host pool is just being registered, as pool {}.",
    ClaimedKind.DEFINITION: "This image definition is just being registered, as image {}.",
}
_REFUSED = {
    ClaimedKind.HOST_POOL: "This host pool is already registered as pool {}. Use that pool.",
    ClaimedKind.DEFINITION: "This image definition is registered already, as image {}.",
}


_OF_OTHERS = {
    ClaimedKind.HOST_POOL: "This host pool is already registered, for another account.",
    ClaimedKind.DEFINITION: "This image definition is registered already, for another account.",
}
_BEING_CLAIMED_BY_OTHERS = "It is just being registered by somebody else."


def refused(kind: ClaimedKind, holder: str, *, seen: bool) -> Conflict:
    """The error for a resource that another registration has. `seen`: whether the caller may see that one."""
    return Conflict(_REFUSED[kind].format(holder) if seen else _OF_OTHERS[kind])


def _being_claimed(kind: ClaimedKind, holder: str, left: int, *, seen: bool) -> Conflict:
    text = _BEING_CLAIMED[kind].format(holder) if seen else _BEING_CLAIMED_BY_OTHERS
    return Conflict(f"{text} {free_again(left)}", retry_after=left)


@contextmanager
def claimed(
    services: Services,
    kind: ClaimedKind,
    resource: str,
    name: str,
    has_it: Callable[[str], bool],
    sees: Callable[[str], bool],
) -> Iterator[None]:
    """Hold the resource for the registration `name`, which is written in the block.

    `has_it`: whether the registration with a name has the resource now. `sees`: whether the caller may be told that
    name. If the block raises an expected error and the
    registration does not have the resource, the claim is given back. Raises Conflict when another one holds it, or is
    about to get it: then the error says when it is free; AzureBusy.
    """
    now = services.now()
    ours = ResourceClaim(kind=kind, resource=comparable(resource), holder=name, at=now)

    def take_over(there: ResourceClaim) -> ResourceClaim | None:
        if there.holder != name and has_it(there.holder):
            raise refused(kind, there.holder, seen=sees(there.holder))
        if there.holder == name and has_it(name):
            return None
        left = ceil((there.at + CLAIM_GRACE - now).total_seconds())
        if there.holder != name and left > 0:
            raise _being_claimed(kind, there.holder, left, seen=sees(there.holder))
        return ours.written_over(there)

    try:
        add_or_change(services.claims, (kind, ours.resource), ours, take_over, describe=kind.replace("_", " "))
    except AzureBusy:  # perhaps only the response was lost
        there = services.claims.find(kind, ours.resource)
        if there is None or there.holder != name:
            raise
    try:
        yield
    except FreshcoatError:
        if not has_it(name):
            give_back(services, kind, resource, name)
        raise


def give_back(services: Services, kind: ClaimedKind, resource: str, name: str) -> None:
    """Free the resource if this registration holds it. A claim that cannot be removed is taken over later."""
    try:
        there = services.claims.find(kind, comparable(resource))
        if there is not None and there.holder == name:
            services.claims.remove(there)
    except FreshcoatError as error:
        _log.warning("The claim of %s on a %s could not be removed: %s", name, kind, error)
