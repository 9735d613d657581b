"""The caps of an account: how much of it may begin within an hour, and how much has begun."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.models.base import WHOLE, Name, Part, Record, UtcTime

MOST_POOLS = 200
"""Largest cap of pools. The pools of an hour are columns of one row, which must stay small."""
HostsPerHour = Annotated[int, Field(ge=1, le=10_000), WHOLE]
SignOutsPerHour = Annotated[int, Field(ge=1, le=100_000), WHOLE]
PoolsPerHour = Annotated[int, Field(ge=1, le=MOST_POOLS), WHOLE]


class CapUse(Part):
    """What has begun lately. Hosts and sign-outs are counted per five minutes, by when these began (epoch seconds)."""

    hosts: dict[int, int] = Field(default_factory=dict)
    sign_outs: dict[int, int] = Field(default_factory=dict)
    pools: dict[str, UtcTime] = Field(default_factory=dict)
    """Pool -> when a host was begun or somebody signed out there last."""


class CapOverride(Part):
    """Until when the caps do not hold anything up, and why."""

    until: UtcTime | None = None
    reason: str = ""
    by: str = ""


class Caps(Record):
    """Set by an admin for an account. None: no cap. Every way in which hosts are begun meets them."""

    account: Name
    hosts_per_hour: HostsPerHour | None = None
    """Hosts begun."""
    sign_outs_per_hour: SignOutsPerHour | None = None
    """Sessions ended."""
    pools_per_hour: PoolsPerHour | None = None
    """Different pools in which hosts are begun or people signed out."""
    used: CapUse = CapUse()
    used_back: CapUse = CapUse()
    """Use by roll-backs, which has caps of the same size of its own."""
    override: CapOverride = CapOverride()
    changed_by: str = ""
    changed_by_id: str = ""
    """The id of the caller who set them."""
    changed_at: UtcTime
