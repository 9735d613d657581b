"""Logoff hints: a true one makes the rollout look, everything else changes nothing; the answer is always the same."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.logoff_events import hints_in
from shared.core.errors import AzureBusy
from shared.core.states import RolloutState
from shared.models.base import iso
from shared.models.rollouts import RolloutHost
from shared.rollouts.logoff_listener import RUNNING_KNOWN_FOR, TooManyHints, receive_hints
from tests.fixtures.app import START, App, office, update

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def running() -> tuple[App, str]:
    """A rollout of three hosts that runs."""
    app = office()
    rollout_id = str(update(app).json["id"])
    for number in range(3):
        app.tables.hosts.add(RolloutHost(rollout=rollout_id, host=f"h{number}.contoso.local", vm_id=f"/h{number}"))
    return app, rollout_id


def event(app: App, host: str = "h1.contoso.local", age: timedelta = timedelta(), **more: Any) -> dict[str, Any]:
    return {"host": host, "utc": iso(app.now - age), **more}


def alert(app: App, *hosts: str, condition: str = "Fired", name: str = "SessionHostName") -> dict[str, Any]:
    """Azure Monitor's common alert schema, as azure-facts 4 shows it."""
    criteria = [{"searchQuery": "…", "dimensions": [{"name": name, "value": host}]} for host in hosts]
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {
                "alertId": "/subscriptions/x",
                "monitorCondition": condition,
                "firedDateTime": f"{app.now:%Y-%m-%dT%H:%M:%S}.3713213Z",
            },
            "alertContext": {"conditionType": "LogQueryCriteria", "condition": {"allOf": criteria}},
        },
    }


def signalled(app: App, *bodies: Any) -> int:
    """How often the rollout was signalled by these."""
    before = len(app.engine.signals)
    for body in bodies:
        with suppress(TooManyHints):
            receive_hints(app.services, app.engine, body)
    return len(app.engine.signals) - before


@pytest.mark.parametrize("host", ["h1.contoso.local", "H1.CONTOSO.LOCAL", "h1", "hp-office/h1.contoso.local"])
def test_a_logoff_event_signals_the_rollout_of_its_host(host: str) -> None:
    app, rollout_id = running()
    assert signalled(app, event(app, host)) == 1
    assert app.engine.signals == [(rollout_id, 1, "logoff")]
    assert app.engine.logged_off == {(rollout_id, 1): {host.rpartition("/")[2].lower()}}


def test_unknown_fields_of_an_event_are_ignored() -> None:
    app, _ = running()
    assert signalled(app, event(app, v=1, vmId="guid", sessionId=3, eventId=23, nonce="n")) == 1


def test_an_alert_signals_a_rollout_once_for_all_its_hosts() -> None:
    app, _ = running()
    assert signalled(app, alert(app, "h0.contoso.local", "h2", "stranger")) == 1
    assert signalled(app, alert(app, "h1", name="Computer")) == 1


def test_unknown_stale_or_malformed_events_change_nothing() -> None:
    app, _ = running()
    minutes = timedelta(minutes=1)
    for body in (
        event(app, "stranger"),
        event(app, age=11 * minutes),
        event(app, age=-11 * minutes),
        alert(app, "h1", condition="Resolved"),
        alert(app, "h1", name="User"),
        {"host": "h1"},
        {"utc": iso(app.now)},
        {"host": ["h1"], "utc": iso(app.now)},
        {"host": "h1", "utc": "yesterday"},
        {},
    ):
        assert signalled(app, body) == 0, body


def test_a_repeated_event_is_handled_once() -> None:
    app, _ = running()
    assert signalled(app, *[event(app, session_id=7)] * 5) == 1
    assert signalled(app, event(app, session_id=8)) == 1


def test_events_of_a_host_are_rate_limited() -> None:
    app, _ = running()
    assert signalled(app, *(event(app, session_id=n) for n in range(100))) == 5
    assert signalled(app, event(app, "h2", session_id=1)) == 1
    app.later(seconds=5)
    assert signalled(app, *(event(app, session_id=n) for n in range(100))) == 1


