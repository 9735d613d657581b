"""In which zone typed moments are read: that of the pools, where they have one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from freshcoat_cli.errors import usage
from freshcoat_cli.options import When
from freshcoat_cli.session import Session


def zone_of_pool(session: Session, pool: str) -> str:
    """The zone in which the people of a pool live. Raises CliError."""
    return str(session.get(f"pools/{pool}")["time_zone"])


def zone_of_pools(session: Session, when: When, given: str | None, names: Collection[str], **chosen: Any) -> str:
    """The one zone of these pools, all that are `chosen` if none is named. `given` counts more.

    Raises a usage error where they live in several and a moment was typed: it would mean another one for each.
    """
    if given or not (when.at or when.on_logoff):
        return given or "UTC"
    pools = session.client.pages("pools", page=200, live=False, **chosen)
    zones = sorted({str(one["time_zone"]) for one in pools if not names or one["name"] in names})
    if len(zones) > 1:
        raise usage(
            "The pools are in several time zones.", f"Add --time-zone with one of {', '.join(zones)}, or another."
        )
    return zones[0] if zones else "UTC"
