"""What several resources share: field types, pages, query parameters, schedules, errors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.core.arm_ids import DEFINITION_PATTERN, HOST_POOL_PATTERN, SUBNET_PATTERN, VM_PATTERN
from shared.models.base import Value
from shared.models.findings import Finding
from shared.models.policy import ScheduleMode

Moment = Annotated[str, StringConstraints(min_length=1, max_length=40)]
"""ISO 8601 date and time; without an offset it is local time in the request's zone."""

ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
"""IANA or Windows name of a time zone."""

HostPoolId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": HOST_POOL_PATTERN})]
DefinitionId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": DEFINITION_PATTERN})]
MachineId = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": VM_PATTERN})]
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


class ScheduleRequest(Value):
    """When. `now`: no date. `at`: `at`. `on_logoff`: `deadline`, and `begin_at` if not now.

    Dates without an offset are local time in `time_zone`, the pool's own zone when left out.
    """

    mode: ScheduleMode
    at: Moment | None = None
    begin_at: Moment | None = None
    deadline: Moment | None = None
    time_zone: ZoneName | None = None


class NoBody(Value):
    """A request that needs no fields: the body may be left out."""


class Query(BaseModel):
    """Parameters of a query string."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    continuation: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None


class WhatIfQuery(Query):
    """Whether only to say what would happen."""

    what_if: bool = False


class Listed[V: Value](Value):
    """One page of a list; `continuation` asks for the next one, null at the end."""

    items: list[V]
    continuation: str | None = None


class Accepted(Value):
    """The request was taken; whether it changes anything is not said."""

    accepted: bool = True


class Health(Value):
    """`ok` when every check is; else which one is not."""

    status: Literal["ok", "failing"]
    checks: dict[str, str]


class FieldError(Value):
    """One field that is wrong, by its dotted path."""

    field: str
    message: str


class Problem(Value):
    """RFC 9457, as `application/problem+json`. `type` is for programs, `detail` for people."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    """When a preflight failed: everything it found."""
    rollout: str = ""
    """The rollout that is in the way, if one is."""
    task: str = ""
    """The task that is in the way, if one is."""
    promotion: str = ""
    """The scheduled promotion that is in the way, if one is."""
    code: str = ""
    """Azure's own error code, if it was Azure that refused."""
    id: str = ""
    """Of an unexpected error: the log says more under this id."""
