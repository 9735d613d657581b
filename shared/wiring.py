"""Puts the app's parts together, once per worker and on first use: importing the app connects to nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from threading import Lock

from shared.azure.avd import AzureDesktopPools
from shared.azure.clients import ArmClients
from shared.azure.gallery import AzureGallery
from shared.azure.machines import AzureMachines
from shared.azure.surroundings import AzureSurroundings
from shared.azure.workshop import AzureWorkshop
from shared.services import Services
from shared.settings import Settings
from shared.tables.wiring import open_tables

_lock = Lock()


def services() -> Services:
    """The app's services. Raises BadSettings naming every setting that is wrong."""
    with _lock:  # two first calls at once would both create the tables
        return _services()


@cache
def _services() -> Services:
    settings = Settings.read(os.environ)
    tables = open_tables(settings)
    clients = ArmClients(settings)
    return Services(
        settings=settings,
        now=now,
        accounts=tables.accounts,
        pools=tables.pools,
        images=tables.images,
        versions=tables.versions,
        tasks=tables.tasks,
        promotions=tables.promotions,
        rollouts=tables.rollouts,
        hosts=tables.hosts,
        disks=tables.disks,
        answers=tables.answers,
        audit=tables.audit,
        desktops=AzureDesktopPools(clients, now),
        machines=AzureMachines(clients, settings),
        gallery=AzureGallery(clients),
        workshop=AzureWorkshop(clients),
        surroundings=AzureSurroundings(clients),
    )


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
