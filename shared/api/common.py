"""Shared by several resources: field types, pages, query parameters, schedules, errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.core.arm_ids import DEFINITION_PATTERN, HOST_POOL_PATTERN, SCOPE_PATTERN, SUBNET_PATTERN, VM_PATTERN
from shared.models.base import HOST_NAME_PATTERN, ONE_LINE, WHOLE, Value
from shared.models.findings import Finding
from shared.models.policy import MOST_HOSTS, ScheduleMode

Moment = Annotated[str, StringConstraints(min_length=1, max_length=40)]
"""ISO 8601 date and time. Without an offset it is local time in the request's zone."""

ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
"""IANA or Windows name of a time zone."""

HostPoolId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": HOST_POOL_PATTERN})]
DefinitionId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": DEFINITION_PATTERN})]
MachineId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": VM_PATTERN})]
ScopeId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": SCOPE_PATTERN})]
SubnetId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": SUBNET_PATTERN})]
"""ARM ids. The use cases check their form, so that errors are in words."""

SoakMinutes = Annotated[int, Field(ge=0, le=20_160), WHOLE]
"""Waiting time between two rings, at most two weeks."""

Reason = Annotated[str, StringConstraints(max_length=1_000), ONE_LINE]

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
"""Field names with which a caller may try to change the network or the VM size; lower case, `_` between words."""


HostName = Annotated[str, StringConstraints(pattern=HOST_NAME_PATTERN)]
"""Name of a session host, as the list of the pool's hosts has it. Its case does not matter."""
HostNames = Annotated[list[HostName], Field(max_length=MOST_HOSTS)]


class ScheduleRequest(Value):
    """When to update. Mode `now` takes no date, `at` takes `at`, `on_logoff` takes `deadline` and maybe `begin_at`.

    Dates without an offset are local time in `time_zone`. Default zone: the pool's.
    """

    mode: ScheduleMode
    at: Moment | None = None
    begin_at: Moment | None = None
    deadline: Moment | None = None
    time_zone: ZoneName | None = None


class NoBody(Value):
    """A request without fields. The body may be left out."""


class Query(BaseModel):
    """Parameters of a query string."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageQuery(Query):
    """One page of a list: its size and where it starts."""

    limit: Annotated[int, Field(ge=1, le=500), WHOLE] = 100
    continuation: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None


class WhatIfQuery(Query):
    """`what_if=true`: only show what would happen."""

    what_if: bool = False


class PlanQuery(WhatIfQuery):
    """How much of the plan is answered."""

    hosts_limit: Annotated[int, Field(ge=0, le=MOST_HOSTS), WHOLE] | None = None
    """With `what_if`: at most so many hosts, those that are first; left out: all."""


class UpdatePlanQuery(PlanQuery):
    """Whether the plan is checked, which takes seconds."""

    checks: bool = True
    """With `what_if`: `false` leaves the checks of Azure out, while somebody is still choosing."""


class Listed[V: Value](Value):
    """One page of a list. Send `continuation` to get the next page; null at the end."""

    items: list[V]
    continuation: str | None = None


class MayApprove(Value):
    """Whether the caller may approve what waits."""

    can: bool
    why: str | None = None
    """Why not. Null when they may."""


class Accepted(Value):
    """The request was received. The answer does not say whether it changed anything."""

    accepted: bool = True


class Health(Value):
    """`ok` when every check passes. `checks` says which one fails."""

    status: Literal["ok", "failing"]
    checks: dict[str, str]
    age_seconds: int | None = None
    """How long ago it was checked; null before the first check."""


class FieldError(Value):
    """One bad field, by its dotted path."""

    field: str
    message: str


class Problem(Value):
    """An error (RFC 9457, `application/problem+json`). `type` is for programs, `detail` for people.

    Fields with a default are only sent where they say something.
    """

    model_config = Value.model_config | ConfigDict(json_schema_serialization_defaults_required=False)

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    """All findings of a failed preflight check."""
    rollout: str = ""
    """Id of the rollout that blocks the request, if any."""
    task: str = ""
    """Id of the task that blocks the request, if any."""
    promotion: str = ""
    """Id of the scheduled promotion that blocks the request, if any."""
    plan: dict[str, Any] | None = None
    """What the request would do now, when that is not what it was agreed on."""
    sign_outs: int | None = None
    """How many people a command would sign out, when it allows fewer."""
    href: str = ""
    """Where that, or anything else that blocks the request, is read."""
    need: str = ""
    """What a role must be allowed for the request, if the caller's is not."""
    code: str = ""
    """Azure's error code, if Azure refused."""
    id: str = ""
    """Id of an unexpected error in the log."""
