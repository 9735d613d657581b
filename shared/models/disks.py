"""OS disks that rollouts have left behind on purpose, so that a host can be brought back fast."""

from __future__ import annotations

from shared.models.base import Name, Record, UtcTime


class KeptDisk(Record):
    """An OS disk a host was on before it was rebuilt. Noted before the host is touched.

    `version_id` is the gallery image version the disk was made from; empty when it does not say.
    """

    pool: Name
    host: str
    vm_id: str
    disk_id: str
    version_id: str = ""
    rollout: str
    """The rollout that kept it."""
    kept_at: UtcTime
    keep_until: UtcTime
    """From then on it is removed, unless a roll-back could still want it."""
