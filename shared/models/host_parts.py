"""The parts of a host's row in a rollout: fields that are reset together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field

from shared.core.states import HostState
from shared.models.azure import DeleteOption
from shared.models.base import Part, UtcTime, Value


class Found(Part):
    """How the host was before a rollout changed anything: what is restored afterwards."""

    operator_drained: bool = False
    """An operator had drained the host: it is returned drained."""
    was_off: bool = False
    """The VM was switched off: it is returned switched off."""
    prior_tags: dict[str, str | None] = Field(default_factory=dict)
    """Former values of the tags that we overwrote; None: the tag did not exist."""
    prior_delete_option: DeleteOption | None = None
    """Former delete option of the OS disk."""
    from_version: str | None = None
    from_version_id: str = ""
    """ARM id of the image version, of any image, from which the VM was created; empty when unknown."""

    def without_marks(self) -> Self:
        """The values after our marks were removed from the VM: the next drain records the original ones again."""
        return self.replace(prior_tags={}, prior_delete_option=None)


class Drain(Part):
    """The current drain. Undraining the host resets it, except `undrained_at`."""

    drained_at: UtcTime | None = None
    undrained_at: UtcTime | None = None
    """When somebody else undrained the host while it waited. None again once it is drained, by whomever."""
    empty_since: UtcTime | None = None
    """The first pass after settling that found no session on the drained host."""
    sign_out_since: UtcTime | None = None
    signed_out_last: UtcTime | None = None
    sign_out_answers: dict[str, str] = Field(default_factory=dict)
    """Session id -> what Azure answered to its last sign-out; sessions whose sign-out Azure accepted are left out."""


class Told(Value):
    """What the user of one session was told last, or would have been told if Azure had taken the message."""

    deadline: UtcTime | None = None
    """When the session will be ended at the earliest. None: that the update is off."""
    step: int = 0
    """The warning step (minutes before the deadline) that was sent last; 0: a message outside the steps."""
    user: str = ""
    """Digest of the user's name: Windows reuses session ids."""


class Warnings(Part):
    """Who was told what. Sessions that have ended are dropped at the next message, so it does not grow."""

    told: dict[str, Told] = Field(default_factory=dict)
    """Session id -> what it was told last."""
    busy_since: UtcTime | None = None
    """Since when Azure has been too busy for messages to this host; None while messages get through."""


class Rebuild(Part):
    """Progress of the rebuild."""

    completed_step: str = ""
    """The last step that this attempt has completed."""
    strategy: str = ""
    """`reimage`, `replace` or `swap` once decided; empty before anything destructive."""
    reimage_requested: bool = False
    """Written before the request for a re-image, and only where the disk cannot tell afterwards."""
    rebuilt: bool = False
    """The re-image or the creation has finished in this attempt, so it is not requested again."""
    extensions_restored: int = 0
    """For a replaced VM: how many of the recorded extensions were sent to it."""
    abandoned: bool = False
    """No further attempt: the remaining steps only mark the host as failed."""
    device: str = ""
    """Object id of the host's device in Entra ID, proved to be this VM's before the rebuild; empty without one."""
    device_id: str = ""
    """What this device calls itself: Intune's record names it."""
    trust_checked: bool = False
    """The VM was asked whether it is joined, and must join."""
    join_error: str = ""
    """Why the join failed, until its cause is read in the VM."""
    token_mark: str = ""
    """The mark of the registration token that the running registration got; empty when none runs."""
    token_renewed: bool = False
    """A registration of this attempt was repeated with a new token: not done twice."""
    rejected_token: str = ""
    """The mark of the registration token with which the last registration failed: it is not used again."""


class Disks(Part):
    """OS disks that matter to the rebuild (ARM ids)."""

    old_id: str | None = None
    """The disk before the rebuild; kept when the policy says so."""
    kept_id: str | None = None
    """A kept disk with the version that the host is rolled back to."""
    stale_id: str | None = None
    """A disk that the host must not end on, whatever its version: it was used, or failed to start."""


class Check(Part):
    """The canary checks, while the host is kept out of service."""

    proving_since: UtcTime | None = None
    proved_at: UtcTime | None = None
    """When the probe, the bake time and the health check had all passed."""
    unhealthy_since: UtcTime | None = None


class Use(Part):
    """For a refresh: how the host was used since it was last rebuilt."""

    used_at: UtcTime | None = None
    """The first pass that found a session."""
    last_used_at: UtcTime | None = None
    """The last pass that found a session: exact while a rollout holds the pool, else to ten minutes."""
    failed_in: str = ""
    """The rollout that failed on the host and left it drained. The refresh waits until it accepts sessions."""


class FailureCause(StrEnum):
    """What made a host fail, as far as its error tells."""

    VERSION = "version"
    """Its checks failed, so that the version may be at fault."""
    CAPACITY = "capacity"
    """Azure had no capacity for the VM size, or the subscription no quota."""
    THROTTLED = "throttled"
    """Azure was too busy for too long."""
    JOIN = "join"
    """It could not join its domain or Entra ID, or its registration token was rejected."""
    REFUSED = "refused"
    """A policy, a lock or a missing right forbade it."""
    OTHER = "other"

    @property
    def outside_version(self) -> bool:
        """Whether another version would fail as well."""
        return self not in {FailureCause.VERSION, FailureCause.OTHER}


class WaitKind(StrEnum):
    """Why a host in work waits for Azure."""

    BUSY = "busy"
    """Azure throttles us, failed temporarily, or works on the VM already."""
    HELD = "held"
    """We deleted or deallocated its VM, and Azure cannot provide it again. Other hosts wait until it can."""
    ATTEMPT = "attempt"
    """An attempt failed. The next one begins after a pause."""


class AzureWait(Part):
    """What a host in work waits for; empty when it does not wait for Azure."""

    kind: WaitKind | None = None
    call: str = ""
    """What Azure was asked for, in words."""
    answer: str = ""
    """Azure's last answer: code and message."""
    meaning: str = ""
    """What that means and what to do, where it is known."""
    since: UtcTime | None = None
    until: UtcTime | None = None
    """When it is tried again."""
    tries: int = 0


class StepMark(Value):
    """One step of one attempt: when it began, how long it took, and whether it did what it should."""

    name: str
    at: UtcTime
    attempt: int = 1
    seconds: float | None = None
    """None: it has not ended."""
    ok: bool | None = None


MOST_STEPS_KEPT = 40
"""How many steps a row keeps: those of all attempts that a policy allows."""


class Trail(Part):
    """Since when the host is in its state, and the steps of its attempts, for people. Nothing is decided by it."""

    state: HostState = HostState.PENDING
    """The state that `since` is about: of a row whose state is another one, it is not known yet."""
    since: UtcTime | None = None
    steps: tuple[StepMark, ...] = ()
    """The oldest first."""

    def begun(self, name: str, now: datetime, attempt: int) -> Self:
        """With a step that begins."""
        steps = (*self.steps, StepMark(name=name, at=now, attempt=attempt))
        return self.replace(steps=steps[-MOST_STEPS_KEPT:])

    def ended(self, now: datetime, *, ok: bool) -> Self:
        """With the last step ended."""
        if not self.steps or self.steps[-1].ok is not None:
            return self
        last = self.steps[-1]
        seconds = round(max(0.0, (now - last.at).total_seconds()), 1)
        return self.replace(steps=(*self.steps[:-1], last.replace(seconds=seconds, ok=ok)))
