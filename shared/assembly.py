"""Chooses the adapter of each port. Importing this module loads Azure's packages."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from shared.audit.recorded_ports import with_recorded_calls
from shared.azure.clients import ArmClients
from shared.azure.gallery import AzureGallery
from shared.azure.governance import AzureGovernance
from shared.azure.graph.client import GraphClient
from shared.azure.graph.directory import GraphDirectory
from shared.azure.graph.signing_keys import EntraSigningKeys
from shared.azure.host_pools import AzureHostPools
from shared.azure.image_builder import AzureImageBuilder
from shared.azure.throttle import AzureArmBudget
from shared.azure.virtual_machines import AzureVirtualMachines
from shared.caches.plans import PlanCache
from shared.caches.read_through import ReadThroughCache
from shared.caches.scopes import known_scopes
from shared.caches.signing_keys import SigningKeys
from shared.core.settings import Settings
from shared.models.accounts import Account
from shared.ports.seals import Seals
from shared.ports.storage import Rows
from shared.services import ACCOUNTS, Services
from shared.tables.open import open_tables


def assemble(settings: Settings, now: Callable[[], datetime]) -> Services:
    """The services for these settings. Connects to the tables and creates missing ones."""
    tables = open_tables(settings)
    read_cache = ReadThroughCache(time.monotonic)
    clients = ArmClients(settings, identity_of=partial(_identity_of, tables.accounts, read_cache))
    made = Services(
        settings=settings,
        now=now,
        **vars(tables),
        host_pools=AzureHostPools(clients, now),
        vms=AzureVirtualMachines(clients, settings),
        gallery=AzureGallery(clients),
        image_builder=AzureImageBuilder(clients),
        directory=GraphDirectory(GraphClient(settings)),
        signing_keys=_signing_keys(settings),
        seals=_seals(settings),
        governance=AzureGovernance(clients),
        arm_budget=AzureArmBudget(clients.writes),
        plans=PlanCache(time.monotonic),
        read_cache=read_cache,
    )
    return with_recorded_calls(made)


def _signing_keys(settings: Settings) -> SigningKeys:
    keys = SigningKeys(EntraSigningKeys(settings).read, time.monotonic)
    if settings.entra_tenants:
        keys.warm_up()
    return keys


def _seals(settings: Settings) -> Seals | None:
    if not settings.record_key:
        return None
    from shared.azure.record.seals import open_seals  # noqa: PLC0415 - most apps do not sign, and its packages load slowly

    return open_seals(settings)


def _identity_of(accounts: Rows[Account], read_cache: ReadThroughCache, scope_id: str) -> str:
    return known_scopes(read_cache, lambda: accounts.all(ACCOUNTS)).identity(scope_id)
