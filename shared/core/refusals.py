"""What a refusal by Azure means: whether it may pass, what people are told, and how long to wait. Pure.

Codes and texts come from Azure's pages about allocation and quota errors, and from issues in public repositories.
"""

from __future__ import annotations

import re
from enum import StrEnum

from shared.core.errors import AzureError, AzureNotFound


class Refusal(StrEnum):
    """Why Azure refused."""

    NO_CAPACITY = "no_capacity"
    SIZE_NOT_OFFERED = "size_not_offered"
    QUOTA = "quota"
    NIC_RESERVED = "nic_reserved"
    NO_IMAGE = "no_image"
    POLICY = "policy"
    LOCKED = "locked"
    NOT_ALLOWED = "not_allowed"
    """The request itself cannot be fulfilled, for instance a property that must not change."""
    NOT_FOUND = "not_found"
    OTHER = "other"
    """Not known: another attempt may succeed."""


_BY_CODE = {
    "allocationfailed": Refusal.NO_CAPACITY,
    "zonalallocationfailed": Refusal.NO_CAPACITY,
    "overconstrainedallocationrequest": Refusal.NO_CAPACITY,
    "overconstrainedzonalallocationrequest": Refusal.NO_CAPACITY,
    "skunotavailable": Refusal.SIZE_NOT_OFFERED,
    "quotaexceeded": Refusal.QUOTA,
    "nicreservedforanothervm": Refusal.NIC_RESERVED,
    "imagenotfound": Refusal.NO_IMAGE,
    "platformimagenotfound": Refusal.NO_IMAGE,
    "galleryimagenotfound": Refusal.NO_IMAGE,
    "requestdisallowedbypolicy": Refusal.POLICY,
    "scopelocked": Refusal.LOCKED,
    "propertychangenotallowed": Refusal.NOT_ALLOWED,
}

MAY_PASS = frozenset({
    Refusal.NO_CAPACITY, Refusal.SIZE_NOT_OFFERED, Refusal.QUOTA, Refusal.NIC_RESERVED, Refusal.NO_IMAGE,
})  # fmt: skip
"""A VM that was deleted, and cannot be created again for such a reason, is tried for long."""
FINAL = frozenset({
    Refusal.QUOTA, Refusal.NO_IMAGE, Refusal.POLICY, Refusal.LOCKED, Refusal.NOT_ALLOWED, Refusal.NOT_FOUND,
})  # fmt: skip
"""Another attempt minutes later would be refused too."""

_WORDS = {
    Refusal.NO_CAPACITY: "Azure has no capacity for this VM size in the region or zone at the moment",
    Refusal.SIZE_NOT_OFFERED: "Azure does not offer this VM size to the subscription in the region or zone now",
    Refusal.QUOTA: "the subscription's core quota is used up: ask Azure for a higher quota, or switch off other VMs",
    Refusal.NIC_RESERVED: "Azure reserves the network card for another VM for some minutes",
    Refusal.NO_IMAGE: "Azure does not find the image version: check that it exists and is replicated to the region",
    Refusal.POLICY: "an Azure policy forbids it: change the policy, or exempt the resource group",
    Refusal.LOCKED: "a lock forbids it: remove the lock",
    Refusal.NOT_ALLOWED: "Azure does not allow this change",
    Refusal.NOT_FOUND: "Azure does not find what it needs",
    Refusal.OTHER: "",
}

FIRST_PAUSE = 30.0
"""Seconds before the second attempt; each further pause is four times as long."""
_HELD_PAUSE = {Refusal.NIC_RESERVED: 180.0, Refusal.SIZE_NOT_OFFERED: 900.0}
_USUAL_HELD_PAUSE = 300.0
_LONGEST_PAUSE = 1_800.0
LONGEST_NAMED = 86_400.0
"""Seconds. Nothing that Azure asks for is waited for longer."""
_NAMED = re.compile(r"\b(?:retry|again)\b[^.]*?\bafter (\d+) seconds?\b", re.IGNORECASE)


def refusal_of(error: Exception) -> Refusal:
    """What kind of refusal this is; OTHER also for an error that is not Azure's."""
    if not isinstance(error, AzureError):
        return Refusal.OTHER
    if known := _BY_CODE.get(error.code.lower()):
        return known
    if error.code.lower() == "operationnotallowed" and "quota" in error.message.lower():
        return Refusal.QUOTA
    return Refusal.NOT_FOUND if isinstance(error, AzureNotFound) else Refusal.OTHER


def words_of(refusal: Refusal) -> str:
    """What people are told: what happened and, where they can do something, what. Empty for OTHER."""
    return _WORDS[refusal]


def named_seconds(error: Exception) -> float | None:
    """The pause that Azure asks for, by Retry-After or in its text ("retry after 180 seconds"). None without one."""
    if not isinstance(error, AzureError):
        return None
    if error.retry_after is not None:
        return min(error.retry_after, LONGEST_NAMED)
    found = _NAMED.search(error.message)
    return min(float(found[1]), LONGEST_NAMED) if found else None


def pause_after_attempt(attempt: int, error: Exception) -> float:
    """Seconds until the next attempt, after this one (counted from 1) failed."""
    return named_seconds(error) or FIRST_PAUSE * 4.0 ** (attempt - 1)


def pause_while_held(tries: int, error: Exception) -> float:
    """Seconds until a lost VM is created again, after so many refusals in a row."""
    refusal = refusal_of(error)
    if refusal is Refusal.NIC_RESERVED:
        return named_seconds(error) or _HELD_PAUSE[refusal]
    first = named_seconds(error) or _HELD_PAUSE.get(refusal, _USUAL_HELD_PAUSE)
    return min(first * 2.0 ** min(tries - 1, 10), _LONGEST_PAUSE)
