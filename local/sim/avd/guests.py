"""What happens inside the machines: joining, registering, sessions, and the task that reports a logoff."""

import math
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from local.sim.core.clock import utc_now
from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError, Json
from local.sim.core.world import Guest, HostPool, Session, SessionHost, Vm

LOG_LENGTH = 64


def new_uuid(sim: Sim) -> str:
    return str(uuid.UUID(int=sim.rng.getrandbits(128), version=4))


def boot(sim: Sim, vm: Vm) -> None:
    """The machine runs; its agent answers a little later."""
    vm.power = "running"
    vm.guest.online_at = sim.clock.now() + sim.durations.pick("boot")
    vm.guest.sealed = False  # whoever starts a generalized system sets it up anew


def go_down(sim: Sim, vm: Vm) -> None:
    """The machine stops: whoever was on it is cut off, and no task runs any more to report it."""
    guest = vm.guest
    guest.online_at = math.inf
    if guest.sessions:
        sim.world.count("sessions_killed", len(guest.sessions))
        guest.sessions.clear()
        note_count(sim, guest)
    host = sim.world.session_host_of.get(vm.id.lower())
    if host is not None:
        host.last_heartbeat = utc_now()


def violation(sim: Sim, kind: str, host: str, detail: str) -> None:
    """Write down what a careful operator would never have done."""
    sim.world.violations.append(
        {"kind": kind, "host": host, "at": utc_now(), "virtual_seconds": sim.clock.now(), "detail": detail}
    )


def check_disturbance(sim: Sim, vm: Vm, action: str) -> None:
    """Called before a machine is torn down: people on it, or people who could still be sent to it?"""
    if vm.guest.sessions:
        users = ", ".join(s.user for s in vm.guest.sessions.values())
        violation(sim, "sessions_present", vm.name, f"{action} with {len(vm.guest.sessions)} session(s): {users}")
    host = sim.world.session_host_of.get(vm.id.lower())
    if host is not None and host.allow_new:
        violation(sim, "accepting_sessions", vm.name, f"{action} while {host.name} accepts new sessions")


def check_copy(sim: Sim, vm: Vm, action: str) -> None:
    """Called before a machine is generalized, from which there is no way back: is it a copy of another one?"""
    disk = sim.world.disk(vm.os_disk_id)
    if disk is None or disk.creation.get("createOption") != "Copy":
        violation(sim, "original_generalized", vm.name, f"{action} on a machine that is no copy")


def check_repetition(sim: Sim, host: str, current: str, registered: bool, target: str) -> None:
    """A machine that is on the version asked for, and in service, is not to be torn down once more.

    One that never got as far as registering may be: that is a retry, not a repetition.
    """
    allowed = sim.world.expect.get("allow_same_version")
    if current and current == target and registered and not allowed:
        violation(sim, "reimaged_twice", host, f"is on {target} already")


def status_of(sim: Sim, host: SessionHost) -> str:
    """The broker's word for a host, worked out from what is true now."""
    vm = sim.world.vm(host.vm_id)
    if vm is None or vm.guest is not host.guest:
        return "Unavailable"  # a ghost, or a new machine on an old name
    if vm.power in {"deallocated", "stopped"}:
        return "Shutdown"
    if vm.power != "running" or sim.clock.now() < vm.guest.online_at:
        return "Unavailable"
    if not vm.guest.joined:
        return "NotJoinedToDomain"
    if not trusted(sim, vm):
        return "DomainTrustRelationshipLost"
    return host.fixed_status or "Available"


def trust_anew(sim: Sim, vm: Vm) -> None:
    """The machine has joined: whatever system of the same name joined before is not trusted any more."""
    number = sim.world.joins.get(vm.id.lower(), 0) + 1
    sim.world.joins[vm.id.lower()] = vm.guest.trust = number


def trusted(sim: Sim, vm: Vm) -> bool:
    """Whether the system has joined and none has under the machine's name since: a kept disk's secret is old then."""
    return bool(vm.guest.joined) and vm.guest.trust == sim.world.joins.get(vm.id.lower(), 0)


def session_count(sim: Sim, host: SessionHost) -> int:
    """What the session host object says, which under a `lag` fault is what was true a while ago."""
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


def note_count(sim: Sim, guest: Guest) -> None:
    guest.count_log.append((sim.clock.now(), len(guest.sessions)))
    del guest.count_log[:-LOG_LENGTH]


def register(sim: Sim, vm: Vm, token: str) -> None:
    """Install the agent with a registration token; the session host shows up some time later."""
    enlist(sim, vm, _pool_of_token(sim, token))


def enlist(sim: Sim, vm: Vm, pool: HostPool, then: Callable[[], None] = lambda: None) -> None:
    """Let the agent register the machine with a pool, in its own time; `then` once the session host is there."""
    guest = vm.guest
    present = sim.world.session_host_of.get(vm.id.lower())
    if present is not None and present.guest is guest:
        return  # the agent is registered already: the installer leaves it alone
    if sim.faults.take("never_registers", vm.name, fqdn_of(sim, vm)):
        return

    def appear() -> None:
        if sim.world.vm(vm.id) is not vm or vm.guest is not guest:
            return  # torn down meanwhile
        guest.pool = pool.id
        guest.online_at = min(guest.online_at, sim.clock.now())
        _appear(sim, vm, pool)
        then()

    sim.clock.after(sim.durations.pick("register"), appear)


def _appear(sim: Sim, vm: Vm, pool: HostPool) -> None:
    name = fqdn_of(sim, vm)
    old = pool.hosts.get(name.lower())
    if old is not None:
        # A new machine under a registered name: the broker keeps the old registration and asks for help.
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
    raise ArmError(400, "InvalidRegistrationToken", "The registration token is not valid or has expired.")


def fqdn_of(sim: Sim, vm: Vm) -> str:
    computer = str(vm.props.get("osProfile", {}).get("computerName") or vm.name)
    domain = vm.guest.domain or sim.world.home.get(vm.id.lower(), ("", ""))[1]
    return f"{computer}.{domain}" if domain else computer


def log_on(sim: Sim, host: SessionHost, user: str) -> Session:
    guest = host.guest
    session = Session(guest.next_session, user, new_uuid(sim), utc_now())
    guest.next_session += 1
    guest.sessions[session.id] = session
    note_count(sim, guest)
    sim.world.count("logons")
    return session


def end_session(sim: Sim, host: SessionHost, session: Session) -> bool:
    """The session is gone; the guest's scheduled task sees event 23 and posts it."""
    guest = host.guest
    if guest.sessions.pop(session.id, None) is None:
        return False
    note_count(sim, guest)
    sim.world.count("logoffs")
    _report(sim, host, session)
    return True


def _report(sim: Sim, host: SessionHost, session: Session) -> None:
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
    """An administrator's sign-out: accepted at once, done some seconds later."""
    sim.world.count("signed_out_forced")
    force_at = sim.world.expect.get("force_at")
    if force_at and datetime.now(UTC) < datetime.fromisoformat(force_at):
        violation(sim, "signed_out_early", host.name, f"{session.user} before {force_at}")
    if sim.faults.take("session_stuck", host.name, session.user):
        return
    session.ending = True
    sim.clock.after(sim.durations.pick("sign_out"), lambda: _drop(sim, host, session))


def _drop(sim: Sim, host: SessionHost, session: Session) -> None:
    end_session(sim, host, session)
