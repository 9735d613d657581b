"""The control routes `/_sim/...`, by which tests and the demo read and change the simulator."""

import json
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sim import seed, state
from local.sim.autoscaler import Autoscaler
from local.sim.autoscaler import rule as autoscaler_rule
from local.sim.avd import guests, users
from local.sim.core import faults
from local.sim.core.options import pool_spec, version_list
from local.sim.core.simulator import Sim
from local.sim.core.world import SessionHost
from local.sim.graph import devices

EXPECTATIONS = {"force_at", "allow_same_version", "permissions", "denied", "core_quota", "foreign_accounts", "pools"}
OF_A_POOL = {"force_at", "min_accepting"}


class ControlError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """The control operations. Each method takes a request body and query, and returns the answer."""

    def __init__(self, sim: Sim, autoscaler: Autoscaler) -> None:
        self.sim = sim
        self._autoscaler = autoscaler

    def health(self, body: Any, query: dict[str, str]) -> Any:
        world = self.sim.world
        return {"status": "ok", "vms": len(world.vms), "due": self.sim.clock.pending, "speed": self.sim.clock.speed}

    def state(self, body: Any, query: dict[str, str]) -> Any:
        bursts = self._autoscaler.as_list()
        if query.get("summary") == "true":
            return state.summary(self.sim, bursts)
        return state.state(self.sim, bursts, query.get("pool", ""))

    def calls(self, body: Any, query: dict[str, str]) -> Any:
        found = state.calls(self.sim)
        return found | {"writes": self.sim.writes_per_host} if query.get("writes") == "true" else found

    def options(self, body: Any, query: dict[str, str]) -> Any:
        return self.sim.options.as_dict()

    def log_on(self, body: Any, query: dict[str, str]) -> Any:
        host = self._host(body)
        status = guests.status_of(self.sim, host)
        if status != "Available":
            raise ControlError(409, f"host '{host.name}' is {status}: nobody can log on")
        if not host.allow_new and not body.get("force"):
            raise ControlError(409, f"host '{host.name}' does not accept new sessions (force: true logs on anyway)")
        session = guests.log_on(self.sim, host, self._field(body, "user"))
        return {"host": host.name, "session_id": str(session.id)}

    def log_off(self, body: Any, query: dict[str, str]) -> Any:
        host, user = self._host(body), self._field(body, "user")
        guest = guests.live_guest(self.sim, host)
        found = [s for s in (guest.sessions.values() if guest else ()) if s.user.lower() == user.lower()]
        if not found:
            raise ControlError(404, f"user '{user}' has no session on host '{host.name}'")
        guests.end_session(self.sim, host, found[0])
        return {"host": host.name, "session_id": str(found[0].id), "at": time.time()}

    def arrive(self, body: Any, query: dict[str, str]) -> Any:
        """Log users on to a pool. The broker places them; without a suitable host the logon is refused."""
        pool = next((p for p in self.sim.world.pools.values() if p.name == body.get("pool", "hp-office")), None)
        if pool is None:
            raise ControlError(404, f"host pool '{body.get('pool')}' does not exist")
        placed = []
        for _ in range(int(body.get("count", 1))):
            host = users.choose_host(self.sim, pool)
            if host is None:
                self.sim.world.count("turned_away")
                continue
            session = guests.log_on(self.sim, host, users.user_name(self.sim))
            placed.append({"host": host.name, "user": session.user, "session_id": str(session.id)})
        return {"placed": placed}

    def add_faults(self, body: Any, query: dict[str, str]) -> Any:
        new = faults.parse(body)
        self.sim.faults.add(new)
        for fault in new:
            if fault.kind == "ghost":
                self._make_ghosts(fault)
        return {"faults": self.sim.faults.as_list()}

    def _make_ghosts(self, fault: faults.Fault) -> None:
        """Delete VMs and keep their registrations. This fault applies immediately instead of at a later call."""
        for pool in self.sim.world.pools.values():
            for host in pool.hosts.values():
                vm = self.sim.world.vm(host.vm_id)
                if vm is None or fault.used_up or not fault.matches((host.name,)):
                    continue
                fault.hits += 1
                guests.shut_down(self.sim, vm)
                self.sim.world.vms.pop(vm.id.lower())
                self.sim.world.disks.pop(vm.os_disk_id.lower(), None)

    def show_faults(self, body: Any, query: dict[str, str]) -> Any:
        return {"faults": self.sim.faults.as_list(), "kinds": list(faults.KINDS)}

    def clear_faults(self, body: Any, query: dict[str, str]) -> Any:
        self.sim.faults.clear()
        self.sim.release_hung()
        return {"faults": []}

    def clock(self, body: Any, query: dict[str, str]) -> Any:
        if "speed" in body:
            self.sim.clock.set_speed(float(body["speed"]))
        if "duration_scale" in body:
            self.sim.durations.scale = float(body["duration_scale"])
        if "advance_seconds" in body:
            self.sim.clock.advance(float(body["advance_seconds"]))
        return {"virtual_seconds": self.sim.clock.now(), "speed": self.sim.clock.speed}

    def expect(self, body: Any, query: dict[str, str]) -> Any:
        unknown = sorted(set(body) - EXPECTATIONS)
        if unknown:
            raise ControlError(400, f"unknown expectation(s) {', '.join(unknown)}; known: {sorted(EXPECTATIONS)}")
        pools = body.get("pools", {})
        if unknown := sorted({name for fields in pools.values() for name in fields} - OF_A_POOL):
            raise ControlError(400, f"unknown expectation(s) of a pool: {', '.join(unknown)}")
        for fields in (body, *pools.values()):
            if fields.get("force_at") and datetime.fromisoformat(fields["force_at"]).tzinfo is None:
                raise ControlError(400, "force_at needs a time zone")
        known = self.sim.world.expect.get("pools", {})
        merged = {name: known.get(name, {}) | fields for name, fields in pools.items()}
        self.sim.world.expect.update(body | {"pools": known | merged})
        return self.sim.world.expect

    def add_pool(self, body: Any, query: dict[str, str]) -> Any:
        pool = seed.add_pool(self.sim, pool_spec(body))
        return {"id": pool.id, "hosts": [host.name for host in pool.hosts.values()]}

    def add_definition(self, body: Any, query: dict[str, str]) -> Any:
        """Add an image definition to the gallery, with versions that are complete at once."""
        versions, excluded = (version_list(body.get(name, ())) for name in ("versions", "excluded"))
        image = {name: body[name] for name in seed.IMAGE_FIELDS if body.get(name)}
        made = seed.add_definition(self.sim, self._field(body, "name"), versions, excluded, **image)
        self._autoscaler.record_included_versions()
        return {"id": made["id"], "versions": list(versions)}

    def autoscalers(self, body: Any, query: dict[str, str]) -> Any:
        return {"rules": self._autoscaler.rules_as_list()}

    def set_autoscaler(self, body: Any, query: dict[str, str]) -> Any:
        """Enable or change a pool's autoscaler; `null` disables all."""
        if body is None:
            self._autoscaler.switch_off()
        else:
            self._autoscaler.set_rule(autoscaler_rule(body))
        return self.autoscalers(body, query)

    def drop_autoscaler(self, body: Any, query: dict[str, str]) -> Any:
        self._autoscaler.switch_off(query.get("pool", ""))
        return self.autoscalers(body, query)

    def burst(self, body: Any, query: dict[str, str]) -> Any:
        """Add hosts to a pool regardless of the load. The answer names the requested hosts."""
        requested = self._autoscaler.burst(self._field(body, "pool"), int(body.get("count", 1)))
        return {"hosts": [burst.host for burst in requested]}

    def expire_tokens(self, body: Any, query: dict[str, str]) -> Any:
        """Expire every registration token now; they are otherwise valid for at least an hour."""
        past = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        for pool in self.sim.world.pools.values():
            pool.tokens = dict.fromkeys(pool.tokens, past)
        return {"expired": sum(len(p.tokens) for p in self.sim.world.pools.values())}

    def add_device(self, body: Any, query: dict[str, str]) -> Any:
        """Add a device to Entra ID: `{name, vm, trust, intune}`; `vm` is the ARM id of its VM."""
        name, vm, trust = self._field(body, "name"), str(body.get("vm") or ""), str(body.get("trust") or "AzureAd")
        device = devices.add_device(self.sim, name, vm, intune=bool(body.get("intune")), trust=trust)
        return {"id": device.id, "device_id": device.device_id}

    def grants(self, body: Any, query: dict[str, str]) -> Any:
        """What is granted, and since then: who used which actions where, and what was refused."""
        used = sorted((use.identity, use.place, use.action) for use in self.sim.grants.used)
        names = ("identity", "place", "action")
        return {
            "granted": self.sim.grants.granted,
            "used": [dict(zip(names, use, strict=True)) for use in used],
            "refused": self.sim.grants.refused,
        }

    def set_grants(self, body: Any, query: dict[str, str]) -> Any:
        """Enforce rights: `{identity: {scope: [actions]}}`, the app's own identity being empty. `null`: everything."""
        self.sim.grants.grant(body)
        return self.grants(body, query)

    def reset(self, body: Any, query: dict[str, str]) -> Any:
        seed.restart(self.sim, self._autoscaler, self.sim.options.changed(body))
        return self.sim.options.as_dict()

    def _field(self, body: Any, name: str) -> str:
        value = body.get(name)
        if not value:
            raise ControlError(400, f"field '{name}' is missing")
        return str(value)

    def _host(self, body: Any) -> SessionHost:
        wanted = self._field(body, "host").lower()
        for pool in self.sim.world.pools.values():
            if wanted in pool.hosts:
                return pool.hosts[wanted]
            for name, host in pool.hosts.items():
                if name.split(".")[0] == wanted:
                    return host
        raise ControlError(404, f"session host '{wanted}' does not exist")


