"""One update over many pools: requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.common import Reason, ScheduleRequest, SoakMinutes
from shared.api.rollouts import PlanView
from shared.models.base import AskedVersion, Name, UtcTime, Value
from shared.models.policy import PolicyOverrides
from shared.models.pools import Ring
from shared.models.tasks import Gate, RingNumber


class RingPlanView(Value):
    """One ring of a job over many pools: what would happen with each of its pools, its moments as they then are."""

    ring: int
    begins_at: UtcTime | None
    """When it begins if all goes as expected before, soak included, and approval is given at once; null when nobody can
    say."""
    approval: bool
    """Whether a person has to approve it first."""
    expected_end: UtcTime | None
    pools: list[PlanView]


class PoolsPlanView(Value):
    """What a job over many pools would do, had it been asked for now. Nothing was written."""

    image: str
    version: str
    gate: Gate
    soak_minutes: int
    can_start: bool
    """Whether it would be accepted: no finding forbids a pool of the first ring."""
    problems: list[str]
    """What would stop it, now or when the ring's turn comes, each naming its pool."""
    rings: list[RingPlanView]
    to_update: int = 0
    """Hosts of all pools."""
    users_now: int = 0
    """Sessions on hosts that would be updated."""
    users_at_force: int = 0
    """Sessions that would be ended, each at its own pool's `force_at`, if nobody logged off before."""
    expected_end: UtcTime | None = None
    """All of it, with a soak after each ring but the last; null when nobody can say."""


class PoolsFilter(Value):
    """Pools of this account, ring and image: those that are given must all be so."""

    account: Name | None = None
    ring: Ring | None = None
    image: Name | None = None


class PoolsChoice(Value):
    """Which pools: by `pools` (names) or by `filter`; in which rings.

    `rings` gives pools (0 to 9) another place than that of their own ring: test is 0, pilot 1, production 2. `image`
    left out: the one that all these pools have.
    """

    pools: Annotated[list[Name], Field(min_length=1, max_length=500)] | None = None
    filter: PoolsFilter | None = None
    image: Name | None = None
    rings: Annotated[dict[Name, RingNumber], Field(max_length=500)] = Field(default_factory=dict)


class UpdatePoolsRequest(PoolsChoice):
    """Update Image on many pools, as one task: ring 0 first, each ring when the one before has proved itself.

    The next ring begins when all rollouts of the one before have succeeded and `soak_minutes` have passed, and, with
    `gate: approve`, a person has approved it. `schedule` is that of the first ring; each later one is given as long,
    or the same time of day. Every pool's own windows hold.
    """

    version: AskedVersion
    schedule: ScheduleRequest
    policy: PolicyOverrides = PolicyOverrides()
    soak_minutes: SoakMinutes = 60
    gate: Gate = Gate.AUTO
    reason: Reason = ""
    allow_downgrade: bool = False
