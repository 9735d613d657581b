"""Everything the use cases work with, in one frozen object: wired once per worker, replaced whole in tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.caches.host_rows import KnownRows
from shared.caches.poll_estimates import FirstAsks
from shared.caches.read_through import Recent
from shared.caches.snapshots import Sights
from shared.core.settings import Settings
from shared.models.accounts import Account
from shared.models.answers import KeptAnswer
from shared.models.audit import AuditEntry
from shared.models.images import Image, ImageRow
from shared.models.kept_disks import KeptDisk
from shared.models.pools import Pool
from shared.models.promotions import Promotion
from shared.models.rollouts import Rollout, RolloutHost
from shared.models.tasks import Task
from shared.ports.avd import DesktopPools
from shared.ports.compute import Gallery, Machines, Surroundings, Workshop
from shared.ports.storage import Rows

ACCOUNTS, POOLS, IMAGES, ROLLOUTS = "account", "pool", "image", "rollout"
TASKS, PROMOTIONS = "task", "promotion"
"""Partition keys of the tables that have one partition each."""


@dataclass(frozen=True)
class Services:
    """The app's parts. `now` gives the present moment in UTC."""

    settings: Settings
    now: Callable[[], datetime]
    accounts: Rows[Account]
    pools: Rows[Pool]
    images: Rows[Image]
    versions: Rows[ImageRow]
    tasks: Rows[Task]
    promotions: Rows[Promotion]
    rollouts: Rows[Rollout]
    hosts: Rows[RolloutHost]
    disks: Rows[KeptDisk]
    answers: Rows[KeptAnswer]
    audit: Rows[AuditEntry]
    desktops: DesktopPools
    machines: Machines
    gallery: Gallery
    surroundings: Surroundings
    workshop: Workshop
    first_asks: FirstAsks = field(default_factory=FirstAsks)
    sights: Sights = field(default_factory=Sights)
    known_rows: KnownRows = field(default_factory=KnownRows)
    recent: Recent = field(default_factory=Recent)
