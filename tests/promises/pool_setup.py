"""The pool a run begins with, and what is asked of it: picked by a few bytes."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any

from shared.core.settings import Settings
from shared.models.access.caps import Caps
from shared.models.azure import DeleteOption
from shared.models.images import Image
from shared.models.pools import EntraJoin, Pool, Ring
from shared.services import Services
from tests.fixtures.app import START, App
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.picks import Picks
from tests.fixtures.profiles import JOIN, PROBE, keep_probe, keep_profile
from tests.fixtures.services import services_of
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID
from tests.promises.checks.step_checks import Watch
from tests.promises.checks.watched_azure import WatchedHostPools, WatchedVirtualMachines
from tests.promises.counting_tables import lean_tables

STAGED = "3.0.0"
JOIN_PASSWORD = "S3cret-of-the-join"  # made up
SETTINGS = Settings(tables_connection="memory", dev_identity="developer", secrets={"JOIN_PASSWORD": JOIN_PASSWORD})
OPEN_ALL_DAY = [{"from": "06:00", "to": "12:00"}, {"from": "12:20", "to": "15:00"}, {"from": "15:40", "to": "05:00"}]


class WatchedApp(App):
    """An app whose acts are judged. `services` is one object: `now` is asked for anew each time."""

    @cached_property
    def watch(self) -> Watch:
        """Who judges."""
        return Watch(self)

    @cached_property
    def services(self) -> Services:  # type: ignore[override]
        """The services, at whatever moment."""
        watched = {
            "host_pools": WatchedHostPools(self.world, self.watch),
            "vms": WatchedVirtualMachines(self.world, self.watch),
        }
        return services_of(self.settings, lambda: self.now, self.tables, self.world, **watched)


def pool_of(drawn: bytes) -> WatchedApp:
    """An app with an image and one pool of two to six hosts, each in whatever state people leave hosts in."""
    picks = Picks(drawn)
    app = WatchedApp(settings=SETTINGS, tables=lean_tables())
    app.now += timedelta(hours=picks.one((0, 0, 13.5)))  # shortly before a day ends
    world = app.world
    world.add_pool(session_limit=picks.one((5, 3, 2)))
    world.add_version(OLD)
    world.add_version(NEW)
    world.add_version(STAGED, staged=True)
    world.resumes_needed = picks.one((1, 0, 2, 5))
    world.reimage_works = not picks.chance(6)
    was, now = picks.one(((None, OLD), (None, OLD), (None, OLD), (OLD, NEW)))
    for number in range(picks.one((3, 2, 4, 5, 6))):
        _add_host(app, f"h{number}", picks, now)
    app.tables.images.add(Image(name="win11", definition_id=DEFINITION_ID, registered_at=START))
    staged = None if picks.chance(3) else STAGED  # it may have come into the gallery by another way
    record_family(app.tables.versions, version_set(activated_at=START - timedelta(days=30), staged=staged))
    app.tables.pools.add(
        Pool(
            name="office",
            account="default",
            host_pool_id=HOST_POOL_ID,
            image="win11",
            version=now,
            previous_version=was,
            version_at=START,
            time_zone=picks.one(("UTC", "Europe/Berlin")),
            ring=Ring.TEST if picks.chance(5) else Ring.PRODUCTION,
            join=JOIN if picks.chance(2) else EntraJoin(kind="entra"),
            registered_at=START,
        )
    )
    keep_probe(app.tables)
    keep_profile(app.tables)
    if sum(drawn) % 5 == 0:  # drawn from nothing more, so that all runs stay what they were
        caps = {"hosts_per_hour": 1 + drawn[0] % 2, "sign_outs_per_hour": 1 + drawn[1] % 2}
        app.tables.caps.add(Caps(account="default", changed_at=app.now, **caps))
    return app


def _add_host(app: WatchedApp, name: str, picks: Picks, version: str) -> None:
    off, drained = picks.chance(6), picks.chance(8)
    app.world.add_host(
        name,
        version=picks.one((version, version, version, version, NEW)),
        users=0 if off else picks.one((0, 1, 0, 2)),
        power="deallocated" if off else "running",
        accepting=not drained,
        tags=picks.one(({}, {"owner": "desk"}, {"ScalingPlanExclusion": "ops"})),
        ephemeral=picks.chance(9),
    )
    if version == OLD and name in {"h1", "h4"}:  # drawn from nothing, so that all runs stay what they were
        changed = {"os_disk_delete_option": DeleteOption.DETACH}
        app.world.change_machine(app.world.hosts[HOST_POOL_ID.lower()][name].vm_id, **changed)
    app.watch.first.add(name)
    app.watch.used.add(app.watch.disk_of(app.world.hosts[HOST_POOL_ID.lower()][name].vm_id))
    if not off and not drained:
        app.watch.steady.add(name)


def policy_of(picks: Picks) -> dict[str, Any]:
    """What an operator may ask for; fields are left out as often as not."""
    asked: dict[str, Any] = {
        "poll_seconds": picks.one((300, 900, 120)),
        "canary_hosts": picks.one((None, 0, 1, 2)),
        "max_unavailable": picks.one((None, "100%", "50%", 1, 2)),
        "min_available": picks.one((None, 0, 1, 2, "50%")),
        "max_in_flight": picks.one((None, 1, 2)),
        "max_failed": picks.one((None, 0, 2)),
        "on_failure": picks.one((None, "pause", "roll_back", "continue")),
        "retries": picks.one((None, 0, 2)),
        "keep_failed": picks.one((None, "all", "none")),
        "settle_seconds": picks.one((None, 0, 300)),
        "strategy": picks.one((None, None, "reimage", "replace")),
        "proof": picks.one((None, None, None, "first_host", "none")),
        "after_force": picks.one((None, "waves")),
        "keep_old_disk_days": picks.one((None, None, 0)),
        "warn_minutes": picks.one((None, [])),
        "strict_deadline": picks.one((None, None, True)),
    }
    if asked["canary_hosts"] != 0 and picks.chance(2):
        approve = {"canary_hold": "approve"}
        proof: dict[str, Any] = picks.one(({"bake_minutes": 10}, {"probe": PROBE}, approve, approve))
        asked |= proof
    if picks.chance(4):
        asked["windows"] = OPEN_ALL_DAY
    return {name: value for name, value in asked.items() if value is not None}


def schedule_of(picks: Picks, app: App) -> dict[str, Any]:
    """Now, at a moment, or as people log off until a deadline."""
    mode = picks.one(("on_logoff", "on_logoff", "on_logoff", "now", "at"))
    begin = app.now + timedelta(minutes=picks.one((0, 5, 45)))
    force = begin + timedelta(minutes=picks.one((60, 10, 150)))
    if mode == "now":
        return {"mode": "now"}
    if mode == "at":
        return {"mode": "at", "at": (begin + timedelta(minutes=1)).isoformat()}
    asked = {"mode": "on_logoff", "deadline": force.isoformat()}
    return asked | ({"begin_at": begin.isoformat()} if begin > app.now else {})
