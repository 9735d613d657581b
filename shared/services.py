"""Everything the use cases work with, in one frozen object. It is built once per worker, and by each test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.caches.audit_writer import AuditWriter
from shared.caches.health import HealthCache
from shared.caches.host_rows import HostRowCache
from shared.caches.logoff_hints import LogoffHints
from shared.caches.plans import PlanCache
from shared.caches.poll_estimates import PollEstimator
from shared.caches.read_through import ReadThroughCache
from shared.caches.refusal_counter import RefusalCounter
from shared.caches.seen_rows import SeenRowsCache
from shared.caches.signing_keys import SigningKeys
from shared.caches.snapshots import SnapshotCache
from shared.core.settings import Settings
from shared.models.access.caps import Caps
from shared.models.access.grants import AppKey, Grant
from shared.models.access.limits import Limits
from shared.models.access.profiles import JoinProfile, Probe
from shared.models.accounts import Account
from shared.models.answers import KeptAnswer
from shared.models.audit import AuditEntry, RefusalCount
from shared.models.history.rollout_events import RolloutEvent
from shared.models.images import Image, ImageRow
from shared.models.kept_disks import KeptDisk
from shared.models.pools import Pool, PoolLook
from shared.models.promotions import Promotion
from shared.models.resource_claims import ResourceClaim
from shared.models.rollouts import Rollout, RolloutHost
from shared.models.tasks import Task
from shared.ports.avd import HostPools
from shared.ports.compute import ArmBudget, Gallery, Governance, ImageBuilder, VirtualMachines
from shared.ports.directory import Directory
from shared.ports.seals import Seals
from shared.ports.storage import Rows

ACCOUNTS, POOLS, IMAGES, ROLLOUTS = "account", "pool", "image", "rollout"
TASKS, PROMOTIONS = "task", "promotion"
GRANTS, APP_KEYS, CAPS = "grant", "key", "cap"
LOOKS = "look"
"""Partition keys of tables with a single partition."""


@dataclass(frozen=True)
class Services:
    """Settings, tables, Azure adapters and caches. `now` returns the current time in UTC."""

    settings: Settings
    now: Callable[[], datetime]
    accounts: Rows[Account]
    pools: Rows[Pool]
    looks: Rows[PoolLook]
    images: Rows[Image]
    versions: Rows[ImageRow]
    tasks: Rows[Task]
    promotions: Rows[Promotion]
    rollouts: Rows[Rollout]
    hosts: Rows[RolloutHost]
    events: Rows[RolloutEvent]
    disks: Rows[KeptDisk]
    claims: Rows[ResourceClaim]
    answers: Rows[KeptAnswer]
    audit: Rows[AuditEntry]
    refusals: Rows[RefusalCount]
    grants: Rows[Grant]
    app_keys: Rows[AppKey]
    limits: Rows[Limits]
    caps: Rows[Caps]
    probes: Rows[Probe]
    join_profiles: Rows[JoinProfile]
    host_pools: HostPools
    vms: VirtualMachines
    gallery: Gallery
    governance: Governance
    arm_budget: ArmBudget
    image_builder: ImageBuilder
    directory: Directory
    signing_keys: SigningKeys
    seals: Seals | None = None
    """What signs the record; None: nothing does."""
    poll_estimates: PollEstimator = field(default_factory=PollEstimator)
    snapshots: SnapshotCache = field(default_factory=SnapshotCache)
    seen_rows: SeenRowsCache = field(default_factory=SeenRowsCache)
    host_rows: HostRowCache = field(default_factory=HostRowCache)
    read_cache: ReadThroughCache = field(default_factory=ReadThroughCache)
    plans: PlanCache = field(default_factory=PlanCache)
    health: HealthCache = field(default_factory=HealthCache)
    logoff_hints: LogoffHints = field(default_factory=LogoffHints)
    audit_writer: AuditWriter = field(default_factory=AuditWriter)
    refusal_counter: RefusalCounter = field(default_factory=RefusalCounter)
