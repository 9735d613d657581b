"""The guest systems of the VMs: domain join, registration, sessions, and logoff events."""

import math
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from local.sim.core.clock import utc_now
from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError, Json
from local.sim.core.world import Guest, HostPool, Session, SessionHost, Vm

LOG_LENGTH = 64


def new_uuid(sim: Sim) -> str:
    return str(uuid.UUID(int=sim.rng.getrandbits(128), version=4))


def boot(sim: Sim, vm: Vm) -> None:
    """Set the VM to running. Its agent sends heartbeats after a delay."""
    vm.power = "running"
    vm.guest.online_at = sim.clock.now() + sim.durations.pick("boot")
    vm.guest.sysprepped = False  # a generalized system is set up again when it starts


def shut_down(sim: Sim, vm: Vm) -> None:
    """Stop the guest: its sessions end without logoff events."""
    guest = vm.guest
    guest.online_at = math.inf
    if guest.sessions:
        sim.world.count("sessions_killed", len(guest.sessions))
        guest.sessions.clear()
        record_session_count(sim, guest)
    host = sim.world.session_host_of.get(vm.id.lower())
    if host is not None:
        host.last_heartbeat = utc_now()


def violation(sim: Sim, kind: str, host: str, detail: str) -> None:
    """Record an action that the app must never perform."""
    sim.world.violations.append(
        {"kind": kind, "host": host, "at": utc_now(), "virtual_seconds": sim.clock.now(), "detail": detail}
    )


def check_disturbance(sim: Sim, vm: Vm, action: str) -> None:
    """Before a VM is stopped, rebuilt or deleted: record a violation if it has sessions or accepts new ones."""
    if vm.guest.sessions:
        users = ", ".join(s.user for s in vm.guest.sessions.values())
        violation(sim, "sessions_present", vm.name, f"{action} with {len(vm.guest.sessions)} session(s): {users}")
    host = sim.world.session_host_of.get(vm.id.lower())
    if host is not None and host.allow_new:
        violation(sim, "accepting_sessions", vm.name, f"{action} while {host.name} accepts new sessions")


def check_is_copy(sim: Sim, vm: Vm, action: str) -> None:
    """Before a VM is generalized, which cannot be undone: record a violation if it is not a copy of another VM."""
    disk = sim.world.disk(vm.os_disk_id)
    if disk is None or disk.creation.get("createOption") != "Copy":
        violation(sim, "original_generalized", vm.name, f"{action} on a VM that is not a copy")


def check_repetition(sim: Sim, host: str, current: str, registered: bool, target: str) -> None:
    """Record a violation when a registered VM that already has the target version is rebuilt again.

    A VM that was never registered may be rebuilt: that is a retry. Every rebuild goes into `rebuilds` of the state.
    """
    sim.world.rebuilds.append(
        {"host": host, "at": utc_now(), "from": current, "to": target, "was_registered": registered}
    )
    allowed = sim.world.expect.get("allow_same_version")
    if current and current == target and registered and not allowed:
        violation(sim, "reimaged_twice", host, f"already has version {target}")


def drain(sim: Sim, host: SessionHost) -> None:
    """Let a host accept no new sessions. Before `force_at`, at least `min_accepting` hosts of its pool must be left.

    A host that has come back from a rebuild counts as taken out of service until it was told to accept sessions.
    """
    in_service = host.in_service and host.allow_new and status_of(sim, host) == "Available"
    host.allow_new = host.in_service = False
    least, force_at = (_expected(sim, host.pool, name) for name in ("min_accepting", "force_at"))
    if not in_service or least is None or (force_at and datetime.now(UTC) >= datetime.fromisoformat(force_at)):
        return
    left = sum(other.allow_new and status_of(sim, other) == "Available" for other in host.pool.roster)
    if left < least:
        violation(sim, "too_few_accept", host.name, f"drained: {left} accept sessions, {least} must before {force_at}")