def test_a_flood_of_events_is_cut_off_and_uses_little_memory() -> None:
    app, _ = running()
    signalled(app, *(event(app, f"stranger-{n}") for n in range(1_000)))
    assert app.hints.received == {}
    assert len(app.hints.strangers.per_host) <= 2_000
    assert signalled(app, event(app)) == 1


def test_strangers_cannot_push_out_the_hints_of_real_hosts() -> None:
    app, _ = running()
    for number in range(20_500):
        with suppress(TooManyHints):
            receive_hints(app.services, app.engine, event(app, f"stranger-{number}"))
        app.later(seconds=0.02)
    assert signalled(app, event(app, session_id=1), event(app, session_id=1)) == 1


def test_a_host_beyond_its_rate_is_told_when_to_send_again() -> None:
    app, _ = running()
    for host in ("h1", "stranger"):
        replies = [app.send("POST", "/api/events/logoff", event(app, host, session_id=n)) for n in range(6)]
        assert [reply.status for reply in replies] == [202] * 5 + [429]
        assert replies[-1].headers["Retry-After"] == "5"


def pools_with_hosts(count: int) -> App:
    """Three pools with a running rollout and so many hosts each: a0, a1 …, b0 …, c0 …"""
    app, rollout_id = running()
    row, pool = app.rollout(rollout_id), app.pool()
    for letter in "abc":
        mine = row.model_copy(update={"id": f"{row.id}{letter}", "pool": letter, "etag": None})
        app.tables.rollouts.add(mine)
        app.tables.pools.add(pool.model_copy(update={"name": letter, "running_rollout": mine.id, "etag": None}))
        for number in range(count):
            app.tables.hosts.add(RolloutHost(rollout=mine.id, host=f"{letter}{number}", vm_id=f"/{letter}{number}"))
    return app


def replies_to(app: App, *names: str) -> list[int]:
    return [app.send("POST", "/api/events/logoff", event(app, name)).status for name in names]


def test_a_pool_has_a_rate_and_leaves_room_for_the_others() -> None:
    app = pools_with_hosts(120)
    replies = [
        app.send("POST", "/api/events/logoff", event(app, f"a{n}"), headers={"x-dev-name": f"c{n}"}) for n in range(120)
    ]
    assert [reply.status for reply in replies] == [202] * 100 + [429] * 20
    assert replies[-1].headers["Retry-After"] == "1"
    assert replies_to(app, "b0", "c0") == [202] * 2
    app.later(seconds=1)
    assert replies_to(app, *(f"a{n}" for n in range(100, 120))) == [202] * 20


def test_a_caller_has_a_rate_for_all_pools_together() -> None:
    app = pools_with_hosts(60)
    names = [f"{letter}{number}" for number in range(60) for letter in "ab"]
    assert replies_to(app, *names) == [202] * 100 + [429] * 20
    other = app.send("POST", "/api/events/logoff", event(app, "c0"), headers={"x-dev-name": "other"})
    assert other.status == 202


def test_one_host_beyond_its_rate_uses_up_nothing_of_its_pool() -> None:
    app = pools_with_hosts(100)
    flood = [app.send("POST", "/api/events/logoff", event(app, "a0", session_id=n)).status for n in range(500)]
    assert flood == [202] * 5 + [429] * 495
    assert replies_to(app, *(f"a{n}" for n in range(1, 96))) == [202] * 95


def test_all_hosts_together_have_a_rate() -> None:
    app = pools_with_hosts(80)
    names = [f"{letter}{number}" for number in range(80) for letter in "abc"]
    replies = [app.send("POST", "/api/events/logoff", event(app, name), headers={"x-dev-name": name}) for name in names]
    assert [reply.status for reply in replies] == [202] * 200 + [429] * 40
    assert replies[-1].headers["Retry-After"] == "1"


