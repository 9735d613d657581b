"""What people send. Unknown fields are refused by name, and so is what an update keeps from the pool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.core.arm_ids import DEFINITION_PATTERN, HOST_POOL_PATTERN, MACHINE_PATTERN, SUBNET_PATTERN
from shared.models.accounts import DEFAULT_ACCOUNT
from shared.models.base import AskedVersion, Name, Value
from shared.models.images import Notes, Retention, TargetRegion
from shared.models.policy import PolicyOverrides, ScheduleMode
from shared.models.pools import Join, Refresh, Ring
from shared.models.tasks import CancelHow, Gate, RingNumber

Moment = Annotated[str, StringConstraints(min_length=1, max_length=40)]
"""ISO 8601 date and time; without an offset it is local time in the request's zone."""

ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
"""IANA or Windows name of a time zone."""

HostPoolId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": HOST_POOL_PATTERN})]
DefinitionId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": DEFINITION_PATTERN})]
MachineId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": MACHINE_PATTERN})]
SubnetId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": SUBNET_PATTERN})]
"""ARM ids; the use cases check their form, to say it in words."""

SoakMinutes = Annotated[int, Field(ge=0, le=20_160)]
"""Up to two weeks between two rings."""

Reason = Annotated[str, StringConstraints(max_length=1_000)]

KEPT_FROM_THE_POOL = frozenset(
    {
        "hardware_profile",
        "network",
        "network_interface",
        "nic",
        "size",
        "sku",
        "subnet",
        "subnet_id",
        "virtual_network",
        "vm_instance",
        "vm_instance_selection",
        "vm_instance_type",
        "vm_size",
        "vnet",
    }
)
"""Names (lower case, `_` between words) under which somebody may try to change the network or the VM size."""


class AccountRegistration(Value):
    """A customer. `time_zone` is that of its pools that name none."""

    title: Annotated[str, StringConstraints(max_length=200)] = ""
    time_zone: ZoneName = "UTC"


class ImageRegistration(Value):
    """A global image: a name for a gallery image definition, and the VM it is built from (ARM ids).

    `accounts` left out or null: every account may use it. `active` is the version that is in use now, if it is not
    the newest one that "latest" would give; it counts when the image is registered for the first time.
    """

    definition_id: DefinitionId
    template_vm_id: MachineId | None = None
    build_subnet_id: SubnetId | None = None
    accounts: Annotated[list[Name], Field(max_length=1_000)] | None = None
    retention: Retention = Retention()
    active: AskedVersion | None = None


class PoolRegistration(Value):
    """An AVD pooled host pool, the image it runs, and how its hosts join."""

    account: Name = DEFAULT_ACCOUNT
    host_pool_id: HostPoolId
    image: Name
    ring: Ring = Ring.PRODUCTION
    time_zone: ZoneName | None = None
    """Left out: the account's."""
    join: Join
    policy: PolicyOverrides = PolicyOverrides()
    refresh: Refresh = Refresh.OFF
    """`after_logoff`: hosts that were used are re-imaged to the pool's version after their last session; `daily`: those
    used before today. Inside windows, floor and limits of `policy`; nobody is signed out for it."""


class ScheduleRequest(Value):
    """When. `now`: no date. `at`: `at`. `on_logoff`: `deadline`, and `begin_at` if not now.

    Dates without an offset are local time in `time_zone`, the pool's own zone when left out.
    """

    mode: ScheduleMode
    at: Moment | None = None
    begin_at: Moment | None = None
    deadline: Moment | None = None
    time_zone: ZoneName | None = None


class UpdateImageRequest(Value):
    """Update Image: which version, when, how carefully. `image` left out: the pool's own."""

    image: Name | None = None
    version: AskedVersion
    schedule: ScheduleRequest
    policy: PolicyOverrides = PolicyOverrides()
    reason: Reason = ""
    allow_downgrade: bool = False


class Reschedule(Value):
    """Move what is still ahead. A rollout of mode `at` takes `at`; one of mode `on_logoff` `begin_at`, `deadline`."""

    at: Moment | None = None
    begin_at: Moment | None = None
    deadline: Moment | None = None
    time_zone: ZoneName | None = None


