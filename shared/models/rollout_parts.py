"""The parts of a rollout's row: what it began from, and what has happened to it since."""

from __future__ import annotations

from pydantic import Field

from shared.models.base import Name, Part, UtcTime, Value, VersionText
from shared.models.messages import Message


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
    fresh: int = 0
    """For a refresh: hosts that nobody has used since their last rebuild."""


class Before(Part):
    """What the pool's row had before the rollout: the pool has it again once the rollout is rolled back."""

    version: VersionText | None = None
    """None: not known, so a host can only return to the version it was made from."""
    image: Name | None = None
    """None: the image of the rollout."""
    previous_version: str | None = None
    previous_image: str | None = None


class Approval(Part):
    """The approval after the canary hosts."""

    awaiting_since: UtcTime | None = None
    at: UtcTime | None = None
    by: str = ""


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


class Progress(Part):
    """What the reconcile passes have observed. Only they write it, and the resume timer `suspended_since`."""

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
    suspended_since: UtcTime | None = None
    """Since when the resume timer has found that somebody suspended the orchestration. The next pass removes it."""


class Exclusion(Part):
    """What a rollout and the refresh of its pool record about each other: one at a time handles a host."""

    alone: bool = False
    """The pool's refresh holds no host any more, and starts none while this rollout holds the pool."""
    counted_rollout: str = ""
    """For a refresh: the last ended rollout of the pool whose result was applied to the refresh's rows."""


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
