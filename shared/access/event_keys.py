"""The keys with which the hosts of a pool sign log-off events: shown, and rotated. They are kept nowhere."""

from __future__ import annotations

from shared.access.event_signature import EventKeys, event_key
from shared.api.logoff_events import EventKeyRequest, EventKeyView
from shared.audit.record import audit
from shared.core.errors import Conflict
from shared.records.access import KNOWN_FOR
from shared.records.change import change
from shared.records.pools import find_pool
from shared.services import POOLS, Services


def show_event_key(services: Services, name: str, asked: EventKeyRequest, who: str) -> EventKeyView:
    """The key for the hosts of a pool; with `rotate`, a new one. Raises NotFound, Conflict."""
    secret = services.settings.event_secret
    if not secret:
        raise Conflict("This app signs no events. Set FRESHCOAT_EVENT_SECRET first, or let hosts send a token.")
    pool = find_pool(services, name)
    if asked.rotate:
        _, pool = change(
            services.pools, (POOLS, name), lambda row: row.replace(event_key=row.event_key + 1), describe="pool"
        )
    action = "rotate event key" if asked.rotate else "show event key"
    audit(services, who, action, name, after=str(pool.event_key))
    return EventKeyView(pool=name, generation=pool.event_key, key=event_key(secret, name, pool.event_key))


def known_event_keys(services: Services) -> dict[str, EventKeys]:
    """Whose hosts may sign, by pool, as known for a moment: a made-up name costs no read."""

    def read() -> dict[str, EventKeys]:
        return {pool.name: EventKeys(pool.account, pool.event_key) for pool in services.pools.all(POOLS)}

    return services.read_cache.get("event keys", KNOWN_FOR, read, behind=True)
