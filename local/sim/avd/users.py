"""Simulated users: they log on, are placed by the broker, work, sometimes disconnect, and log off."""

from local.sim.avd import guests
from local.sim.core.simulator import Sim
from local.sim.core.world import HostPool, Session, SessionHost

SAMPLE = 24  # hosts compared for one logon; a fixed number keeps the cost independent of the pool's size
DISCONNECTED_MINUTES = (5.0, 20.0)
SHORTEST_WORK = 60.0


def start(sim: Sim, pool: HostPool) -> None:
    """Start the arrivals of users at the pool's rate."""
    if sim.options.users and pool.pooled and pool.arrivals_per_minute > 0:
        _schedule_next_arrival(sim, pool)


def _schedule_next_arrival(sim: Sim, pool: HostPool) -> None:
    gap = sim.rng.expovariate(pool.arrivals_per_minute / 60)
    sim.clock.after(max(gap, 0.001), lambda: _arrive(sim, pool))


def _arrive(sim: Sim, pool: HostPool) -> None:
    host = choose_host(sim, pool)
    if host is None:
        sim.world.count("turned_away")
    else:
        schedule_end(sim, host, guests.log_on(sim, host, user_name(sim)))
    _schedule_next_arrival(sim, pool)


def user_name(sim: Sim) -> str:
    sim.world.count("people")
    return f"user{sim.world.counters['people']:05d}@contoso.com"


def choose_host(sim: Sim, pool: HostPool) -> SessionHost | None:
    """The broker's host for a new session: the emptiest (BreadthFirst) or the fullest with capacity (DepthFirst)."""
    hosts = pool.roster
    sampled = sim.rng.sample(hosts, SAMPLE) if len(hosts) > SAMPLE else hosts
    open_hosts = [h for h in sampled if _has_room(sim, pool, h)]
    if not open_hosts and sampled is not hosts:
        open_hosts = [h for h in hosts if _has_room(sim, pool, h)]
    if not open_hosts:
        return None
    sign = 1 if pool.props.get("loadBalancerType") == "BreadthFirst" else -1
    return min(open_hosts, key=lambda h: (sign * len(h.guest.sessions), h.name))


def _has_room(sim: Sim, pool: HostPool, host: SessionHost) -> bool:
    if not host.allow_new or len(host.guest.sessions) >= pool.limit:
        return False
    return guests.status_of(sim, host) == "Available"


def schedule_end(sim: Sim, host: SessionHost, session: Session) -> None:
    """Schedule the end of a session. Sessions that exist at the start get a random remaining time in the same way."""
    if not sim.options.users:
        return
    work = max(SHORTEST_WORK, sim.rng.expovariate(1 / (sim.options.work_minutes * 60)))
    if sim.rng.random() < sim.options.disconnect_share:
        sim.clock.after(work, lambda: _disconnect(sim, host, session))
    else:
        sim.clock.after(work, lambda: _log_off(sim, host, session))


def _disconnect(sim: Sim, host: SessionHost, session: Session) -> None:
    session.state = "Disconnected"
    sim.clock.after(sim.rng.uniform(*DISCONNECTED_MINUTES) * 60, lambda: _log_off(sim, host, session))


def _log_off(sim: Sim, host: SessionHost, session: Session) -> None:
    guest = guests.live_guest(sim, host)
    if guest is not None and guest.sessions.get(session.id) is session:
        guests.end_session(sim, host, session)