class SetAsImageRequest(Value):
    """Make a new version from the template VM.

    `power_off` is "Power off & set as image". `stage`: used by nobody until it is activated. `step` raises that part
    of the highest version there is; `version` names it instead. `regions` left out: those of the active version and
    of the hosts of the image's pools; only the form of their names is checked here.
    """

    power_off: bool = False
    stage: bool = True
    backup: bool = True
    step: Literal["major", "minor", "patch"] | None = None
    version: AskedVersion | None = None
    notes: Notes = ""
    regions: Annotated[list[TargetRegion], Field(min_length=1, max_length=50)] | None = None


class StageRequest(Value):
    """Stage a version that is in the gallery already."""

    version: AskedVersion
    notes: Notes = ""


class VerdictRequest(Value):
    """What came of testing a staged version."""

    result: Literal["passed", "failed"]
    note: Notes = ""


class PoolsUpdateRequest(Value):
    """Which pools are updated with it: `none`, `all` that have the image, or these; how, and in which rhythm.

    Rings go one after the other (test, pilot, production): the next one begins `soak_minutes` after all rollouts of
    the one before have succeeded. `schedule` is needed unless `update_pools` is `none`.
    """

    update_pools: Literal["none", "all"] | Annotated[list[Name], Field(min_length=1, max_length=500)] = "none"
    schedule: ScheduleRequest | None = None
    policy: PolicyOverrides = PolicyOverrides()
    soak_minutes: SoakMinutes = 60
    reason: Reason = ""


class ActivateRequest(PoolsUpdateRequest):
    """Activate a staged version. `version` left out: the one that is staged.

    `backup` left out: as was chosen when it was staged, which is yes unless said otherwise. `force`: although its
    test has failed.
    """

    version: AskedVersion | None = None
    backup: bool | None = None
    force: bool = False


class RollBackRequest(PoolsUpdateRequest):
    """Make a backup the active version again. `version` left out: the highest backup below the active version.

    Rings follow each other without a soak unless one is asked for: the version has proved itself before.
    """

    version: AskedVersion | None = None
    soak_minutes: SoakMinutes = 0


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


class ApproveRingRequest(Value):
    """Let the next ring begin. `ring` left out: the one that waits; given, no other is approved by mistake."""

    ring: RingNumber | None = None


class CancelTaskRequest(Value):
    """How to stop a task. `leave`: nothing more is begun. `roll_back`, of a job over many pools: its pools go back."""

    how: CancelHow = CancelHow.LEAVE


class PromotionMoment(Value):
    """When: `at` a date and time, or so many days after the version was staged, at the same time of day."""

    at: Moment | None = None
    days_after_staging: Annotated[int, Field(ge=0, le=730)] | None = None
    time_zone: ZoneName | None = None
    """Zone of `at` and of the days; left out: UTC, or that of the promotion that is moved."""


class PromotionRequest(ActivateRequest, PromotionMoment):
    """Schedule an activation."""

    image: Name


class CancelRequest(Value):
    """How to stop. `leave`: hosts in work are finished, the rest stays as it is. `roll_back`: everything goes back."""

    how: CancelHow = CancelHow.LEAVE


class RetryRequest(Value):
    """Take once more what has failed. `schedule` is for a rollout that has ended; left out: now."""

    schedule: ScheduleRequest | None = None


class RollBackPoolRequest(Value):
    """Take a pool back to its previous version; now, unless `schedule` says otherwise.

    No first hosts are waited for, `windows` of the pool do not bind, and failures stop nothing, unless `policy` says
    otherwise. An update that runs goes back by its own schedule and policy.
    """

    schedule: ScheduleRequest = ScheduleRequest(mode=ScheduleMode.NOW)
    policy: PolicyOverrides = PolicyOverrides()
    reason: Reason = ""


class NoBody(Value):
    """A request that needs no fields: the body may be left out."""


class LogoffEvent(Value):
    """A session ended on a host: a hint to look now. More fields may come along and are not read.

    The other form that is taken is Azure Monitor's common alert schema, the host being a dimension.
    """

    model_config = Value.model_config | {"extra": "ignore"}

    host: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    vm_id: Annotated[str, Field(max_length=1_000)] | None = None
    session_id: int | str | None = None
    utc: Moment