Operation = Callable[[Any, dict[str, str]], Any]


def control_app(sim: Sim, autoscaler: Autoscaler) -> Starlette:
    control = Control(sim, autoscaler)
    table: list[tuple[str, str, Operation]] = [
        ("GET", "health", control.health),
        ("GET", "state", control.state),
        ("GET", "calls", control.calls),
        ("GET", "options", control.options),
        ("POST", "logon", control.log_on),
        ("POST", "logoff", control.log_off),
        ("POST", "arrive", control.arrive),
        ("POST", "faults", control.add_faults),
        ("GET", "faults", control.show_faults),
        ("DELETE", "faults", control.clear_faults),
        ("POST", "clock", control.clock),
        ("POST", "expect", control.expect),
        ("POST", "pools", control.add_pool),
        ("POST", "definitions", control.add_definition),
        ("GET", "autoscaler", control.autoscalers),
        ("PUT", "autoscaler", control.set_autoscaler),
        ("DELETE", "autoscaler", control.drop_autoscaler),
        ("POST", "burst", control.burst),
        ("POST", "expire_tokens", control.expire_tokens),
        ("POST", "devices", control.add_device),
        ("POST", "reset", control.reset),
        ("GET", "grants", control.grants),
        ("PUT", "grants", control.set_grants),
    ]
    return Starlette(routes=[Route(f"/_sim/{name}", _endpoint(op), methods=[method]) for method, name, op in table])


def _endpoint(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            raw = await request.body()
            body = json.loads(raw) if raw else {}
            return JSONResponse(operation(body, dict(request.query_params)))
        except ControlError as error:
            return JSONResponse({"error": str(error)}, error.status)
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint
