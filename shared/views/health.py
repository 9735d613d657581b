"""Whether the app can do its work: its tables answer, and Azure does."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Literal

from shared.api.common import Health
from shared.core.errors import AzureBusy, AzureRefused
from shared.core.single_flight import SingleFlight
from shared.services import POOLS, Services

_flight = SingleFlight()
_log = logging.getLogger(__name__)

KNOWN_FOR = timedelta(seconds=10)
"""How old an answer may be before it is checked again: asking often costs Azure nothing."""

UNASKED_FOR = timedelta(seconds=1)
"""An answer for which Azure was not asked cost it nothing, and is untrue once the first pool is registered."""

_SOME = "some cannot be read"
_NOT_ASKED = "not asked: "


def read_health(services: Services) -> Health:
    """The last known health of the app. One older than KNOWN_FOR is checked again, but not waited for.

    What exactly is wrong goes to the log, not into the answer. Anybody may ask, so no pools are counted.
    """
    found = services.health.get(services.now(), lambda: _check(services), _lasts)
    uncounted = {name: _SOME if name == "pools" else result for name, result in found.checks.items()}
    return found.model_copy(update={"checks": uncounted})


def check_health(services: Services) -> Health:
    """The health of the app now. Callers who ask at the same time cost one check."""
    began = services.now()
    answer = _flight.run("health", lambda: _check(services)).model_copy(update={"age_seconds": 0})
    services.health.keep(answer, began)
    return answer


def _lasts(answer: Health) -> timedelta:
    return UNASKED_FOR if answer.checks["azure"].startswith(_NOT_ASKED) else KNOWN_FOR


def _check(services: Services) -> Health:
    checks: dict[str, str] = {"tables": "ok", "azure": f"{_NOT_ASKED}no pool is registered"}
    try:
        pools = list(services.pools.each(POOLS))
    except Exception:  # noqa: BLE001 - whatever it is, the tables cannot be read
        _log.warning("The tables cannot be read.", exc_info=True)
        checks = {"tables": "cannot be read", "azure": f"{_NOT_ASKED}no pool can be read"}
        pools = []
    if pools:
        unreadable = sum(1 for pool in pools if pool.unreadable_since)
        asked = min(pools, key=lambda pool: pool.unreadable_since is not None)  # the first that can be read
        checks["azure"] = _azure(services, asked.host_pool_id)
        if unreadable:
            checks["pools"] = f"{unreadable} of {len(pools)} cannot be read"
    fine = checks["tables"] == "ok" and checks["azure"] != "cannot be reached"
    status: Literal["ok", "failing"] = "ok" if fine else "failing"
    return Health(status=status, checks=checks)


def _azure(services: Services, host_pool_id: str) -> str:
    """Azure saying no is an answer too: it can be reached."""
    try:
        services.host_pools.host_pool(host_pool_id)
    except AzureBusy as busy:
        _log.warning("Azure is busy or cannot be reached: %s", busy)
        return "busy" if busy.http_status == 429 else "cannot be reached"
    except AzureRefused as error:
        _log.warning("Azure refuses to show a host pool: %s", error)
        return "refuses"
    except Exception:  # noqa: BLE001 - a client that cannot even ask
        _log.warning("Azure cannot be asked.", exc_info=True)
        return "cannot be reached"
    return "ok"
