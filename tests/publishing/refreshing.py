"""What tests of refreshing share: a pool that asks for it, people who come and go, what must hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.core.names import EXCLUSION_TAG, FAILED_TAG, ROLLOUT_TAG
from shared.core.states import HostState
from shared.models.azure import Machine, SessionHost
from shared.models.rollouts import Rollout, RolloutHost
from shared.services import ROLLOUTS
from tests.fixtures.app import START, App, Reply
from tests.fixtures.app import office as app_with_office
from tests.fixtures.azure_world import HOST_POOL_ID, AzureWorld, vm_id_of
from tests.fixtures.builders import OLD
from tests.fixtures.play import Play
from triggers.timers import take_up

REBUILDS = ("start_reimage", "start_create")
EAGER = {"min_available": 0, "max_unavailable": "100%"}
"""A policy that may take the whole pool at once."""


@dataclass
class Office:
    """The pool `office`, its app, and the engine that drives what the app has begun."""

    app: App
    play: Play
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> AzureWorld:
        """Azure."""
        return self.app.world

    @property
    def standing(self) -> Rollout:
        """The row of its refresh."""
        found = self.app.tables.rollouts.find(ROLLOUTS, self.app.pool().refresh_rollout)
        assert found, "no refresh was begun"
        return found

    @property
    def rows(self) -> dict[str, RolloutHost]:
        """The rows of the refresh."""
        return {row.host: row for row in self.app.tables.hosts.all(self.app.pool().refresh_rollout)}

    @property
    def hosts(self) -> dict[str, SessionHost]:
        """The hosts as the broker has them."""
        return self.world.hosts[HOST_POOL_ID.lower()]

    def machine(self, host: str) -> Machine:
        """The VM of a host."""
        return self.world.machines[vm_id_of(host).lower()]

    def put(self, refresh: str, **changes: Any) -> Reply:
        """Register the pool with this wish, and with whatever else is to be different from now on."""
        self.body |= changes
        reply = self.app.send("PUT", "/api/pools/office", self.body | {"refresh": refresh})
        assert reply.status == 200, reply.text
        return reply

    def hours(self, hours: float) -> None:
        """Let time pass."""
        self.play.run(hours)

    def minutes(self, minutes: float) -> None:
        """Let time pass."""
        self.play.run(minutes / 60)

    def until(self, moment: datetime) -> None:
        """Let time pass until a moment."""
        self.play.run((moment - self.app.now).total_seconds() / 3600)

    def use(self, host: str, minutes: float = 10) -> None:
        """Somebody works on a host for a while, and leaves."""
        self.world.log_on(host, "ann")
        self.minutes(minutes)
        self.world.log_off(host)

    def rebuilt(self, host: str = "") -> int:
        """How often a host was re-imaged or created anew; left out: all of them together."""
        return sum(self.world.count(call, host and vm_id_of(host)) for call in REBUILDS)

    def in_work(self) -> int:
        """How many hosts the refresh is rebuilding."""
        return sum(row.state.in_work for row in self.rows.values())


def office(
    *users: int, refresh: str = "after_logoff", policy: dict[str, Any] | None = None, now: datetime = START,
    session_limit: int = 5, ephemeral: bool = False, timers: bool = True, **registration: Any,
) -> Office:  # fmt: skip
    """A pool with so many users on each of its hosts `host-01`, `host-02`, …, registered to be refreshed.

    Without `timers` nothing is taken up again but at a start of the app: quicker where days pass.
    """
    app = app_with_office(now=now)
    app.world.add_pool(session_limit=session_limit)
    for number, count in enumerate(users, start=1):
        app.world.add_host(f"host-{number:02}", users=count, ephemeral=ephemeral)
    ticking = [lambda: take_up(app.services, app.engine)] if timers else []
    found = Office(app, Play(app, *ticking))
    found.body = {
        "host_pool_id": HOST_POOL_ID, "image": "win11", "join": {"kind": "entra"}, "time_zone": "Europe/Berlin",
        "policy": policy or {}, **registration,
    }  # fmt: skip
    found.put(refresh)
    return found


def assert_in_service(found: Office, *names: str) -> None:
    """These hosts accept sessions, are healthy, on the old version, and carry no mark of ours."""
    for name in names:
        host, machine = found.hosts[name], found.machine(name)
        assert host.serving, f"{name} does not serve"
        assert machine.version == OLD
        assert not {EXCLUSION_TAG, ROLLOUT_TAG, FAILED_TAG} & set(machine.tags), machine.tags


def assert_fresh(found: Office, *names: str) -> None:
    """These hosts were made fresh, and are back in service."""
    assert {name: found.rows[name].state for name in names} == dict.fromkeys(names, HostState.DONE)
    assert_in_service(found, *names)
