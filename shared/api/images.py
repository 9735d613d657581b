"""Images and their versions: requests, queries and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.common import DefinitionId, MachineId, Reason, ScheduleRequest, SoakMinutes, SubnetId
from shared.api.pools import PoolsQuery
from shared.api.tasks import TaskBrief
from shared.core.states import VersionState
from shared.models.base import AskedVersion, Name, UtcTime, Value
from shared.models.images import Notes, Retention, Source, TargetRegion, Verdict
from shared.models.policy import PolicyOverrides


class ImageView(Value):
    """A global image. `current` is the active version; `staged` waits to be tested and activated.

    `backups` can be gone back to, the highest first. `power` is that of the template VM (`running`, `deallocated`,
    …), empty when there is none.
    """

    name: str
    definition_id: str
    template_vm_id: str
    build_subnet_id: str
    accounts: list[str] | None
    """Who may use it; null: every account."""
    retention: Retention
    current: str | None = None
    staged: str | None = None
    verdict: Verdict | None = None
    """What came of testing the staged version."""
    backups: list[str] = Field(default_factory=list)
    promotion: str = ""
    """The promotion that is scheduled, if one is."""
    power: str = ""
    last_task: TaskBrief | None = None
    registered_at: UtcTime
    problem: str = ""
    """What could not be read in Azure, and why; empty when all could."""


class VersionView(Value):
    """A version of an image. `state` null: it is in the gallery, and Freshcoat has had nothing to do with it."""

    version: str
    id: str
    state: VersionState | None
    in_gallery: bool
    ready: bool
    """Provisioned in the gallery; a single read also knows the replication."""
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
    ended_at: UtcTime | None = None
    used_by: list[str] = Field(default_factory=list)
    """Pools whose version it is. Single hosts of others may be on it too: a removal looks at every host."""
    detail: str = ""


class ImagesQuery(PoolsQuery):
    """Which images: `search` is a part of the name, in any case; `account`: those that this account may have."""

    search: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    account: Name | None = None


class ImageRegistration(Value):
    """A global image: a name for a gallery image definition, and the VM it is built from (ARM ids).

    `accounts` left out or null: every account may use it. `active` is the version that is in use now, if it is not
    the newest one that "latest" would give; it counts when the image is registered for the first time.
    """

    definition_id: DefinitionId
    template_vm_id: MachineId | None = None
    build_subnet_id: SubnetId | None = None
    accounts: Annotated[list[Name], Field(max_length=1_000)] | None = None
    retention: Retention = Retention()
    active: AskedVersion | None = None


class SetAsImageRequest(Value):
    """Make a new version from the template VM.

    `power_off` is "Power off & set as image". `stage`: used by nobody until it is activated. `step` raises that part
    of the highest version there is; `version` names it instead. `regions` left out: those of the active version and
    of the hosts of the image's pools; only the form of their names is checked here.
    """

    power_off: bool = False
    stage: bool = True
    backup: bool = True
    step: Literal["major", "minor", "patch"] | None = None
    version: AskedVersion | None = None
    notes: Notes = ""
    regions: Annotated[list[TargetRegion], Field(min_length=1, max_length=50)] | None = None


class StageRequest(Value):
    """Stage a version that is in the gallery already."""

    version: AskedVersion
    notes: Notes = ""


class VerdictRequest(Value):
    """What came of testing a staged version."""

    result: Literal["passed", "failed"]
    note: Notes = ""


class PoolsUpdateRequest(Value):
    """Which pools are updated with it: `none`, `all` that have the image, or these; how, and in which rhythm.

    Rings go one after the other (test, pilot, production): the next one begins `soak_minutes` after all rollouts of
    the one before have succeeded. `schedule` is needed unless `update_pools` is `none`.
    """

    update_pools: Literal["none", "all"] | Annotated[list[Name], Field(min_length=1, max_length=500)] = "none"
    schedule: ScheduleRequest | None = None
    policy: PolicyOverrides = PolicyOverrides()
    soak_minutes: SoakMinutes = 60
    reason: Reason = ""


class ActivateRequest(PoolsUpdateRequest):
    """Activate a staged version. `version` left out: the one that is staged.

    `backup` left out: as was chosen when it was staged, which is yes unless said otherwise. `force`: although its
    test has failed.
    """

    version: AskedVersion | None = None
    backup: bool | None = None
    force: bool = False


class RollBackRequest(PoolsUpdateRequest):
    """Make a backup the active version again. `version` left out: the highest backup below the active version.

    Rings follow each other without a soak unless one is asked for: the version has proved itself before.
    """

    version: AskedVersion | None = None
    soak_minutes: SoakMinutes = 0
