"""Rollouts and the hosts in them, as the tables keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import model_validator

from shared.core.arm_ids import definition_and_version
from shared.core.states import HostState, RolloutState
from shared.models.access.profiles import digest_of_script
from shared.models.azure import Operation
from shared.models.base import Name, Record, UtcTime, Value, VersionText
from shared.models.host_parts import AzureWait, Check, Disks, Drain, FailureCause, Found, Rebuild, Trail, Use, Warnings
from shared.models.messages import Message
from shared.models.policy import Policy, ScheduleMode, name_of, probe_by_name
from shared.models.rollout_parts import (
    Approval,
    Before,
    Checks,
    Exclusion,
    Failures,
    Progress,
    Rollback,
    RolloutProbe,
    SecondPerson,
    Selection,
)


class RolloutKind(StrEnum):
    """Why hosts are rebuilt: for another version, for the former one, or because they were used."""

    UPDATE = "update"
    ROLL_BACK = "roll_back"
    REFRESH = "refresh"


class Schedule(Value):
    """The start and the deadline of a rollout, in UTC, and the zone in which people see them (IANA name).

    From `begin_at` hosts with no session may be taken; from `force_at` sessions are ended.
    `others_force_at`: the deadline of all hosts but the canary hosts, when it had to move because the canary has not
    passed at `force_at`; null while it has not moved.
    """

    mode: ScheduleMode
    begin_at: UtcTime
    force_at: UtcTime
    time_zone: str
    others_force_at: UtcTime | None = None


FIRST_GUESS = 1_200.0
"""Expected seconds per host before one was measured."""


class Rollout(Record):
    """One run of Update Image over one pool. Times are UTC.

    Its own fields say what was asked for, and its state. The parts say what else has happened to it.
    """

    id: str
    kind: RolloutKind = RolloutKind.UPDATE
    pool: Name
    account: str = ""
    """The account of the pool when the rollout began: whose it is."""
    state: RolloutState
    image: Name
    definition_id: str
    version: VersionText
    version_id: str
    """ARM id of the gallery image version."""
    replicas: int
    """Replicas of the version in the pool's region: 50 hosts at once per replica (azure-facts 2.8)."""
    schedule: Schedule
    policy: Policy
    zone: str = "UTC"
    """The pool's time zone (IANA), which the policy's windows use."""
    selection: Selection = Selection()
    retry_of: str = ""
    """The ended rollout whose failed hosts this one updates, and no others unless `retries_whole`."""
    retries_whole: bool = False
    """The rollout that is retried failed on its canary hosts: they come first again, and the others after them."""
    first_guess: float = FIRST_GUESS
    """Expected seconds per host before a host of this rollout was measured."""
    reason: str = ""
    requested_by: str = ""
    requester: str = ""
    """The id of the caller who asked for it: their grant counts when it falls due."""
    task: str = ""
    """The task that started the rollout, if a task did."""
    created_at: UtcTime
    started_at: UtcTime | None = None
    ended_at: UtcTime | None = None
    engine_run: int = 1
    """Counts the engine instances that drove this rollout: a lost one is replaced by the next."""
    note: Message | None = None
    """Why the rollout is paused, failed or cancelled; None otherwise."""
    ends_as: RolloutState = RolloutState.CANCELLED
    """While cancelling: the state in which the rollout ends."""
    resume_to: RolloutState | None = None
    """While paused: the state before the pause."""

    before: Before = Before()
    approval: Approval = Approval()
    second: SecondPerson = SecondPerson()
    rollback: Rollback = Rollback()
    failures: Failures = Failures()
    progress: Progress = Progress()
    exclusion: Exclusion = Exclusion()
    checks: Checks = Checks()
    probe: RolloutProbe = RolloutProbe()

    @model_validator(mode="before")
    @classmethod
    def _probe_apart(cls, row: object) -> object:
        """Rows from before probes were named hold the script in the policy."""
        policy = row.get("policy") if isinstance(row, Mapping) else None
        kept = policy.get("probe") if isinstance(policy, Mapping) else None
        if not (isinstance(row, Mapping) and isinstance(kept, Mapping)):
            return row
        name, digest = name_of(kept), digest_of_script(str(kept.get("script", "")))
        probe = RolloutProbe.model_validate({**kept, "name": name, "digest": digest})
        return {**row, "policy": probe_by_name(policy), "probe": probe}

    @property
    def failed_hosts_only(self) -> bool:
        """Whether it handles only the hosts on which an earlier rollout failed."""
        return bool(self.retry_of) and not self.retries_whole

    @property
    def begun(self) -> bool:
        """Whether a host may have been changed."""
        return self.started_at is not None and self.state is not RolloutState.SCHEDULED

    @property
    def rolling_back(self) -> bool:
        """Whether hosts are being rolled back."""
        return self.rollback.since is not None

    @property
    def of_whole_pool(self) -> bool:
        """Whether the pool takes over its version: not when it updates single hosts, as a retry does."""
        return not self.failed_hosts_only and self.selection.of_whole_pool

    def why_left_out(self, row: RolloutHost) -> Message | None:
        """Why it leaves this host alone; None when it does not."""
        return self.selection.why_left_out(row.host, tagged=row.excluded_by_tag)


