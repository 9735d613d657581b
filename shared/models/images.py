"""Global images: what is registered of them, what the tables know of their versions, what the gallery says."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.core.states import VersionState
from shared.models.base import Name, Record, UtcTime, Value, VersionText, region_key

Notes = Annotated[str, StringConstraints(max_length=4_000)]


class Retention(Value):
    """Which backups are kept: the last `backups` ones, and whatever became one in the last `days` days."""

    backups: Annotated[int, Field(ge=0, le=50)] = 3
    days: Annotated[int, Field(ge=0, le=3_650)] = 30


class Image(Record):
    """A global image: a name for one gallery image definition, and the VM it is built from.

    `definition_id` is the ARM id `/subscriptions/…/galleries/{gallery}/images/{definition}`. `accounts` None: every
    account may use it. `build_subnet_id` is where the copy of the template is prepared; empty: the template's own.
    """

    name: Name
    definition_id: str
    template_vm_id: str = ""
    build_subnet_id: str = ""
    accounts: tuple[Name, ...] | None = None
    retention: Retention = Retention()
    registered_at: UtcTime


class ImageState(Record):
    """Which versions of an image are in use, in one row that every change of its versions writes.

    That row is what makes changes exclude each other: of two at once, one finds its etag stale.
    """

    kind: Literal["state"] = "state"
    image: Name
    active: VersionText | None = None
    staged: VersionText | None = None
    capture: str = ""
    """The set-as-image task that is making a version; empty when none is."""
    activation: str = ""
    """The task that moved `active` last."""
    activated_at: UtcTime | None = None
    waiting_pools: tuple[Name, ...] = ()
    """Pools that the last activation was to update: their new hosts stay on the pool's own version until their
    own rollout has proved the new one."""
    promotion: str = ""
    """The promotion that is scheduled; empty when none is."""
    last_task: str = ""


class Source(StrEnum):
    """Where a version came from."""

    CAPTURE = "capture"
    """Set as image: captured from the template VM."""
    GALLERY = "gallery"
    """Was in the gallery already."""


class Verdict(Value):
    """What came of testing a version."""

    result: Literal["passed", "failed"]
    note: Notes = ""
    by: str
    at: UtcTime


class ImageVersion(Record):
    """One version of an image, as far as Freshcoat had to do with it."""

    kind: Literal["version"] = "version"
    image: Name
    version: VersionText
    state: VersionState
    source: Source
    task: str = ""
    """The task that changed it last."""
    made_by_task: str = ""
    """The task that captured it, as the gallery's tag says it; empty for one that was not captured."""
    notes: Notes = ""
    created_by: str = ""
    created_at: UtcTime
    staged_at: UtcTime | None = None
    activated_at: UtcTime | None = None
    retired_at: UtcTime | None = None
    """When another version took its place."""
    ended_at: UtcTime | None = None
    """When it was discarded, deleted, or failed."""
    verdict: Verdict | None = None
    backup_wanted: bool = True
    """Whether the version this one replaces is to be kept as a backup, unless the activation says otherwise."""
    unwanted: bool = False
    """Replaced without keeping a backup: it goes as soon as nobody uses it, and is not offered for a roll-back."""
    deleting: bool = False
    """It is being removed from the gallery: nobody may begin to use it."""
    removal_begun_at: UtcTime | None = None
    """When Azure took on its removal: what is ready under its number after that may be another version."""
    removal_by: str = ""
    """Who has it removed: whoever discarded it or asked for its removal, or `retention`."""
    note: str = ""
    """Why it failed, or is still there."""


type ImageRow = ImageState | ImageVersion
"""The rows of one image's partition; changed together in one transaction."""


class GalleryVersion(Value):
    """One image version as the compute gallery has it (GET with `$expand=ReplicationStatus`)."""

    id: str
    version: VersionText
    ready: bool
    """Provisioned, and replicated to every target region."""
    exclude_from_latest: bool
    """True: "latest" of the definition passes it over. Freshcoat sets it on every version but the active one."""
    replicas: dict[str, int]
    """Replicas per region, by normalised region name (`westeurope`)."""
    detail: str = ""
    """When not ready: what is missing."""
    failed: bool = False
    """Azure has given up making it; it will not become ready."""
    percent: int = 100
    """How far replication has come, over all regions."""

    def missing_in(self, regions: Iterable[str]) -> list[str]:
        """Those of the regions (normalised names) it is not replicated to, in order."""
        return sorted(region for region in regions if not self.replicas.get(region))

    task: str = ""
    """The task that made it, by its tag."""


class Definition(Value):
    """A gallery image definition: what every version of it has in common."""

    id: str
    location: str
    generalized: bool
    windows: bool
    generation: Literal["V1", "V2"]
    security_type: str = ""
    """`TrustedLaunch`, `TrustedLaunchSupported`, …; empty when it has none."""

    @property
    def captured_through_image(self) -> bool:
        """Whether a VM cannot be captured directly: such definitions take a managed image (azure-facts 2.3)."""
        return self.security_type.endswith("Supported")


REGION_PATTERN = r"^[A-Za-z]( ?[A-Za-z0-9]){2,39}$"


class TargetRegion(Value):
    """Where a version is replicated to. 50 VMs can be made at once per replica (azure-facts 2.8)."""

    name: Annotated[str, StringConstraints(pattern=REGION_PATTERN)]
    """Only its form is checked: whether Azure has such a region, and offers it to the subscription, is found out when
    the version is made."""
    replicas: Annotated[int, Field(ge=1, le=100)] = 1
    storage: Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"] = "Standard_LRS"

    @property
    def key(self) -> str:
        """The region's normalised name (`westeurope`)."""
        return region_key(self.name)
