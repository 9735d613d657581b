"""The policy of a rollout: how many hosts at once, canary, warnings, windows, and what happens on failure.

`PolicyOverrides` is what a person sets (on a pool or in a request), `Policy` is what a rollout uses. Both share the
field types below, so that each limit is defined once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from shared.core.errors import InvalidRequest
from shared.core.time_zones import date_text, is_another_day, time_text
from shared.models.base import ONE_LINE, WHOLE, Name, Value
from shared.models.windows import Windows


class ScheduleMode(StrEnum):
    """The three schedule options of Update Image."""

    NOW = "now"
    AT = "at"
    ON_LOGOFF = "on_logoff"


class Strategy(StrEnum):
    """How a host gets the new image: re-image the VM in place, replace it, or `auto`: find out which works."""

    AUTO = "auto"
    REIMAGE = "reimage"
    REPLACE = "replace"


class OnFailure(StrEnum):
    """What the rollout does when more hosts fail than `max_failed` allows."""

    PAUSE = "pause"
    ROLL_BACK = "roll_back"
    CONTINUE = "continue"


class CanaryHold(StrEnum):
    """After the canary hosts passed their checks: continue, or wait for a person's approval."""

    AUTO = "auto"
    APPROVE = "approve"


class KeepFailed(StrEnum):
    """Which failed VMs keep running for debugging. The others are deallocated; none is deleted."""

    ONE = "one"
    ALL = "all"
    NONE = "none"


class Proof(StrEnum):
    """Whether one host must be back in service before the others are rebuilt, in every mode."""

    AUTO = "auto"
    """Unless a host of the account got the version in the same way within the last days."""
    FIRST_HOST = "first_host"
    """Always."""
    NONE = "none"


class AfterForce(StrEnum):
    """After `force_at`: update all remaining hosts at once, or keep the floor and the batches."""

    ALL = "all"
    WAVES = "waves"


def _a_share(given: object) -> object:
    """One message for both forms. A number in quotes is refused: it could mean hosts or a percentage."""
    match given:
        case bool():
            pass
        case int():
            return given
        case float() if given.is_integer():
            return given
        case str() if _PERCENT.fullmatch(given):
            return given
    raise ValueError('write a number of hosts, like 10, or a percentage, like "10%"')


MOST_HOSTS = 10_000
"""Session hosts of a host pool (azure-facts 3)."""


def _percent_between(low: int, share: int | str) -> int | str:
    if isinstance(share, str):
        percent = int(share.rstrip("%"))
        if not low <= percent <= 100:
            raise ValueError(f"a percentage must be between {low} % and 100 %")
    elif not low <= share <= MOST_HOSTS:
        raise ValueError(f"a number of hosts must be between {low} and {MOST_HOSTS}")
    return share


_PERCENT = re.compile(r"^(0|[1-9][0-9]{0,2})%$")
_Share = Annotated[int | Annotated[str, StringConstraints(pattern=_PERCENT.pattern)], BeforeValidator(_a_share)]
MaxShare = Annotated[_Share, AfterValidator(lambda share: _percent_between(1, share))]
"""A number of hosts or a percentage like `25%`, at least 1."""
MinShare = Annotated[_Share, AfterValidator(lambda share: _percent_between(0, share))]
"""A number of hosts or a percentage like `20%`; may be 0."""


def share_down(share: int | str, total: int) -> int:
    """The maximum number of hosts for a share of `total`: rounded down, but at least 1."""
    hosts = total * int(share.rstrip("%")) // 100 if isinstance(share, str) else share
    return max(1, hosts)


def share_up(share: int | str, total: int) -> int:
    """The minimum number of hosts for a share of `total`: rounded up."""
    return math.ceil(total * int(share.rstrip("%")) / 100) if isinstance(share, str) else share


def _falling(minutes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(minutes), reverse=True))


CanaryHosts = Annotated[int, Field(ge=0, le=10), WHOLE]
MaxInFlight = Annotated[int, Field(ge=1, le=200), WHOLE]
MaxFailed = Annotated[int, Field(ge=0, le=10_000), WHOLE]
Retries = Annotated[int, Field(ge=0, le=3), WHOLE]
SettleSeconds = Annotated[int, Field(ge=0, le=900), WHOLE]
PollSeconds = Annotated[int, Field(ge=15, le=900), WHOLE]
WarnMinutes = Annotated[
    tuple[Annotated[int, Field(ge=1, le=10_080), WHOLE], ...], Field(max_length=10), AfterValidator(_falling)
]
KeepDays = Annotated[int, Field(ge=0, le=30), WHOLE]
BakeMinutes = Annotated[int, Field(ge=0, le=1_440), WHOLE]


def _only_a_name(given: object) -> object:
    if isinstance(given, Mapping):
        raise ValueError("name a probe of the pool's account; its script is kept by an admin of the account, not here")
    return given


ProbeName = Annotated[Name, BeforeValidator(_only_a_name)]
"""The name of a probe of the pool's account."""


def probe_by_name(policy: object) -> object:
    """A stored policy whose probe is a name. Rows from before probes were named hold the script as well."""
    probe = policy.get("probe") if isinstance(policy, Mapping) else None
    return {**policy, "probe": name_of(probe)} if isinstance(policy, Mapping) and isinstance(probe, Mapping) else policy


def name_of(probe: Mapping[str, Any]) -> str:
    """The name of a probe that was kept with its script; such names could have spaces."""
    return str(probe.get("name", "")).replace(" ", "-")


