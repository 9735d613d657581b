"""Routes of user sessions: list, send a message, disconnect, sign out."""

import re
from bisect import bisect_left

from local.sim.avd import guests
from local.sim.avd.host_pools import HOST, POOL, find_host, find_pool
from local.sim.core.clock import utc_now
from local.sim.core.routes import arm, page, page_size
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, not_found, required, skip_token
from local.sim.core.world import HostPool, Session, SessionHost

SESSION = f"{HOST}/userSessions"
ONE = f"{POOL}/*/sessionHosts/*/userSessions/*"
Row = tuple[SessionHost, Session]


def session_body(row: Row) -> Json:
    host, session = row
    return {
        "id": f"{host.pool.id}/sessionHosts/{host.name}/userSessions/{session.id}",
        "name": f"{host.pool.name}/{host.name}/{session.id}",
        "type": SESSION,
        "properties": {
            "objectId": session.object_id,
            "userPrincipalName": session.user,
            "applicationType": "Desktop",
            "sessionState": session.state,
            "activeDirectoryUserName": f"CONTOSO\\{session.user.split('@')[0]}",
            "createTime": session.created,
        },
    }


def _rows(sim: Sim, host: SessionHost) -> dict[str, Row]:
    guest = guests.live_guest(sim, host)
    if guest is None:
        return {}
    return {f"{host.name.lower()}/{s.id:08d}": (host, s) for s in guest.sessions.values()}


@arm("GET", f"{POOL}/*/userSessions", "list_user_sessions")
def list_by_pool(sim: Sim, call: Call) -> Answer:
    pool = find_pool(sim, call)
    rows = _first_rows(sim, call, pool) if _is_plain(call) else _all_rows(sim, pool)
    return page(sim, call, _filtered(call, rows), session_body)


def _is_plain(call: Call) -> bool:
    return not any(call.query.get(name) for name in ("$filter", "isDescending", "initialSkip"))


def _all_rows(sim: Sim, pool: HostPool) -> dict[str, Row]:
    return {key: row for host in pool.hosts.values() for key, row in _rows(sim, host).items()}


def _first_rows(sim: Sim, call: Call, pool: HostPool) -> dict[str, Row]:
    """The rows of one page and a few more, so that a page of a big pool does not read all its hosts."""
    after = skip_token(call)
    names = sorted(pool.hosts)
    rows: dict[str, Row] = {}
    for name in names[bisect_left(names, after.partition("/")[0]) :]:
        rows.update((key, row) for key, row in _rows(sim, pool.hosts[name]).items() if key > after)
        if len(rows) > page_size(sim, call):
            break
    return rows


def _filtered(call: Call, rows: dict[str, Row]) -> dict[str, Row]:
    """Apply the filters that AVD supports: `userprincipalname eq 'x'` and `sessionstate eq 'y'`, joined by `and`."""
    for name, value in re.findall(r"(\w+)\s+eq\s+'([^']*)'", call.query.get("$filter", "")):
        wanted, field = value.lower(), name.lower()
        if field not in {"userprincipalname", "sessionstate"}:
            raise ArmError(400, "BadRequest", f"'{name}' cannot be filtered on.", "$filter")
        by_user = field == "userprincipalname"
        rows = {k: r for k, r in rows.items() if (r[1].user if by_user else r[1].state).lower() == wanted}
    return rows


@arm("GET", f"{POOL}/*/sessionHosts/*/userSessions", "list_host_user_sessions")
def list_by_host(sim: Sim, call: Call) -> Answer:
    return page(sim, call, _rows(sim, find_host(sim, call)), session_body)


def _find(sim: Sim, call: Call) -> Row:
    host = find_host(sim, call)
    guest = guests.live_guest(sim, host)
    text = call.names[2]
    session = guest.sessions.get(int(text)) if guest is not None and text.isdigit() else None
    if session is None:
        raise not_found(SESSION, "/".join(call.names), call.group)
    return host, session


@arm("GET", ONE, "get_user_session")
def get_session(sim: Sim, call: Call) -> Answer:
    return Answer(200, session_body(_find(sim, call)))


@arm("DELETE", ONE, "sign_out")
def sign_out(sim: Sim, call: Call) -> Answer:
    find_host(sim, call)
    try:
        host, session = _find(sim, call)
    except ArmError:
        return Answer(204)
    guests.sign_out(sim, host, session)
    return Answer(200)


@arm("POST", f"{ONE}/disconnect", "disconnect_session")
def disconnect(sim: Sim, call: Call) -> Answer:
    _, session = _find(sim, call)
    session.state = "Disconnected"
    return Answer(200)


@arm("POST", f"{ONE}/sendMessage", "send_message")
def send_message(sim: Sim, call: Call) -> Answer:
    _, session = _find(sim, call)
    title = str(required(call.body, "messageTitle"))
    text = str(required(call.body, "messageBody"))
    session.messages.append({"title": title, "body": text, "at": utc_now()})
    sim.world.count("messages")
    return Answer(200)
