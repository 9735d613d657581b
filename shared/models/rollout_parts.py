"""The parts of a rollout's row: what it began from, and what has happened to it since."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from shared.core.codes import Code
from shared.core.names import EXCLUDE_TAG
from shared.models.base import Name, Part, UtcTime, Value, VersionText
from shared.models.messages import Message, message


class LastPass(Value):
    """The numbers of the last pass over the pool; the source of live progress."""

    at: UtcTime
    hosts: int
    accepting: int
    sessions: int
    sessions_to_end: int
    """Sessions on hosts that are still to be updated."""
    not_updated: int = 0
    """Hosts that were not updated, or not rolled back, because the rollout was stopped."""
    unproven: bool = False
    """Whether other hosts wait for the first one to be back in service."""
    left_out: int = 0
    """Hosts that the request or their tag leaves out."""
    fresh: int = 0
    """For a refresh: hosts that nobody has used since their last rebuild."""
    at_once: int | None = None
    """How many hosts might be in work at the same time."""
    bound_by: str = ""
    """The limit that said so."""
    bound_reason: Message | None = None
    unhealthy: int = 0
    """Hosts that are on and not healthy, without those in work."""
    versions: dict[str, int] | None = None
    """Hosts per version, as last verified; None: a pass of an earlier version of the app."""
    expected_end: UtcTime | None = None
    """The expected end, as it was foreseen then; None when it could not be."""
    batch: int = 0
    """How many hosts the batch size allowed in work; 0: not known."""
    window_closed: bool = False
    """Whether hosts wait for a maintenance window."""


class Before(Part):
    """What the pool's row had before the rollout: the pool has it again once the rollout is rolled back."""

    version: VersionText | None = None
    """None: not known, so a host can only return to the version it was made from."""
    image: Name | None = None
    """None: the image of the rollout."""
    previous_version: str | None = None
    previous_image: str | None = None


class Approval(Part):
    """The approval after the canary hosts. That of a second person is another one."""

    awaiting_since: UtcTime | None = None
    at: UtcTime | None = None
    by: str = ""
    by_id: str = ""
    """The id of the caller who approved."""


class SecondPerson(Part):
    """The approval of a second person, without which the rollout does not begin. That of the canary is another one."""

    asked: bool = False
    """Whether it needs one. It stays so, whatever becomes of the limits."""
    awaiting_since: UtcTime | None = None
    """Since when it waits; None: it does not."""
    reason: Message | None = None
    """Why it waits."""
    changed_by_ids: tuple[str, ...] = ()
    """The ids of those who have changed its dates, limits or hosts since it was requested."""
    at: UtcTime | None = None
    by: str = ""
    by_id: str = ""
    """The id of the caller who approved."""
    digest: str = ""
    """What was approved: the digest of version, policy, schedule and hosts."""
    for_requester: bool = False
    """Who asked for it had no access any more, so the approver stands in for them."""
    pool_digest: str = ""
    """The digest of how the pool's hosts join, and of its limits."""


class RolloutProbe(Part):
    """The probe of the rollout as it was when that was requested: what was approved is what runs."""

    name: str = ""
    """Empty: the policy names none, or the account had none of that name."""
    script: str = ""
    timeout_minutes: int = 10
    digest: str = ""
    """The SHA-256 of the script."""
    changed_by_id: str = ""
    """The id of the caller who changed the probe last, who is not its second person."""


NO_PROBE = RolloutProbe()

NO_APPROVAL = SecondPerson()
"""Nobody has approved it, and nobody was asked."""


class Rollback(Part):
    """The roll-back of the rollout's hosts."""

    since: UtcTime | None = None
    """None: the rollout is not being rolled back."""
    reason: Message | None = None
    """Who or what caused the roll-back; kept here because a later note may be about a pause."""


