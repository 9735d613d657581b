"""One update over many pools: requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.agreed_plans import AgreedPlan
from shared.api.common import Reason, ScheduleRequest, SoakMinutes
from shared.api.rollouts import PlanView
from shared.models.base import AskedVersion, Name, UtcTime, Value
from shared.models.messages import Message
from shared.models.policy import PolicyOverrides
from shared.models.pools import Ring
from shared.models.tasks import Gate, RingNumber


class RingPlanView(Value):
    """One ring of a fleet update: the plan of each of its pools at the time the ring starts."""

    ring: int
    begins_at: UtcTime | None
    """When the ring starts if the rings before go as expected, including soak time, and approval is given at once. Null
    when that cannot be estimated."""
    approval: bool
    """Whether a person must approve the ring first."""
    expected_end: UtcTime | None
    pools: list[PlanView]


class PoolsPlanView(Value):
    """What a fleet update requested now would do. Nothing was written."""

    image: str
    version: str
    gate: Gate
    soak_minutes: int
    id: str = ""
    """Hash of what it would do; a request may carry it as `plan`."""
    can_start: bool
    """Whether the request would be accepted: no pool of the first ring has a failed check."""
    problems: list[Message]
    """What would stop it, now or when its ring starts. Each names its pool, and has it as `href`."""
    rings: list[RingPlanView]
    approval: Message | None = None
    """That the request would wait for a second person, and which rings ask for one. Null when it would not."""
    to_update: int = 0
    """Hosts of all pools."""
    users_now: int = 0
    """Sessions on hosts that would be updated."""
    users_at_force: int = 0
    """Sessions that would be ended at `force_at` of their pool if nobody signed out before."""
    expected_end: UtcTime | None = None
    """End of all rings, with a soak time after each but the last. Null when it cannot be estimated."""


class PoolsFilter(Value):
    """Selects pools by account, ring and image; a pool must match all that are given."""

    account: Name | None = None
    ring: Ring | None = None
    image: Name | None = None


class PoolsChoice(Value):
    """Selects pools by `pools` (names) or by `filter`, and their rings.

    `rings` overrides the ring number of single pools (0 to 9). Default: test is 0, pilot 1, production 2. Default of
    `image`: the image that all these pools have.
    """

    pools: Annotated[list[Name], Field(min_length=1, max_length=500)] | None = None
    filter: PoolsFilter | None = None
    image: Name | None = None
    rings: Annotated[dict[Name, RingNumber], Field(max_length=200)] = Field(default_factory=dict)


class UpdatePoolsRequest(PoolsChoice, AgreedPlan):
    """Update Image on many pools as one task, ring by ring, starting with ring 0.

    The next ring starts when all rollouts of the previous ring have succeeded, `soak_minutes` have passed and, with
    `gate: approve`, a person has approved it. `schedule` applies to the first ring; a later ring gets as much time, or
    the same time of day. The windows of each pool apply.
    """

    version: AskedVersion
    schedule: ScheduleRequest
    policy: PolicyOverrides = PolicyOverrides()
    soak_minutes: SoakMinutes = 60
    gate: Gate = Gate.AUTO
    reason: Reason = ""
    allow_downgrade: bool = False