def test_marks_are_kept_for_each_rollout() -> None:
    app, rollout_id = running()
    signalled(app, event(app))
    assert set(app.hints.received) == {rollout_id}
    app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update={"state": RolloutState.CANCELLED}))
    app.now += RUNNING_KNOWN_FOR
    signalled(app, event(app))
    assert app.hints.received == {}


def test_while_tables_hang_events_go_by_what_is_known() -> None:
    app, _ = running()
    assert signalled(app, event(app, session_id=0)) == 1
    app.now += RUNNING_KNOWN_FOR
    reading, go, all_pools = threading.Event(), threading.Event(), app.tables.pools.all

    def hangs(partition: str) -> Any:
        reading.set()
        go.wait(10)
        return all_pools(partition)

    app.tables.pools.all = hangs  # type: ignore[method-assign]
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(signalled, app, event(app, session_id=1))
        reading.wait(5)
        others = [
            threads.submit(app.send, "POST", "/api/events/logoff", event(app, f"h{n % 3}", session_id=n))
            for n in range(2, 10)
        ]
        try:
            assert [other.result(5).status for other in others] == [202] * 8
            assert len(app.engine.signals) == 9
            assert not first.done()
        finally:
            go.set()
        first.result(5)
    assert len(app.engine.signals) == 10


def test_receiving_an_event_is_cheap() -> None:
    app, _ = running()
    reads = []
    all_hosts = app.tables.hosts.all

    def counted(partition: str) -> list[RolloutHost]:
        reads.append(partition)
        return all_hosts(partition)

    app.tables.hosts.all = counted  # type: ignore[method-assign]
    for number in range(30):
        app.later(seconds=1)
        signalled(app, event(app, f"h{number % 3}", session_id=number))
    assert len(reads) == 1


def test_an_ended_rollout_is_not_signalled() -> None:
    app, rollout_id = running()
    assert signalled(app, event(app)) == 1
    app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update={"state": RolloutState.CANCELLED}))
    app.now += RUNNING_KNOWN_FOR
    assert signalled(app, event(app)) == 0


def test_the_response_reveals_nothing_to_strangers() -> None:
    app, _ = running()
    texts = {
        (reply.status, reply.text)
        for body in (event(app), event(app, "stranger"), alert(app, "h2"), {}, {"host": 1})
        for reply in [app.send("POST", "/api/events/logoff", body)]
    }
    assert texts == {(202, '{"accepted":true}')}
    assert app.send("POST", "/api/events/logoff", [1]).status == 400
    assert app.send("POST", "/api/events/logoff").status == 400


@given(body=st.dictionaries(st.text(), JSON), schema=st.booleans(), data=JSON)
def test_any_json_object_is_accepted(body: dict[str, Any], schema: bool, data: Any) -> None:
    if schema:
        body |= {"schemaId": "azureMonitorCommonAlertSchema", "data": data}
    assert all(hint.host for hint in hints_in(body, START))


BROKEN = [AzureBusy("x", None, "Down", "no connection"), RuntimeError("broken")]


@pytest.mark.parametrize("error", BROKEN)
@pytest.mark.parametrize("part", ["engine", "pools", "rollouts", "hosts"])
def test_every_error_gives_the_same_response_and_an_id_in_the_log(
    part: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    app, _ = running()
    if part == "engine":
        app.engine.down = error  # type: ignore[assignment]
    else:
        rows = getattr(app.tables, part)
        rows.failures = {"all": [error], "find": [error]}
    reply = app.send("POST", "/api/events/logoff", event(app))
    assert (reply.status, reply.text) == (202, '{"accepted":true}')
    assert re.search(r"error [0-9a-f]{12} at a logoff hint", caplog.text)


def test_unreachable_tables_are_not_read_at_every_event() -> None:
    app, _ = running()
    app.tables.pools.failures["all"] = [AzureBusy("table Pools", None, "Down", "no connection")] * 9
    assert signalled(app, *(event(app, session_id=number) for number in range(9))) == 0
    assert len(app.tables.pools.failures["all"]) == 8
    app.tables.pools.failures.clear()
    app.now += RUNNING_KNOWN_FOR
    assert signalled(app, event(app)) == 1