class RolloutHost(Record):
    """One host of one rollout. Times are UTC; `step` is the name of the last step, or a text before the first one.

    The fields of a part are reset together: `row.replace(rebuild=Rebuild(), check=Check())`.
    """

    rollout: str
    host: str
    """Session host name, lower case."""
    vm_id: str
    vm_missing: bool = False
    """The session host is registered, but its VM does not exist."""
    location: str = ""
    """Region of the VM; empty until the VM was read."""
    version: str | None = None
    """The image version of the host, as last verified."""

    state: HostState = HostState.PENDING
    step: str = ""
    reason: Message | None = None
    """Why the host was skipped, or is not started yet."""
    error: str = ""
    failed_by: FailureCause | None = None
    """What made it fail; None when it has not, or was not in work then."""
    attempt: int = 1
    engine_run: int = 0
    """Counts the engine instances that drove this host; 0 before the first."""
    operation: Operation | None = None
    """The long-running operation under way on the VM."""
    suspended_since: UtcTime | None = None
    """Since when the passes have found that somebody suspended the host's orchestration."""
    step_since: UtcTime | None = None
    taken_at: UtcTime | None = None
    ended_at: UtcTime | None = None

    sessions: int = 0
    signed_out: tuple[str, ...] = ()
    """Ids of the sessions that were signed out."""
    missing_since: UtcTime | None = None
    """The first of the consecutive passes that did not find the host in the host pool."""
    removed_from_pool: bool = False
    """We removed its registration and it has not registered again, so it can have no users."""
    canary: bool = False
    """It is rebuilt as a canary host; before that: it was one, and comes first again in a retry."""
    excluded_by_tag: bool = False
    """Its VM had the tag FreshcoatExclude when it was last read."""
    drained_by_earlier_failure: bool = False
    """An earlier rollout failed on the host and left it drained. Not an operator's drain."""
    stays_on: bool = False
    """The VM was off before, and was not switched off again because the host was in use."""
    rolling_back: bool = False
    """The host is being returned to its former version, which is `goal_id`."""
    goal_id: str = ""
    """ARM id of the image version for this host, when it is not the rollout's own."""
    vm_body: dict[str, Any] | None = None
    """To create the VM again (replace): stored before it is deleted."""

    found: Found = Found()
    drain: Drain = Drain()
    warnings: Warnings = Warnings()
    rebuild: Rebuild = Rebuild()
    disks: Disks = Disks()
    check: Check = Check()
    azure_wait: AzureWait = AzureWait()
    use: Use = Use()
    trail: Trail = Trail()

    @property
    def state_since(self) -> datetime | None:
        """Since when it is in its state; None: not known."""
        return self.trail.since if self.trail.state is self.state else None

    def stamped(self, now: datetime) -> RolloutHost:
        """The row as it is written: with the moment, if its state is a new one."""
        if self.trail.state is self.state:
            return self
        return self.replace(trail=self.trail.replace(state=self.state, since=now))


@dataclass(frozen=True)
class Goal:
    """The gallery image version that a host gets; both ids are ARM ids."""

    version: str
    version_id: str
    definition_id: str


def goal_of(rollout: Rollout, row: RolloutHost | None = None) -> Goal:
    """The version that this host gets: its own goal if it has one, else the rollout's."""
    if row is None or not row.goal_id:
        return Goal(rollout.version, rollout.version_id, rollout.definition_id)
    definition_id, version = definition_and_version(row.goal_id)
    return Goal(version, row.goal_id, definition_id)
