"""Everything the use cases work with, in one frozen object: wired once per worker, replaced whole in tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.models.images import Image
from shared.models.keeping import AuditEntry, KeptAnswer
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.ports import DesktopPools, Gallery, Machines, Rows
from shared.settings import Settings

POOLS, IMAGES, ROLLOUTS = "pool", "image", "rollout"
"""Partition keys of the tables that have one partition each."""


@dataclass(frozen=True)
class Services:
    """The app's parts. `now` gives the present moment in UTC."""

    settings: Settings
    now: Callable[[], datetime]
    pools: Rows[Pool]
    images: Rows[Image]
    rollouts: Rows[Rollout]
    hosts: Rows[RolloutHost]
    answers: Rows[KeptAnswer]
    audit: Rows[AuditEntry]
    desktops: DesktopPools
    machines: Machines
    gallery: Gallery
