"""OS disks that rollouts keep, so that hosts can be rolled back quickly."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from shared.core.names import short_hash
from shared.models.base import Name, Record, UtcTime


class KeptDisk(Record):
    """The OS disk that a host had before its rebuild. The row is written before the host is touched.

    `version_id` is the gallery image version the disk was created from. Empty when unknown.
    """

    pool: Name
    account: str = ""
    """The account that the pool belonged to. Empty in rows from before it was recorded."""
    host: str
    vm_id: Annotated[str, AfterValidator(str.lower)]
    """In lower case, since the disks of a host are found by it."""
    disk_id: str
    version_id: str = ""
    rollout: str
    """The rollout that kept it."""
    kept_at: UtcTime
    keep_until: UtcTime
    """The disk is deleted after this time, unless a roll-back may still need it."""
    removing: bool = False
    """Its deletion may have started, so no roll-back may use it."""

    @property
    def key(self) -> str:
        """The row key: the disks of a host are adjacent in the pool's partition."""
        return f"{short_hash(self.vm_id)}-{short_hash(self.disk_id)}"
