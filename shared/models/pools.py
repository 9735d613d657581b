"""Pools: host pools registered with Freshcoat, and how their hosts join."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from shared.models.base import ONE_LINE, Name, Record, UtcTime, Value, VersionText
from shared.models.directory import DirectoryCleanup
from shared.models.policy import PolicyOverrides, StoredOverrides


class Ring(StrEnum):
    """How far a pool is from production users."""

    TEST = "test"
    PILOT = "pilot"
    PRODUCTION = "production"


class ReimageSupport(StrEnum):
    """Whether re-imaging in place installs the target version in this pool. Determined on the first host."""

    UNKNOWN = "unknown"
    WORKS = "works"
    UNSUPPORTED = "unsupported"


class Refresh(StrEnum):
    """Whether used hosts are re-imaged to the pool's version: after their last sign-out, daily, or not."""

    OFF = "off"
    AFTER_LOGOFF = "after_logoff"
    DAILY = "daily"


JOIN_SETTING_PATTERN = r"^JOIN_[A-Z0-9_]{1,100}$"


class EntraJoin(Value):
    """Join Microsoft Entra ID with the AADLoginForWindows extension. Needs no password."""

    kind: Literal["entra"]
    intune: bool = False


DomainText = Annotated[str, StringConstraints(min_length=1, max_length=255), ONE_LINE]
PasswordSetting = Annotated[str, StringConstraints(pattern=JOIN_SETTING_PATTERN)]
"""The app setting with a joining user's password, usually a Key Vault reference. Only settings called `JOIN_…` are
allowed, so that no other secret can be used."""
OrgUnit = Annotated[str, StringConstraints(max_length=1_000), ONE_LINE]


class DomainJoin(Value):
    """Join an AD domain with the JsonADDomainExtension: what a join profile says."""

    kind: Literal["ad"]
    domain: DomainText
    user: DomainText
    password_setting: PasswordSetting
    ou: OrgUnit | None = None


class ProfileJoin(Value):
    """Join an AD domain as a join profile of the pool's account says. Domain, user and password are kept there."""

    kind: Literal["ad"]
    profile: Name

    @model_validator(mode="before")
    @classmethod
    def _by_name_only(cls, given: object) -> object:
        if isinstance(given, Mapping) and not given.keys().isdisjoint(DomainJoin.model_fields.keys() - {"kind"}):
            raise ValueError(
                "name a join profile of the pool's account; an admin keeps domain, user and password there"
            )
        return given


Join = Annotated[EntraJoin | ProfileJoin, Field(discriminator="kind")]


def _join_by_profile(join: object) -> object:
    """A stored join. Rows from before join profiles hold a domain itself: they name a profile that is called so."""
    if isinstance(join, Mapping) and join.get("kind") == "ad" and "profile" not in join:
        name = re.sub(r"[^A-Za-z0-9._-]", "-", str(join.get("domain", ""))).lstrip("._-")[:63]
        return {"kind": "ad", "profile": name or "domain"}
    return join


StoredJoin = Annotated[Join, BeforeValidator(_join_by_profile)]
"""The join in a row."""


class HostProof(Value):
    """A host of the pool got a version and returned to service: how it was done, and when."""

    version_id: str
    """ARM id of the gallery image version."""
    strategy: str
    """`reimage`, `replace` or `swap`."""
    join: StoredJoin
    at: UtcTime
    rollout: str


class LostHost(Value):
    """A host that a rollout removed from the host pool, and that no row knows to be out: it is taken up again."""

    host: str
    vm_id: str
    """ARM id."""
    rollout: str
    """The rollout that removed it, by its VM's tag."""


class Pool(Record):
    """A registered pool. `version` is the version of new and burst hosts; None until it is known.

    `running_rollout` is the id of the rollout that has claimed the pool; empty when the pool is free.
    """

    name: Name
    account: Name
    host_pool_id: str
    image: Name
    version: VersionText | None = None
    previous_version: VersionText | None = None
    previous_image: Name | None = None
    """The image of `previous_version`, if a rollout changed the image."""
    version_at: UtcTime | None = None
    """Since when `version` applies to new hosts, by a rollout or by the registration. A later activation of the image
    overrides it. None: the pool's version always applies."""
    ring: Ring = Ring.PRODUCTION
    time_zone: str = "UTC"
    join: StoredJoin
    directory_cleanup: DirectoryCleanup | None = None
    """Which records of a host are deleted before it joins again. None: by the kind of join (`cleanup_of`)."""
    policy: StoredOverrides = PolicyOverrides()
    running_rollout: str = ""
    claimed_at: UtcTime | None = None
    """When `running_rollout` was written last. Its rollout's row follows within seconds, or never."""
    last_rollout: str = ""
    """The rollout that ended last. Hosts that failed in it may be missing from the host pool."""
    lost_hosts: tuple[LostHost, ...] = ()
    """As of the last search: at the end of a rollout, or by the timer."""
    host_seconds: float | None = None
    """Median time per host in the last measured rollout."""
    refresh: Refresh = Refresh.OFF
    refresh_rollout: str = ""
    """The rollout that refreshes hosts. Empty before the first one."""
    reimage: ReimageSupport = ReimageSupport.UNKNOWN
    proof: HostProof | None = None
    """The last kind of rebuild that worked in this pool; other pools of the account rely on it too."""
    event_key: int = 1
    """The generation of the key with which its hosts sign log-off events. The one before counts too."""
    registered_at: UtcTime
    changed_by_id: str = ""
    """The id of the caller who last changed the registration."""
    unreadable_since: UtcTime | None = None
    """Since when its host pool or hosts cannot be read; None: they could be, the last time."""


class PoolLook(Record):
    """The numbers of a pool when it was last looked at, for lists that do not read Azure."""

    pool: Name
    tried_at: UtcTime
    """When it was last tried to look at it."""
    at: UtcTime | None = None
    """When these numbers were read; None: the pool could not be read yet."""
    hosts: int = 0
    sessions: int = 0
    accepting: int = 0
    """Hosts on which a new session could start."""
    unhealthy: int = 0
    """Hosts that are on and not healthy, without those that a rollout has in work."""
    versions: dict[str, int] = Field(default_factory=dict)
    """Hosts per version; `unknown`: without a VM, or not made from a gallery image."""

    def behind(self, version: str | None) -> int | None:
        """Hosts that are not on this version; None when it is not known."""
        return None if version is None else sum(self.versions.values()) - self.versions.get(version, 0)
