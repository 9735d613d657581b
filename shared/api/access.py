"""Who may do what: requests and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.models.access.caps import HostsPerHour, PoolsPerHour, SignOutsPerHour
from shared.models.access.grants import AccountNames
from shared.models.access.limits import NoticeMinutes
from shared.models.access.roles import CallerKind, Need, Role, TwoPeople
from shared.models.base import ONE_LINE, WHOLE, UtcTime, Value
from shared.models.policy import CanaryHosts, MaxShare, MinShare, ScheduleMode
from shared.models.pools import Ring
from shared.models.windows import Windows

KEY_DAYS = 365
"""Longest life of an app key in days."""


class Me(Value):
    """Who asks, and what they may."""

    name: str
    id: str
    """`{tenant}.{object}` of Entra ID, which a grant names; `key:{name}` for an app key."""
    signed_in_by: CallerKind
    roles: list[Role]
    accounts: list[str]
    """Accounts that they may see and change; `*` for every one."""
    may: list[Need]


class HowToSignIn(Value):
    """How callers of this app sign in."""

    kind: Literal["entra", "key", "development"]
    """`key`: no tenant is set, so only app keys are taken."""
    tenants: tuple[str, ...] = ()
    client_id: str = ""
    """The `aud` of tokens for this app."""
    scope: str = ""
    """The scope to ask Entra ID for."""
    authority: str = ""


class About(Value):
    """What this app is."""

    name: Literal["Freshcoat"] = "Freshcoat"
    environment: str
    """How the people who run it call it, such as `production`."""
    version: str
    simulated: bool
    """Whether it works on a simulated Azure."""
    auth: HowToSignIn
    now: UtcTime


class GrantRequest(Value):
    """The accounts of a person or a program. What they may do there, their app role says."""

    accounts: Annotated[AccountNames, Field(min_length=1, max_length=200)]
    """Names of accounts, or `*` for every one."""
    name: Annotated[str, StringConstraints(max_length=200), ONE_LINE] = ""
    """Whose grant it is, for people."""
    program: bool = False
    """Whether it is the grant of a program: programs are not counted as people."""


class GrantView(Value):
    """The accounts of a person or a program."""

    principal: str
    name: str
    accounts: list[str]
    program: bool
    changed_by: str
    changed_at: UtcTime


class KeyRequest(Value):
    """A new app key for a program."""

    role: Literal["reader", "operator", "agent"]
    accounts: Annotated[AccountNames, Field(min_length=1, max_length=200)]
    days: Annotated[int, Field(ge=1, le=KEY_DAYS)] = 90
    """Days until it expires."""


class KeyView(Value):
    """An app key, without the key itself."""

    name: str
    role: Role
    accounts: list[str]
    created_by: str
    created_at: UtcTime
    expires_at: UtcTime
    revoked_at: UtcTime | None


class NewKeyView(KeyView):
    """A new app key. The key is shown this once."""

    key: str


class LimitsRequest(Value):
    """The limits of an account's ring. What is left out is no limit."""

    least_min_available: MinShare | None = None
    """`min_available` may not be less."""
    most_max_unavailable: MaxShare | None = None
    """`max_unavailable` may not be more."""
    modes: Annotated[tuple[ScheduleMode, ...], Field(max_length=3)] = ()
    """The allowed modes; none given: all."""
    windows: Windows = ()
    """Rollouts keep to windows within these, in the pool's time zone."""
    least_canary_hosts: CanaryHosts = 0
    notice_minutes: NoticeMinutes = 0
    """Least minutes between a request and the moment when people are signed out."""
    two_people: TwoPeople = TwoPeople.AUTO
    """Whether rollouts and activations wait for a second person. `auto`: in production, when several people have a
    grant for the account."""


class LimitsView(LimitsRequest):
    """The limits of an account's ring."""

    account: str
    ring: Ring
    changed_by: str
    changed_at: UtcTime


class CapsRequest(Value):
    """The caps of an account. What is left out has no cap."""

    hosts_per_hour: HostsPerHour | None = None
    """Hosts that may be begun within an hour."""
    sign_outs_per_hour: SignOutsPerHour | None = None
    """Sessions that may be ended within an hour."""
    pools_per_hour: PoolsPerHour | None = None
    """Different pools in which hosts may be begun, or people signed out, within an hour."""


class CapUseView(Value):
    """What counts in this hour."""

    hosts: int
    sign_outs: int
    pools: list[str]


class CapOverrideRequest(Value):
    """Lifts the caps for some hours. What is begun meanwhile counts all the same."""

    hours: Annotated[int, Field(ge=0, le=72), WHOLE]
    """0 ends it."""
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500), ONE_LINE]


class CapOverrideView(Value):
    """Until when the caps are lifted, by whom and why."""

    until: UtcTime
    reason: str
    by: str


class CapsView(CapsRequest):
    """The caps of an account."""

    account: str
    used: CapUseView
    used_by_roll_backs: CapUseView
    """Roll-backs have caps of the same size of their own."""
    override: CapOverrideView | None
    """None: the caps hold."""
    changed_by: str
    changed_at: UtcTime
