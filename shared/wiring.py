"""Builds the app's services on first use, once per worker: importing the app opens no connections and is quick."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache

from shared.core.settings import Settings, refuse_in_azure
from shared.core.single_flight import SingleFlight
from shared.services import Services

_flight = SingleFlight()


def check_start() -> None:
    """Refuse to start with an identity that lets everybody in, where the platform says that this is Azure."""
    refuse_in_azure(os.environ)


def services() -> Services:
    """The app's services. Raises BadSettings naming every bad setting."""
    return _flight.run("services", _services)  # two simultaneous first calls would both create the tables


@cache
def settings() -> Settings:
    """The app's settings, without opening anything. Raises BadSettings naming every bad one."""
    return Settings.read(os.environ)


@cache
def _services() -> Services:
    from shared.assembly import assemble  # noqa: PLC0415 - indexing a worker saves half a second

    return assemble(settings(), now)


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)