def _expected(sim: Sim, pool: HostPool, name: str) -> Any:
    """What a test expects of this pool, or else of all pools."""
    return {**sim.world.expect, **sim.world.expect.get("pools", {}).get(pool.name, {})}.get(name)


def status_of(sim: Sim, host: SessionHost) -> str:
    """The status of a session host, derived from the current state."""
    vm = sim.world.vm(host.vm_id)
    if vm is None or vm.guest is not host.guest:
        return "Unavailable"  # the VM is gone, or a new one has the same name
    if vm.power in {"deallocated", "stopped"}:
        return "Shutdown"
    if vm.power != "running" or sim.clock.now() < vm.guest.online_at:
        return "Unavailable"
    if not vm.guest.joined:
        return "NotJoinedToDomain"
    if not trusted(sim, vm):
        return "DomainTrustRelationshipLost"
    return host.fixed_status or "Available"


def record_join(sim: Sim, vm: Vm) -> None:
    """Record that the guest joined. Guests that joined earlier under the same name lose their trust."""
    number = sim.world.joins.get(vm.id.lower(), 0) + 1
    sim.world.joins[vm.id.lower()] = vm.guest.join_number = number


def trusted(sim: Sim, vm: Vm) -> bool:
    """Whether the guest has joined and no later guest joined under the same name.

    The machine password on a kept OS disk is outdated after such a later join. A device that was deleted from Entra ID
    is trusted no more.
    """
    if vm.guest.device_id and all(one.device_id != vm.guest.device_id for one in sim.world.devices.values()):
        return False
    return bool(vm.guest.joined) and vm.guest.join_number == sim.world.joins.get(vm.id.lower(), 0)


def join_report(sim: Sim, vm: Vm) -> str:
    """What the app's script reads in the guest about its join."""
    guest, holds = vm.guest, trusted(sim, vm)
    in_domain = [f"domain={guest.domain}", f"domain_trust={holds}"] if guest.joined == "ad" else []
    lines = [
        f"entra_joined={'YES' if guest.joined == 'entra' else 'NO'}",
        f"device_id={guest.device_id}",
        f"device_auth={'SUCCESS' if holds and guest.device_id else 'FAILED.'}",
        *in_domain,
        *(f"log={line}" for line in guest.join_log),
    ]
    return "\n".join(lines)


def session_count(sim: Sim, host: SessionHost) -> int:
    """The session count in the session host resource. Under a `lag` fault it is an earlier count."""
    guest = live_guest(sim, host)
    if guest is None:
        return 0
    lag = sim.faults.lag(host.name)
    if not lag:
        return len(guest.sessions)
    moment = sim.clock.now() - lag
    earlier = [n for at, n in guest.count_log if at <= moment]
    return earlier[-1] if earlier else (guest.count_log[0][1] if guest.count_log else 0)


def live_guest(sim: Sim, host: SessionHost) -> Guest | None:
    vm = sim.world.vm(host.vm_id)
    return host.guest if vm is not None and vm.guest is host.guest else None


def record_session_count(sim: Sim, guest: Guest) -> None:
    guest.count_log.append((sim.clock.now(), len(guest.sessions)))
    del guest.count_log[:-LOG_LENGTH]


def register(sim: Sim, vm: Vm, token: str) -> None:
    """Install the agent with a registration token. The session host appears after a delay."""
    register_with_pool(sim, vm, _pool_of_token(sim, token))


def register_with_pool(sim: Sim, vm: Vm, pool: HostPool, then: Callable[[], None] = lambda: None) -> None:
    """Let the agent register the VM with a pool after a delay. `then` runs once the session host exists."""
    guest = vm.guest
    present = sim.world.session_host_of.get(vm.id.lower())
    if present is not None and present.guest is guest:
        return  # the installer does nothing when the agent is registered already
    if sim.faults.take("never_registers", vm.name, fqdn_of(sim, vm)):
        return

    def appear() -> None:
        if sim.world.vm(vm.id) is not vm or vm.guest is not guest:
            return  # the VM was deleted or rebuilt in the meantime
        guest.pool = pool.id
        guest.online_at = min(guest.online_at, sim.clock.now())
        _appear(sim, vm, pool)
        then()

    sim.clock.after(sim.durations.pick("register"), appear)


