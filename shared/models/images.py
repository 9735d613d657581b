"""Global images: their registration, the records of their versions, and versions as the gallery reports them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.core.states import VersionState
from shared.models.access.roles import EVERY_ACCOUNT
from shared.models.base import ONE_LINE, WHOLE, Name, Record, UtcTime, Value, VersionText, region_key

Notes = Annotated[str, StringConstraints(max_length=4_000), ONE_LINE]


class Retention(Value):
    """Which backups are kept: the last `backups`, and those that became a backup in the last `days` days."""

    backups: Annotated[int, Field(ge=0, le=50), WHOLE] = 3
    days: Annotated[int, Field(ge=0, le=3_650), WHOLE] = 30


class Image(Record):
    """A global image: a gallery image definition and the template VM it is built from.

    `definition_id` is the ARM id `/subscriptions/…/galleries/{gallery}/images/{definition}`. `accounts` None: every
    account may use it. `build_subnet_id`: the subnet of the clone. Empty: the subnet of the template VM.
    """

    name: Name
    definition_id: str
    template_vm_id: str = ""
    build_subnet_id: str = ""
    accounts: tuple[Name, ...] | None = None
    retention: Retention = Retention()
    registered_at: UtcTime
    template_started_at: UtcTime | None = None
    """When somebody last had the template VM started here."""

    @property
    def owners(self) -> tuple[str, ...]:
        """The accounts that it belongs to, or `*` when every account may use it."""
        return (EVERY_ACCOUNT,) if self.accounts is None else self.accounts


class ImageState(Record):
    """The versions of an image that are in use, in one row. Every change of the image's versions writes this row.

    So of two simultaneous changes, one finds its etag stale.
    """

    kind: Literal["state"] = "state"
    image: Name
    active: VersionText | None = None
    staged: VersionText | None = None
    capture: str = ""
    """The running set-as-image task. Empty without one."""
    activation: str = ""
    """The task that last changed `active`."""
    activated_at: UtcTime | None = None
    waiting_pools: tuple[Name, ...] = ()
    """Pools to be updated by the last activation. Their new hosts get the pool's version until the pool's own rollout
    has passed its canary checks."""
    promotion: str = ""
    """The scheduled promotion. Empty without one."""
    last_task: str = ""


class Source(StrEnum):
    """Where a version comes from."""

    CAPTURE = "capture"
    """Set as image: captured from the template VM."""
    GALLERY = "gallery"
    """Existed in the gallery before."""


class Verdict(Value):
    """The test result of a version."""

    result: Literal["passed", "failed"]
    note: Notes = ""
    by: str
    at: UtcTime


class ImageVersion(Record):
    """Freshcoat's record of an image version."""

    kind: Literal["version"] = "version"
    image: Name
    version: VersionText
    state: VersionState
    source: Source
    task: str = ""
    """The task that last changed it."""
    made_by_task: str = ""
    """The task that captured it, by the tag in the gallery. Empty if it was not captured."""
    notes: Notes = ""
    created_by: str = ""
    created_at: UtcTime
    staged_at: UtcTime | None = None
    activated_at: UtcTime | None = None
    retired_at: UtcTime | None = None
    """When another version replaced it."""
    ended_at: UtcTime | None = None
    """When it was discarded, deleted, or failed."""
    verdict: Verdict | None = None
    verdict_task: str = ""
    """The task that recorded the verdict."""
    backup_wanted: bool = True
    """Whether activating this version keeps the replaced one as a backup, unless the activation says otherwise."""
    rolled_back: bool = False
    """The image was rolled back from it: a later roll-back returns to it only when it is named."""
    deleting: bool = False
    """It is being deleted from the gallery, so nothing may start to use it."""
    removal_begun_at: UtcTime | None = None
    """When Azure accepted its deletion. A version with its number that is ready after that may be another one."""
    removal_by: str = ""
    """Who discarded or removed it, or `retention`."""
    note: str = ""
    """Why it failed, or why it was not removed."""


type ImageRow = ImageState | ImageVersion
"""The rows of one image's partition, changed together in one transaction."""


class GalleryVersion(Value):
    """An image version as the compute gallery reports it (GET with `$expand=ReplicationStatus`)."""

    id: str
    version: VersionText
    ready: bool
    """Provisioned, and replicated to every target region."""
    exclude_from_latest: bool
    """Whether "latest" of the definition skips it. Freshcoat sets this on every version but the active one."""
    regions_differ: bool = False
    """Whether the flag of a region is not that of the version."""
    replicas: dict[str, int]
    """Replicas per region, by normalised region name (`westeurope`)."""
    detail: str = ""
    """When not ready: what is missing."""
    failed: bool = False
    """Azure failed to create it; it will not become ready."""
    percent: int = 100
    """Progress of the replication over all regions."""
    os_disk_gb: int | None = None
    """Size of the OS disk in the image; a VM's disk cannot be smaller. None when unknown."""

    def missing_in(self, regions: Iterable[str]) -> list[str]:
        """The regions (normalised names) to which it is not replicated, sorted."""
        return sorted(region for region in regions if not self.replicas.get(region))

    task: str = ""
    """The task that created it, by its tag."""

    @property
    def being_deleted(self) -> bool:
        """Whether Azure is deleting it."""
        return "Deleting" in self.detail

    @property
    def latest_flag(self) -> bool | None:
        """Whether it is excluded from "latest" in each region alike; None when its regions differ."""
        return None if self.regions_differ else self.exclude_from_latest


class Definition(Value):
    """A gallery image definition: the properties shared by all its versions."""

    id: str
    location: str
    generalized: bool
    windows: bool
    generation: Literal["V1", "V2"]
    security_type: str = ""
    """`TrustedLaunch`, `TrustedLaunchSupported`, …, or empty."""
    disallowed_disk_types: tuple[str, ...] = ()
    """Storage types that a VM's OS disk may not have, `Standard_LRS` for instance."""

    @property
    def captured_through_image(self) -> bool:
        """Whether its versions must be captured from a managed image instead of a VM (azure-facts 2.3)."""
        return self.security_type.endswith("Supported")


REGION_PATTERN = r"^[A-Za-z]( ?[A-Za-z0-9]){2,39}$"


class TargetRegion(Value):
    """A region to which a version is replicated. Each replica serves 50 simultaneous VM creations (azure-facts 2.8)."""

    name: Annotated[str, StringConstraints(pattern=REGION_PATTERN)]
    """Only its form is checked. Whether Azure has this region, and offers it to the subscription, shows when the
    version is created."""
    replicas: Annotated[int, Field(ge=1, le=100), WHOLE] = 1
    storage: Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"] = "Standard_LRS"

    @property
    def key(self) -> str:
        """The region's normalised name (`westeurope`)."""
        return region_key(self.name)
