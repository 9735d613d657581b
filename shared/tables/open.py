"""All tables of the app, opened once per worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azure.data.tables import TableServiceClient
from azure.identity import DefaultAzureCredential

from shared.core.settings import BadSettings, Settings
from shared.core.transport import TOKEN_CALLS, Connections
from shared.models.access.caps import Caps
from shared.models.access.grants import AppKey, Grant
from shared.models.access.limits import Limits
from shared.models.access.profiles import JoinProfile, Probe
from shared.models.accounts import Account
from shared.models.answers import KeptAnswer
from shared.models.audit import AuditEntry, RefusalCount
from shared.models.base import Record
from shared.models.history.rollout_events import RolloutEvent
from shared.models.images import Image, ImageRow, ImageState, ImageVersion
from shared.models.kept_disks import KeptDisk
from shared.models.pools import Pool, PoolLook
from shared.models.promotions import Promotion
from shared.models.resource_claims import ResourceClaim
from shared.models.rollouts import Rollout, RolloutHost
from shared.models.tasks import Task
from shared.tables import keys
from shared.tables.codec import Codec, Coding, VersionSetCodec
from shared.tables.errors import translated
from shared.tables.keys import Keys
from shared.tables.rows import TableRows

CONNECT_TIMEOUT, READ_TIMEOUT = 3.0, 10.0
"""Seconds. Requests must not wait longer: their threads are few. A page of 1,000 rows is answered within one."""

LISTED = 2_000
"""Rows that are kept decoded of a table that lists read whole. One of a pool is about 5 kB."""


@dataclass(frozen=True)
class Tables:
    """The tables of `shared.services.Services`, by the same names."""

    accounts: TableRows[Account]
    pools: TableRows[Pool]
    looks: TableRows[PoolLook]
    images: TableRows[Image]
    versions: TableRows[ImageRow]
    tasks: TableRows[Task]
    promotions: TableRows[Promotion]
    rollouts: TableRows[Rollout]
    hosts: TableRows[RolloutHost]
    events: TableRows[RolloutEvent]
    disks: TableRows[KeptDisk]
    claims: TableRows[ResourceClaim]
    answers: TableRows[KeptAnswer]
    audit: TableRows[AuditEntry]
    refusals: TableRows[RefusalCount]
    grants: TableRows[Grant]
    app_keys: TableRows[AppKey]
    limits: TableRows[Limits]
    caps: TableRows[Caps]
    probes: TableRows[Probe]
    join_profiles: TableRows[JoinProfile]


def open_tables(settings: Settings, *, prefix: str = "") -> Tables:
    """Connect, and create missing tables. Several workers may do so at the same time.

    `prefix` separates several apps (or tests) in one storage account. Raises AzureBusy when the service cannot be
    reached, AzureForbidden when the app's identity has no access.
    """
    service = connect(settings)

    def coded[R: Record](name: str, codec: Coding[R], keeps: int = 0) -> TableRows[R]:
        with translated(prefix + name, "create"):
            client = service.create_table_if_not_exists(prefix + name)
        return TableRows(client, codec, keeps=keeps)

    def table[R: Record](name: str, model: type[R], keys_of: Keys[R], keeps: int = 0) -> TableRows[R]:
        return coded(name, Codec(model, keys_of), keeps)

    return Tables(
        accounts=table("Accounts", Account, keys.account_keys, LISTED),
        versions=coded("ImageVersions", image_row_codec()),
        tasks=table("Tasks", Task, keys.task_keys),
        promotions=table("Promotions", Promotion, keys.promotion_keys),
        pools=table("Pools", Pool, keys.pool_keys, LISTED),
        looks=table("PoolLooks", PoolLook, keys.look_keys, LISTED),
        images=table("Images", Image, keys.image_keys, LISTED),
        rollouts=table("Rollouts", Rollout, keys.rollout_keys),
        hosts=table("RolloutHosts", RolloutHost, keys.rollout_host_keys),
        events=table("RolloutEvents", RolloutEvent, keys.event_keys),
        disks=table("KeptDisks", KeptDisk, keys.disk_keys),
        claims=table("ResourceClaims", ResourceClaim, keys.claim_keys),
        answers=table("Answers", KeptAnswer, keys.answer_keys),
        audit=table("Audit", AuditEntry, keys.audit_keys),
        refusals=table("Refusals", RefusalCount, keys.refusal_keys),
        grants=table("Grants", Grant, keys.grant_keys),
        app_keys=table("AppKeys", AppKey, keys.app_key_keys),
        limits=table("Limits", Limits, keys.limits_keys),
        caps=table("Caps", Caps, keys.caps_keys),
        probes=table("Probes", Probe, keys.profile_keys),
        join_profiles=table("JoinProfiles", JoinProfile, keys.profile_keys),
    )


def image_row_codec() -> VersionSetCodec[ImageRow]:
    """The codec of an image's rows: one state row and its versions."""
    return VersionSetCodec(
        state=Codec(ImageState, keys.image_row_keys),
        version=Codec(ImageVersion, keys.image_row_keys),
    )


def connect(settings: Settings) -> TableServiceClient:
    """A client by connection string, or by endpoint with the app's identity. Raises BadSettings."""
    manners: dict[str, Any] = {
        "retry_total": 2,
        "retry_backoff_factor": 0.2,
        "retry_backoff_max": 5,
        "transport": Connections(CONNECT_TIMEOUT, READ_TIMEOUT),
    }
    if settings.tables_connection:
        try:
            return TableServiceClient.from_connection_string(settings.tables_connection, **manners)
        except ValueError:  # its text may quote the string, which contains the account key
            raise BadSettings("FRESHCOAT_TABLES_CONNECTION is not a connection string.") from None
    identity = settings.identity_client_id or None
    credential = DefaultAzureCredential(managed_identity_client_id=identity, **TOKEN_CALLS)
    return TableServiceClient(settings.tables_endpoint, credential=credential, **manners)