def _appear(sim: Sim, vm: Vm, pool: HostPool) -> None:
    name = fqdn_of(sim, vm)
    old = pool.hosts.get(name.lower())
    if old is not None:
        # A new VM with a registered name: the broker keeps the old registration with status NeedsAssistance.
        old.guest, old.fixed_status, old.vm_guid = vm.guest, "NeedsAssistance", vm.vm_id
        return
    host = SessionHost(name, pool, vm.id, vm.vm_id, vm.guest, utc_now(), last_heartbeat=utc_now())
    pool.add(host)
    sim.world.session_host_of[vm.id.lower()] = host
    sim.world.home[vm.id.lower()] = (pool.id, name.partition(".")[2])
    sim.world.count("registrations")


def _pool_of_token(sim: Sim, token: str) -> HostPool:
    now = datetime.now(UTC)
    for pool in sim.world.pools.values():
        expiry = pool.tokens.get(token)
        if expiry is not None and expiry > now:
            return pool
    message = "Not registered: The host pool rejected the registration token (INVALID_REGISTRATION_TOKEN)."
    raise ArmError(400, "InvalidRegistrationToken", message)


def computer_of(vm: Vm) -> str:
    return str(vm.props.get("osProfile", {}).get("computerName") or vm.name)


def fqdn_of(sim: Sim, vm: Vm) -> str:
    computer = computer_of(vm)
    domain = vm.guest.domain or sim.world.home.get(vm.id.lower(), ("", ""))[1]
    return f"{computer}.{domain}" if domain else computer


def log_on(sim: Sim, host: SessionHost, user: str) -> Session:
    guest = host.guest
    session = Session(guest.next_session, user, new_uuid(sim), utc_now())
    guest.next_session += 1
    guest.sessions[session.id] = session
    record_session_count(sim, guest)
    sim.world.count("logons")
    return session


def end_session(sim: Sim, host: SessionHost, session: Session) -> bool:
    """End a session. The guest's scheduled task is triggered by event 23 and posts a logoff event."""
    guest = host.guest
    if guest.sessions.pop(session.id, None) is None:
        return False
    record_session_count(sim, guest)
    sim.world.count("logoffs")
    _post_logoff_event(sim, host, session)
    return True


def _post_logoff_event(sim: Sim, host: SessionHost, session: Session) -> None:
    if not sim.options.events_url:
        return
    event: Json = {
        "host": host.name,
        "vm_id": host.vm_guid,
        "session_id": str(session.id),
        "utc": datetime.now(UTC).isoformat(),
    }
    if sim.faults.take("lost_event", host.name):
        sim.world.count("events_lost")
        return
    sim.outbox.append(event)
    if sim.faults.take("duplicate_event", host.name):
        sim.outbox.append(event)
        sim.world.count("events_duplicated")


def sign_out(sim: Sim, host: SessionHost, session: Session) -> None:
    """Sign a user out for an administrator. The session ends some seconds after the request."""
    sim.world.count("signed_out_forced")
    if (force_at := _expected(sim, host.pool, "force_at")) and datetime.now(UTC) < datetime.fromisoformat(force_at):
        violation(sim, "signed_out_early", host.name, f"{session.user} before {force_at}")
    if sim.faults.take("session_stuck", host.name, session.user):
        return
    session.ending = True
    sim.clock.after(sim.durations.pick("sign_out"), lambda: _end_signed_out(sim, host, session))


def _end_signed_out(sim: Sim, host: SessionHost, session: Session) -> None:
    end_session(sim, host, session)
