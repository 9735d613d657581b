"""People: they come, are placed by the broker, work, sometimes disconnect, and log off."""

from local.sim.avd import guests
from local.sim.core.simulator import Sim
from local.sim.core.world import HostPool, Session, SessionHost

SAMPLE = 24  # hosts looked at for one logon: enough for balance, and independent of the pool's size
DISCONNECTED_MINUTES = (5.0, 20.0)
SHORTEST_WORK = 60.0


def start(sim: Sim, pool: HostPool) -> None:
    """Let people come to a pool, at the rate written on it."""
    if sim.options.users and pool.pooled and pool.arrivals_per_minute > 0:
        _expect_next(sim, pool)


def _expect_next(sim: Sim, pool: HostPool) -> None:
    gap = sim.rng.expovariate(pool.arrivals_per_minute / 60)
    sim.clock.after(max(gap, 0.001), lambda: _arrive(sim, pool))


def _arrive(sim: Sim, pool: HostPool) -> None:
    host = place(sim, pool)
    if host is None:
        sim.world.count("turned_away")
    else:
        live(sim, host, guests.log_on(sim, host, user_name(sim)))
    _expect_next(sim, pool)


def user_name(sim: Sim) -> str:
    sim.world.count("people")
    return f"user{sim.world.counters['people']:05d}@contoso.com"


def place(sim: Sim, pool: HostPool) -> SessionHost | None:
    """The broker's choice for a new logon: breadth takes the emptiest host, depth the fullest with room."""
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


def live(sim: Sim, host: SessionHost, session: Session) -> None:
    """Decide when this session ends. What is left of a session already begun is drawn the same way."""
    if not sim.options.users:
        return
    work = max(SHORTEST_WORK, sim.rng.expovariate(1 / (sim.options.work_minutes * 60)))
    if sim.rng.random() < sim.options.disconnect_share:
        sim.clock.after(work, lambda: _disconnect(sim, host, session))
    else:
        sim.clock.after(work, lambda: _leave(sim, host, session))


def _disconnect(sim: Sim, host: SessionHost, session: Session) -> None:
    session.state = "Disconnected"
    sim.clock.after(sim.rng.uniform(*DISCONNECTED_MINUTES) * 60, lambda: _leave(sim, host, session))


def _leave(sim: Sim, host: SessionHost, session: Session) -> None:
    guest = guests.live_guest(sim, host)
    if guest is not None and guest.sessions.get(session.id) is session:
        guests.end_session(sim, host, session)