_PLACEHOLDER = re.compile(r"\{(minutes|time|date|pool)\}")


def _known_placeholders(text: str) -> str:
    """`str.format` would also accept indexes, attributes and widths of any size, so it is not used."""
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        raise ValueError("braces are only allowed in {minutes}, {time}, {date} and {pool}")
    return text


WarnMessage = Annotated[str, Field(min_length=1, max_length=500), ONE_LINE, AfterValidator(_known_placeholders)]

DEFAULT_WARNING = (
    "This desktop gets an update: you will be signed out at {time} (in {minutes} min). "
    "Please save your work and sign out before then."
)
"""It does not promise another desktop: in modes `now` and `at`, all hosts may be rebuilt at once."""


class PolicyOverrides(Value):
    """The fields set on a pool or in a request. None: use the value of the layer below."""

    canary_hosts: CanaryHosts | None = None
    canary_hold: CanaryHold | None = None
    bake_minutes: BakeMinutes | None = None
    probe: ProbeName | None = None
    max_unavailable: MaxShare | None = None
    min_available: MinShare | None = None
    max_in_flight: MaxInFlight | None = None
    max_failed: MaxFailed | None = None
    on_failure: OnFailure | None = None
    retries: Retries | None = None
    keep_failed: KeepFailed | None = None
    settle_seconds: SettleSeconds | None = None
    poll_seconds: PollSeconds | None = None
    warn_minutes: WarnMinutes | None = None
    warn_message: WarnMessage | None = None
    windows: Windows | None = None
    strategy: Strategy | None = None
    proof: Proof | None = None
    after_force: AfterForce | None = None
    strict_deadline: bool | None = None
    keep_old_disk_days: KeepDays | None = None


StoredOverrides = Annotated[PolicyOverrides, BeforeValidator(probe_by_name)]
"""Those of a row."""


class Policy(Value):
    """The complete policy of a rollout. Units are in the names; shares count hosts.

    `strict_deadline`: sessions on all hosts end at `force_at`, even if the canary has not passed; only the rebuilding
    waits.
    `max_failed` None: the smaller of 3 and 5 % of the pool, at least 1. Before the canary has passed it is always 0.
    """

    canary_hosts: CanaryHosts
    canary_hold: CanaryHold = CanaryHold.AUTO
    bake_minutes: BakeMinutes = 0
    probe: ProbeName | None = None
    max_unavailable: MaxShare
    min_available: MinShare = "20%"
    max_in_flight: MaxInFlight = 50
    max_failed: MaxFailed | None = None
    on_failure: OnFailure = OnFailure.PAUSE
    retries: Retries = 1
    keep_failed: KeepFailed = KeepFailed.ONE
    settle_seconds: SettleSeconds = 60
    poll_seconds: PollSeconds = 60
    warn_minutes: WarnMinutes = (60, 15, 5, 1)
    warn_message: WarnMessage = DEFAULT_WARNING
    windows: Windows = ()
    strategy: Strategy = Strategy.AUTO
    proof: Proof = Proof.AUTO
    after_force: AfterForce = AfterForce.ALL
    strict_deadline: bool = False
    keep_old_disk_days: KeepDays = 7

    def failures_allowed(self, hosts: int) -> int:
        """How many hosts of a pool with `hosts` hosts may fail after the canary before `on_failure` applies."""
        return max(1, min(3, hosts * 5 // 100)) if self.max_failed is None else self.max_failed

    def warning(self, deadline: datetime, now: datetime, zone: str, pool: str) -> str:
        """The warning for a user who will be signed out at `deadline`; `zone` is the pool's (IANA).

        `{time}` names the date too when it is not today, unless the text has `{date}`.
        """
        minutes = max(1, math.ceil((deadline - now) / timedelta(minutes=1)))
        date, time = date_text(deadline, zone), time_text(deadline, zone)
        if is_another_day(deadline, now, zone) and "{date}" not in self.warn_message:
            time = f"{time} on {date}"
        values = {"minutes": str(minutes), "time": time, "date": date, "pool": pool}
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.warn_message)


def resolve_policy(mode: ScheduleMode, *layers: PolicyOverrides) -> Policy:
    """The policy of a rollout: the defaults of its mode, overridden by each layer; the last one wins.

    Canary checks (`bake_minutes`, `probe`, `canary_hold: approve`) imply a canary host in every mode. Raises
    InvalidRequest when the layers ask for checks but for no canary host.
    """
    waits = mode is ScheduleMode.ON_LOGOFF
    given: dict[str, Any] = {}
    for layer in layers:
        given |= layer.model_dump(exclude_none=True)
    fields: dict[str, Any] = {"max_unavailable": "25%" if waits else "100%"}
    if mode is ScheduleMode.NOW:
        fields["warn_minutes"] = ()
    checks = [name for name in _CHECKS if given.get(name, _NO_CHECK[name]) != _NO_CHECK[name]]
    fields["canary_hosts"] = 1 if waits or checks else 0
    policy = Policy.model_validate(fields | given)
    if checks and policy.canary_hosts == 0:
        text = f"must be at least 1, because {checks[0]} needs a canary host"
        raise InvalidRequest.one("policy.canary_hosts", text)
    return policy


_NO_CHECK: dict[str, object] = {"canary_hold": CanaryHold.AUTO, "bake_minutes": 0, "probe": None}
_CHECKS = tuple(_NO_CHECK)
