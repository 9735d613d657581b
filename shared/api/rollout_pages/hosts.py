"""The hosts of a rollout: which are asked for, and how they are answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from shared.api.common import PageQuery
from shared.api.conditions import Marked
from shared.api.lists.common import Order, Search, Several
from shared.core.states import HostState
from shared.models.base import WHOLE, UtcTime, Value
from shared.models.host_parts import FailureCause
from shared.models.messages import Message
from shared.models.policy import MOST_HOSTS

MOST_FULL = 500
"""Hosts in one page with all their fields."""
GRID_FIELDS = ("name", "state", "sessions", "state_since", "version", "attempt", "first")


class AzureWaitView(Value):
    """What a host in work waits for: Azure is busy or refuses, or an attempt failed and the next one begins later."""

    call: str
    """What Azure was asked for, in words. Empty when the host did not get that far."""
    answer: str
    """Azure's last answer."""
    since: UtcTime
    until: UtcTime | None
    """When it is asked again. Null while the answer is awaited."""
    tries: int


class WaitsFor(StrEnum):
    """What a host waits for."""

    BEGIN = "begin"
    WINDOW = "window"
    WARNINGS = "warnings"
    USERS = "users"
    SIGN_OUT = "sign_out"
    SETTLING = "settling"
    ANSWER = "answer"
    """Somebody undrained it: whether it is left out or drained again."""
    FIRST_HOSTS = "first_hosts"
    APPROVAL = "approval"
    RESUME = "resume"
    TURN = "turn"
    """Limits let no more hosts go now."""
    CAP = "cap"
    AZURE = "azure"
    NEXT_ATTEMPT = "next_attempt"
    DIRECTORY = "directory"
    HEALTH = "health"
    BAKE = "bake"
    VERSION = "version"
    HOST = "host"
    """The list of the host pool does not have it."""
    LOST_HOST = "lost_host"
    REFRESH = "refresh"
    ROLLOUT = "rollout"


class UntilWhy(StrEnum):
    """What happens when a wait ends by itself."""

    BEGINS = "begins"
    WINDOW_OPENS = "window_opens"
    DEADLINE = "deadline"
    """Sessions are ended."""
    CAP_RENEWS = "cap_renews"
    TRIED_AGAIN = "tried_again"


class HostWaitView(Value):
    """What a host waits for. `reason` of the host says it in words."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    for_: WaitsFor = Field(alias="for")
    count: int | None = None
    """How many it waits for: sessions, hosts."""
    until: UtcTime | None = None
    """Until when at the latest. Null: nobody knows."""
    until_why: UntilWhy | None = None


class HostStepView(Value):
    """One step of a host in one attempt."""

    name: str
    at: UtcTime
    seconds: float | None = None
    """Null while it runs."""
    ok: bool | None = None
    """Whether it did what it should. Null while it runs, and when it was broken off."""
    attempt: int = 1


class RolloutHostView(Value):
    """One host of a rollout: its state, its last step, its version and why it has that version.

    `target` is the version it will get. During a roll-back, that is the version it had before.
    """

    host: str
    vm_id: str
    state: HostState
    step: str
    attempt: int
    canary: bool
    sessions: int
    from_version: str | None
    version: str | None
    target: str
    strategy: str
    """`reimage`, `replace` or `swap`. Empty before the first destructive call."""
    reason: Message | None
    """Why it has its version. Before its end: why it waits."""
    waiting: AzureWaitView | None = None
    """While it waits for Azure: for what, since when, the last answer and until when."""
    error: str
    failed_by: FailureCause | None = None
    """What made it fail: the version, or something that another version would meet as well."""
    old_disk_id: str | None
    taken_at: UtcTime | None
    ended_at: UtcTime | None
    state_since: UtcTime | None = None
    """Since when it is in its state. Null while it has not begun."""
    status: str | None = None
    """What the broker said of it at `seen_at`: `Available`, `Unavailable`, … Null when that is not known."""
    accepting: bool | None = None
    """Whether new sessions could start on it then."""
    power: str | None = None
    """Its VM then: `running`, `deallocated`, …; `gone` when there is none. Null when it is not known, for example
    of a host that has just come."""
    seen_at: UtcTime | None = None
    """When the oldest of these three was read: some minutes ago, longer in a pool of thousands."""
    waits: HostWaitView | None = None
    """What it waits for; null while it works and after its end."""
    signed_out: int = 0
    """Sessions on it that Freshcoat ended."""
    seconds: float | None = None
    """How long it was in work. Null until its end."""
    what_to_do: str | None = None
    """What a person can do about it, where something can be done."""
    steps: list[HostStepView] = Field(default_factory=list)
    """The steps of all attempts, the oldest first."""


class Fields(StrEnum):
    """Which form of the hosts is answered."""

    FULL = "full"
    GRID = "grid"


class HostSort(StrEnum):
    """By what hosts are sorted; those that are equal by name."""

    NAME = "name"
    STATE = "state"
    SESSIONS = "sessions"
    STATE_SINCE = "state_since"
    VERSION = "version"


class RolloutHostsQuery(PageQuery):
    """Which hosts of a rollout, in which form. `since` takes neither `state`, `search` nor `sort`: it is about all."""

    limit: Annotated[int, Field(ge=1, le=MOST_HOSTS), WHOLE] = 100
    """At most 500 without `fields=grid`."""
    state: Several[HostState] | None = None
    search: Search | None = None
    """Part of the host's name; its case does not matter."""
    sort: HostSort = HostSort.NAME
    order: Order = "asc"
    since: Annotated[str, Field(max_length=60)] | None = None
    """A `mark`: only the hosts that have changed since."""
    fields: Fields = Fields.FULL


class HostsState(Marked):
    """What every answer about the hosts of a rollout says: of which moment it is, and what is gone since `since`."""

    as_of: UtcTime
    """The read that found the last change."""
    mark: str
    """Names this state. Send that of the first page as `since` to get what changes after it."""
    whole: bool = True
    """Whether the pages have all hosts that match. False: only those that have changed since `since`."""
    removed: list[str] = Field(default_factory=list)
    """Hosts that the rollout had at `since` and has no more."""
    counts: dict[str, int]
    """Hosts per state, of all that the rollout has; those of the rollout with the same mark."""
    continuation: str | None = None


class RolloutHosts(HostsState):
    """A page of a rollout's hosts."""

    items: list[RolloutHostView]


GridRow = tuple[str, int, int, int | None, int | None, int, int]


class RolloutHostGrid(HostsState):
    """A page of a rollout's hosts as short arrays, for grids of many hosts."""

    fields: list[str] = Field(default_factory=lambda: list(GRID_FIELDS))
    """What the places of a row mean. `state` and `version` are places in `states` and `versions` (null: unknown),
    `state_since` seconds since 1970 (null: it has not begun), `first` 1 for a canary host, else 0."""
    states: list[str]
    versions: list[str]
    suffix: str = ""
    """The end that all names have and that the rows leave out, such as `.contoso.local`."""
    items: list[GridRow]
