"""Images and their versions: requests, queries and answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field

from shared.api.agreed_plans import AgreedPlan
from shared.api.common import DefinitionId, MachineId, PageQuery, Query, Reason, ScheduleRequest, SoakMinutes, SubnetId
from shared.api.conditions import Tagged
from shared.api.tasks import TaskBrief
from shared.core.states import VersionState
from shared.models.base import ONE_LINE, WHOLE, AskedVersion, Name, UtcTime, Value
from shared.models.images import Image, Notes, Retention, Source, TargetRegion, Verdict
from shared.models.messages import Message
from shared.models.policy import PolicyOverrides
from shared.models.withdrawals import RolloutsOfVersion, StoppedRollout


class TemplateView(Value):
    """The template VM of an image, as Azure has it."""

    name: str
    vm_size: str
    """Empty when it could not be read."""
    power: str
    """`running`, `deallocated`, …; empty when it could not be read."""
    last_started: UtcTime | None
    """When somebody last had it started by `power`. Null: never."""


class GalleryView(Value):
    """Where the versions of an image are: names of its compute gallery and its definition there."""

    name: str
    definition: str
    resource_group: str
    subscription: str


class ImageView(Tagged):
    """A global image. `current` is the active version, `staged` the one to be tested and activated.

    `backups` are versions to roll back to, the highest first. `power` is the power state of the template VM
    (`running`, `deallocated`, …), empty without a template VM.
    """

    name: str
    definition_id: str
    template_vm_id: str
    build_subnet_id: str
    accounts: list[str] | None
    """Accounts that may use the image. Null: every account."""
    retention: Retention
    current: str | None = None
    staged: str | None = None
    verdict: Verdict | None = None
    """Test result of the staged version."""
    current_verdict: Verdict | None = None
    """Test result of the active version."""
    backups: list[str] = Field(default_factory=list)
    roll_back_to: str | None = None
    """The backup that a roll-back takes when the request names none."""
    advice: Message | None = None
    """What to do about the active version, when it failed its test."""
    promotion: str = ""
    """Id of the scheduled promotion, if any."""
    promotion_due_at: UtcTime | None = None
    """When it is due."""
    pools: dict[str, int] = Field(default_factory=dict)
    """Pools of the image that the caller sees, by their version; `unknown`: those whose version is not known."""
    power: str = ""
    template: TemplateView | None = None
    """Null without a template VM."""
    gallery: GalleryView
    last_task: TaskBrief | None = None
    registered_at: UtcTime
    problem: str = ""
    """What could not be read from Azure, and why. Empty when everything was read."""


class VersionView(Value):
    """A version of an image. `state` is null when it is in the gallery and Freshcoat has no record of it."""

    version: str
    id: str
    state: VersionState | None
    in_gallery: bool
    ready: bool
    """Whether it is provisioned in the gallery; reading a single version also considers its replication."""
    excluded_from_latest: bool
    replicas: dict[str, int]
    """Replicas per Azure region."""
    source: Source | None = None
    notes: str = ""
    verdict: Verdict | None = None
    created_by: str = ""
    created_at: UtcTime | None = None
    staged_at: UtcTime | None = None
    activated_at: UtcTime | None = None
    retired_at: UtcTime | None = None
    rolled_back: bool = False
    """The image was rolled back from it: a roll-back returns to it only when it is named."""
    ended_at: UtcTime | None = None
    used_by: list[str] = Field(default_factory=list)
    """Pools whose version it is. Single hosts of other pools may run it too; a removal checks every host."""
    detail: str = ""
    deleting: bool = False
    """Its deletion from the gallery is under way. `in_gallery` becomes false when it is gone."""
    advice: Message | None = None
    """What to do about it, when it is active and failed its test."""
    stopped_rollouts: list[StoppedRollout] = Field(default_factory=list)
    """Open rollouts of the version that this request has stopped or cancelled."""


class RemoveVersionQuery(Query):
    """`rollouts`: what is done with rollouts of the version that have changed no host yet."""

    rollouts: RolloutsOfVersion = RolloutsOfVersion.STOP


class ImagesQuery(PageQuery):
    """Filter of images. `search`: part of the name, case-insensitive. `account`: images available to this account.

    Pages are small because each image is read from Azure.
    """

    limit: Annotated[int, Field(ge=1, le=50), WHOLE] = 20
    search: Annotated[str, Field(min_length=1, max_length=100), ONE_LINE] | None = None
    account: Name | None = None


class ImageRegistration(Value):
    """Register a global image: a gallery image definition and the template VM it is built from (ARM ids).

    `accounts` null or left out: every account may use it. `active`: the version in use now. Default: the one that
    "latest" gives. `active` only matters while no active version is recorded.
    """

    definition_id: DefinitionId
    template_vm_id: MachineId | None = None
    build_subnet_id: SubnetId | None = None
    accounts: Annotated[list[Name], Field(max_length=1_000)] | None = None
    retention: Retention = Retention()
    active: AskedVersion | None = None

    @classmethod
    def of(cls, image: Image) -> Self:
        """The registration that is stored."""
        return cls(
            definition_id=image.definition_id,
            template_vm_id=image.template_vm_id or None,
            build_subnet_id=image.build_subnet_id or None,
            accounts=None if image.accounts is None else [*image.accounts],
            retention=image.retention,
        )


class SetAsImageRequest(Value):
    """Create a new version from the template VM.

    `power_off`: switch a running template VM off first. `stage`: keep the version inactive until it is activated.
    `step`: the part of the highest version to raise; or give `version`. `regions`: default are the regions of the
    active version and of the hosts of the image's pools.
    """

    power_off: bool = False
    stage: bool = True
    backup: bool = True
    step: Literal["major", "minor", "patch"] | None = None
    version: AskedVersion | None = None
    notes: Notes = ""
    regions: Annotated[list[TargetRegion], Field(min_length=1, max_length=50)] | None = None


class StageRequest(Value):
    """Stage a version that already exists in the gallery."""

    version: AskedVersion
    notes: Notes = ""


class PowerAction(StrEnum):
    """What is done with a template VM."""

    START = "start"
    STOP = "stop"
    """Deallocate it."""


class PowerRequest(Value):
    """Switch the template VM of an image on or off."""

    action: PowerAction


class VerdictRequest(Value):
    """The test result of a version that is staged, active, or was active.

    `rollouts`: what `failed` does with open rollouts of the version.
    """

    result: Literal["passed", "failed"]
    note: Notes = ""
    rollouts: RolloutsOfVersion = RolloutsOfVersion.STOP


class PoolsUpdateRequest(Value):
    """Which pools to update with the version: `none`, `all` pools of the image, or the named ones.

    Rings (test, pilot, production) follow one another: the next ring starts `soak_minutes` after all rollouts of the
    previous one have succeeded. `schedule` is required unless `update_pools` is `none`.
    """

    update_pools: Literal["none", "all"] | Annotated[list[Name], Field(min_length=1, max_length=500)] = "none"
    schedule: ScheduleRequest | None = None
    policy: PolicyOverrides = PolicyOverrides()
    soak_minutes: SoakMinutes = 60
    reason: Reason = ""


class ActivationChoice(PoolsUpdateRequest):
    """Activate a staged version. Default of `version`: the staged one.

    `backup`: whether to keep the previous version as a backup. Default: as chosen at staging, else true. `force`:
    activate even if its test failed.
    """

    version: AskedVersion | None = None
    backup: bool | None = None
    force: bool = False


class ActivateRequest(ActivationChoice, AgreedPlan):
    __doc__ = ActivationChoice.__doc__


class RollBackRequest(PoolsUpdateRequest, AgreedPlan):
    """Make a backup the active version again. Default of `version`: the last one that was active.

    Left out are those that the image was rolled back from, and those that failed their test.

    `rollouts`: what is done with open rollouts of the version that is rolled back. `force`: roll back to a version even
    if its test failed.

    `soak_minutes` is 0 by default: the version has been in use before.
    """

    version: AskedVersion | None = None
    soak_minutes: SoakMinutes = 0
    force: bool = False
    rollouts: RolloutsOfVersion = RolloutsOfVersion.STOP
