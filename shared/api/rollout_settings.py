"""What may be changed about an open rollout, as a JSON merge patch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from shared.api.common import HostNames, Moment, ZoneName
from shared.api.pools import UpdateImageRequest
from shared.core.errors import FieldProblem, InvalidRequest
from shared.models.base import Value, iso
from shared.models.policy import (
    BakeMinutes,
    CanaryHold,
    CanaryHosts,
    MaxFailed,
    MaxInFlight,
    MaxShare,
    MinShare,
    Policy,
    Retries,
    WarnMessage,
    WarnMinutes,
)
from shared.models.rollouts import Rollout
from shared.models.windows import Windows

_DEFAULTS = Policy.model_fields


class OpenPolicy(Value):
    """The fields of the policy that an open rollout can change. Those of the canary only until a host was touched."""

    canary_hosts: CanaryHosts
    canary_hold: CanaryHold = _DEFAULTS["canary_hold"].default
    bake_minutes: BakeMinutes = _DEFAULTS["bake_minutes"].default
    max_unavailable: MaxShare
    min_available: MinShare = _DEFAULTS["min_available"].default
    max_in_flight: MaxInFlight = _DEFAULTS["max_in_flight"].default
    max_failed: MaxFailed | None = None
    retries: Retries = _DEFAULTS["retries"].default
    warn_minutes: WarnMinutes = _DEFAULTS["warn_minutes"].default
    warn_message: WarnMessage = _DEFAULTS["warn_message"].default
    windows: Windows = ()


class RolloutSettings(Value):
    """The settings of an open rollout. `at`, `begin_at` and `deadline` are its present times, in UTC.

    New times are local in `time_zone`, or else in the rollout's zone, and follow the rules of `reschedule`. Lists are
    replaced as a whole.
    """

    policy: OpenPolicy
    at: Moment | None = None
    begin_at: Moment | None = None
    deadline: Moment | None = None
    time_zone: ZoneName | None = None
    exclude: HostNames = Field(default_factory=list)
    """Hosts that are left out. One that is named no more joins again."""
    drain_again: HostNames = Field(default_factory=list)
    """Hosts that are drained again at once if somebody undrains them, instead of asking."""


CANARY_FIELDS = ("canary_hosts", "canary_hold", "bake_minutes")
TIMES = ("at", "begin_at", "deadline")


def settings_of(rollout: Rollout) -> RolloutSettings:
    """The settings as they are stored."""
    policy = {name: getattr(rollout.policy, name) for name in OpenPolicy.model_fields}
    begin, force = iso(rollout.schedule.begin_at), iso(rollout.schedule.force_at)
    times = {"at": {"at": force}, "on_logoff": {"begin_at": begin, "deadline": force}}.get(rollout.schedule.mode, {})
    return RolloutSettings(
        policy=OpenPolicy(**policy),
        exclude=list(rollout.selection.exclude),
        drain_again=list(rollout.selection.drain_again),
        **times,
    )


class Unchangeable(InvalidRequest):
    """The request names what an open rollout keeps. Nothing was written."""

    status = 422
    title = "An open rollout keeps this"


def refuse_fixed_fields(changes: Mapping[str, Any]) -> None:
    """Raises Unchangeable for fields that a request has, or an answer, but that an open rollout keeps."""
    problems = list(_fixed(changes, "", _KNOWN - RolloutSettings.model_fields.keys()))
    policy = changes.get("policy")
    if isinstance(policy, Mapping):
        problems += _fixed(policy, "policy.", Policy.model_fields.keys() - OpenPolicy.model_fields.keys())
    problems += [FieldProblem(name, _STAYS) for name in TIMES if name in changes and changes[name] is None]
    if problems:
        raise Unchangeable(problems)


_KEPT = "an open rollout keeps it: cancel it, and request another one"
_STAYS = "it cannot be removed: give another date and time"
_KNOWN = UpdateImageRequest.model_fields.keys() | {"id", "kind", "pool", "strategy", "state", "version_id", "retry_of"}


def _fixed(changes: Mapping[str, Any], path: str, fixed: set[str]) -> Iterator[FieldProblem]:
    return (FieldProblem(f"{path}{name}", _KEPT) for name in changes if name in fixed)
