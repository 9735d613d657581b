"""What people send. Unknown fields are refused by name, and so is what an update keeps from the pool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.arm_ids import DEFINITION_PATTERN, HOST_POOL_PATTERN
from shared.models.base import Name, Value, VersionText
from shared.models.policy import PolicyOverrides, ScheduleMode
from shared.models.pools import Join, Ring

Moment = Annotated[str, StringConstraints(min_length=1, max_length=40)]
"""ISO 8601 date and time; without an offset it is local time in the request's zone."""

ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
"""IANA or Windows name of a time zone."""

HostPoolId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": HOST_POOL_PATTERN})]
DefinitionId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": DEFINITION_PATTERN})]
"""ARM ids; the use cases check their form, to say it in words."""

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


class ImageRegistration(Value):
    """A global image: a name for a gallery image definition (ARM id)."""

    definition_id: DefinitionId


class PoolRegistration(Value):
    """An AVD pooled host pool, the image it runs, and how its hosts join."""

    account: Name = "default"
    host_pool_id: HostPoolId
    image: Name
    ring: Ring = Ring.PRODUCTION
    time_zone: ZoneName = "UTC"
    join: Join
    policy: PolicyOverrides = PolicyOverrides()


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
    version: VersionText
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


class CancelRequest(Value):
    """How to stop. `leave`: hosts in work are finished, the rest stays as it is."""

    how: Literal["leave"] = "leave"


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