class Failures(Part):
    """What people have decided about failed hosts."""

    accepted: int = 0
    """Number of failed hosts when a person resumed the rollout; these do not stop it again."""
    retried_at: UtcTime | None = None
    """Hosts that failed before this time are retried."""
    retried: dict[str, UtcTime] = Field(default_factory=dict)
    """Hosts that are retried by name, if they failed before this time."""

    def asked_since(self, before: Failures) -> list[str]:
        """The hosts that somebody has asked to retry by name since then."""
        return sorted(host for host, at in self.retried.items() if before.retried.get(host) != at)

    def retries(self, host: str, failed_at: datetime | None) -> bool:
        """Whether somebody has asked for another try since the host failed."""
        asked = [at for at in (self.retried_at, self.retried.get(host)) if at is not None]
        return failed_at is not None and any(failed_at <= at for at in asked)


class Progress(Part):
    """What the reconcile passes have observed. Only they write it, and the resume timer the last two fields."""

    last_pass: LastPass | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    """Hosts per state at the last pass."""
    signed_out: int = 0
    """Number of sessions that were signed out."""
    host_seconds: float | None = None
    """Median seconds per host so far; None before one was measured."""
    canary_passed_at: UtcTime | None = None
    forced_at: UtcTime | None = None
    """The time of the first pass at or after `force_at` that could end sessions."""
    adopted_run: int = 0
    """The last engine instance that has checked that every host in work has a running orchestration."""
    unreadable: Message | None = None
    """Why the last pass could not read the pool, and until when that is tried."""
    suspended_since: UtcTime | None = None
    """Since when the resume timer has found that somebody suspended the orchestration. The next pass removes it."""
    alive_at: UtcTime | None = None
    """When the resume timer last found the orchestration alive in its engine, or started it (`signs_of_life`)."""


class Exclusion(Part):
    """What a rollout and the refresh of its pool record about each other: one at a time handles a host."""

    alone: bool = False
    """The pool's refresh holds no host any more, and starts none while this rollout holds the pool."""
    counted_rollout: str = ""
    """For a refresh: the last ended rollout of the pool whose result was applied to the refresh's rows."""


class Selection(Part):
    """Which hosts of the pool the rollout updates. Names are those of the host pool, in lower case."""

    only: tuple[str, ...] = ()
    """The hosts to update; empty: all of the pool, also those that appear later."""
    exclude: tuple[str, ...] = ()
    """Hosts that are left out."""
    drain_again: tuple[str, ...] = ()
    """Hosts that are drained again at once if somebody else undrains them; about others the rollout asks first."""
    for_new_hosts: bool = False
    """With `only`: new hosts of the pool get the version too, once it has been proven."""

    @property
    def of_whole_pool(self) -> bool:
        """Whether the pool takes over the rollout's version, so that new hosts get it."""
        return not self.only or self.for_new_hosts

    def why_left_out(self, host: str, *, tagged: bool) -> Message | None:
        """Why this host is left out; None when it is not. `tagged`: its VM has the tag FreshcoatExclude."""
        if host in self.exclude:
            return _EXCLUDED
        if self.only and host not in self.only:
            return _NOT_CHOSEN
        return _TAGGED if tagged else None


WHOLE_POOL = Selection()
"""No host is left out by name."""

_EXCLUDED = message(Code.EXCLUDED, "left out, as the request said")
_NOT_CHOSEN = message(Code.NOT_CHOSEN, "not among the hosts that were chosen")
_TAGGED = message(Code.EXCLUDED_BY_TAG, f"left out: its VM has the tag {EXCLUDE_TAG}")

LEFT_OUT_BY_NAME = frozenset({Code.EXCLUDED.value, Code.NOT_CHOSEN.value})
"""Codes of the reasons that follow from the request alone. Such a host joins again when the request changes."""
LEFT_OUT = LEFT_OUT_BY_NAME | {Code.EXCLUDED_BY_TAG.value}


class Checks(Part):
    """The checks of the request, which are repeated when work begins and whenever it goes on."""

    allow_downgrade: bool = False
    """Whether the request allowed a version that is older than the pool's."""
    passed_at: UtcTime | None = None
    """When all of them last passed. None: they are repeated before anything more is started."""
    unread_since: UtcTime | None = None
    """Since when Azure has been too busy to repeat them."""

    def to_repeat(self) -> Checks:
        """The checks of a rollout that stands still: they are repeated before it goes on."""
        return self.replace(passed_at=None, unread_since=None)
