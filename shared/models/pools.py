"""Pools: a host pool registered with Freshcoat, and how its hosts join."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.models.base import Name, Record, UtcTime, Value, VersionText
from shared.models.policy import PolicyOverrides


class Ring(StrEnum):
    """How far a pool stands from the users."""

    TEST = "test"
    PILOT = "pilot"
    PRODUCTION = "production"


class ReimageSupport(StrEnum):
    """Whether re-imaging in place brings the target version on this pool; found out on the first host."""

    UNKNOWN = "unknown"
    WORKS = "works"
    UNSUPPORTED = "unsupported"


class Refresh(StrEnum):
    """Whether hosts that were used are re-imaged to the version the pool is on: after their last log-off, or daily."""

    OFF = "off"
    AFTER_LOGOFF = "after_logoff"
    DAILY = "daily"


JOIN_SETTING_PATTERN = r"^JOIN_[A-Z0-9_]{1,100}$"


class EntraJoin(Value):
    """Join Microsoft Entra ID by the AADLoginForWindows extension; no password."""

    kind: Literal["entra"]
    intune: bool = False


class DomainJoin(Value):
    """Join an AD domain by the JsonADDomainExtension.

    `password_setting` names the app setting that holds the joining user's password, usually a Key Vault
    reference. Only settings called `JOIN_…` may be named, so that no other secret can be asked for.
    """

    kind: Literal["ad"]
    domain: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    user: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    password_setting: Annotated[str, StringConstraints(pattern=JOIN_SETTING_PATTERN)]
    ou: str | None = None


Join = Annotated[EntraJoin | DomainJoin, Field(discriminator="kind")]


class Pool(Record):
    """A registered pool. `version` is what new and burst hosts get; None until it is known.

    `running_rollout` is the id of the one rollout that is not ended, or empty: the claim.
    """

    name: Name
    account: Name
    host_pool_id: str
    image: Name
    version: VersionText | None = None
    previous_version: VersionText | None = None
    previous_image: Name | None = None
    """The image of `previous_version`, when a rollout has changed it."""
    version_at: UtcTime | None = None
    """Since when `version` counts for new hosts: a rollout of the pool has taken it in hand, or it was registered. An
    activation of its image after that counts more. None: always the pool's own."""
    ring: Ring = Ring.PRODUCTION
    time_zone: str = "UTC"
    join: Join
    policy: PolicyOverrides = PolicyOverrides()
    running_rollout: str = ""
    last_rollout: str = ""
    """The rollout that ended last: hosts that failed in it may be out of the host pool."""
    host_seconds: float | None = None
    """Median time a host took in the last rollout that was measured."""
    refresh: Refresh = Refresh.OFF
    refresh_rollout: str = ""
    """The standing rollout that refreshes hosts; empty when none was begun."""
    reimage: ReimageSupport = ReimageSupport.UNKNOWN
    registered_at: UtcTime
