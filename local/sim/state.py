"""`GET /_sim/state`: the complete state for tests and the demo, without secrets."""

from collections.abc import Iterator
from datetime import UTC, datetime

from local.sim.avd import guests
from local.sim.compute.captures import SNAPSHOT
from local.sim.compute.network import NIC
from local.sim.compute.references import MANAGED_IMAGE
from local.sim.core.names import last
from local.sim.core.simulator import Sim
from local.sim.core.wire import Json
from local.sim.core.world import Disk, Guest, SessionHost, Vm

TASK_TAG = "FreshcoatTask"

COUNTERS = (
    "turned_away",
    "signed_out_forced",
    "logons",
    "logoffs",
    "sessions_killed",
    "messages",
    "reimaged",
    "created",
    "deleted",
    "swapped",
    "registrations",
    "events_posted",
    "events_failed",
    "events_lost",
    "events_duplicated",
)


def state(sim: Sim, bursts: list[Json], pool: str = "") -> Json:
    """The complete state, or only the hosts of one pool with the summary."""
    kept = _kept_disks(sim)
    hosts = [h for h in _hosts(sim, kept) if pool in {"", h["pool"]}]
    all_disks = [_disk(disk) for disk in sim.world.disks.values()]
    rebuilds, temporary = sim.world.rebuilds, list(_temporary(sim))
    return {**summary(sim, bursts), "hosts": hosts, "disks": all_disks, "rebuilds": rebuilds, "temporary": temporary}


def _temporary(sim: Sim) -> Iterator[Json]:
    """Resources that a task created for temporary use and that still exist. Image versions are not temporary."""
    bodies = [(vm.id, vm.tags) for vm in sim.world.vms.values()]
    bodies += [(disk.id, disk.tags) for disk in sim.world.disks.values()]
    for kind in (SNAPSHOT, MANAGED_IMAGE, NIC):
        bodies += [(body["id"], body["tags"]) for body in sim.world.of(kind).values()]
    for resource_id, tags in bodies:
        if TASK_TAG in tags:
            yield {"id": resource_id, "type": resource_id.split("/")[-2], "task": tags[TASK_TAG]}


def summary(sim: Sim, bursts: list[Json]) -> Json:
    """The state without hosts and disks, which is cheap to compute for any number of hosts."""
    counters = {name: sim.world.counters.get(name, 0) for name in COUNTERS}
    return {
        "now": datetime.now(UTC).isoformat(),
        "virtual_seconds": sim.clock.now(),
        "speed": sim.clock.speed,
        "violations": sim.world.violations,
        "devices": [{"name": device.name, "vm": device.vm_id} for device in sim.world.devices.values()],
        "managed_devices": [device.name for device in sim.world.managed.values()],
        "turned_away": counters["turned_away"],
        "counters": counters,
        "throttled": sim.throttle.refused,
        "faults": sim.faults.as_list(),
        "bursts": bursts,
    }


def _kept_disks(sim: Sim) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = {}
    for disk in sim.world.disks.values():
        if not disk.owner and disk.last_attached_to:
            kept.setdefault(disk.last_attached_to.lower(), []).append(disk.id)
    return kept


def _hosts(sim: Sim, kept: dict[str, list[str]]) -> Iterator[Json]:
    """All VMs of pools and all registrations, including one without the other."""
    seen: set[int] = set()
    for vm_key, (pool_id, domain) in sim.world.home.items():
        vm = sim.world.vms.get(vm_key)
        host = sim.world.session_host_of.get(vm_key)
        if host is not None:
            seen.add(id(host))
        name = host.name if host else f"{last(vm_key)}.{domain}".rstrip(".")
        yield _host(sim, name, last(pool_id), vm, host) | {"kept_disks": kept.get(vm_key, [])}
    for pool in sim.world.pools.values():
        for host in pool.hosts.values():
            if id(host) not in seen:
                yield _host(sim, host.name, pool.name, None, host) | {"kept_disks": []}


def _host(sim: Sim, name: str, pool: str, vm: Vm | None, host: SessionHost | None) -> Json:
    guest = vm.guest if vm else Guest()
    return {
        "host": name.split(".", maxsplit=1)[0],
        "fqdn": name,
        "pool": pool,
        "vm": vm.id if vm else None,
        "vm_id": vm.vm_id if vm else None,
        "power": vm.power if vm else "missing",
        "provisioning": vm.provisioning if vm else "Missing",
        "version": sim.world.version_on(vm) if vm else None,
        "os_disk": vm.os_disk_id if vm else None,
        "tags": vm.tags if vm else {},
        "joined": guests.trusted(sim, vm) if vm else False,
        "join": guest.joined,
        "registered": host is not None,
        "status": guests.status_of(sim, host) if host else "Unregistered",
        "accepting": bool(host and host.allow_new),
        "reported_sessions": guests.session_count(sim, host) if host else 0,
        "sessions": [_session(guest, number) for number in sorted(guest.sessions)],
    }


def _session(guest: Guest, number: int) -> Json:
    session = guest.sessions[number]
    return {
        "id": str(number),
        "user": session.user,
        "state": session.state,
        "ending": session.ending,
        "messages": session.messages,
    }


def _disk(disk: Disk) -> Json:
    return {
        "id": disk.id,
        "name": disk.name,
        "version": disk.version,
        "attached_to": disk.owner or None,
        "kept_from": disk.last_attached_to if not disk.owner and disk.last_attached_to else None,
        "tags": disk.tags,
    }


def calls(sim: Sim) -> Json:
    """The number of calls per operation, in total and per host."""
    by_method: dict[str, int] = {}
    by_operation: dict[str, int] = {}
    for (method, op), number in sim.calls.items():
        by_method[method] = by_method.get(method, 0) + number
        by_operation[op] = by_operation.get(op, 0) + number
    return {
        "total": sum(by_method.values()),
        "by_method": by_method,
        "by_operation": dict(sorted(by_operation.items())),
        "by_host": {host: dict(ops) for host, ops in sim.calls_per_host.items()},
        "by_status": {str(status): number for status, number in sorted(sim.answers.items())},
    }
