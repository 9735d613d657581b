"""The lists of rollouts, tasks and promotions: filters, order, and pages that hold while rows come and go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from shared.core.ids import newest_first_id
from shared.core.states import PromotionState, RolloutState, TaskState
from shared.models.accounts import Account
from shared.models.policy import PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.promotions import Promotion
from shared.models.rollout_parts import LastPass, Progress
from shared.models.rollouts import Rollout, RolloutKind, Schedule
from shared.models.tasks import ActivationWork, PoolsUpdate, PoolsWork, Task, TaskKind
from shared.views import rollouts
from shared.views.histories import in_time
from tests.fixtures.app import App, office

R, T, P = RolloutState, TaskState, PromotionState
LISTS = ("rollouts", "tasks", "promotions")


def add_rollout(app: App, state: R, **fields: Any) -> Rollout:
    schedule = Schedule(mode=ScheduleMode.NOW, begin_at=app.now, force_at=app.now, time_zone="UTC")
    given: dict[str, Any] = {
        "pool": "office", "account": "default", "image": "win11", "definition_id": "/d", "version": "2.0.0",
        "version_id": "/v", "replicas": 1, "schedule": schedule, "requested_by": "ann",
        "policy": resolve_policy(ScheduleMode.NOW, PolicyOverrides()),
    }  # fmt: skip
    row = Rollout(id=newest_first_id(app.now), state=state, created_at=app.now, **given | fields)
    return app.tables.rollouts.add(row)


def add_task(app: App, state: T, **fields: Any) -> Task:
    given: dict[str, Any] = {
        "kind": TaskKind.STAGE, "image": "win11", "version": "3.0.0", "accounts": ("default",), "requested_by": "ann",
    }  # fmt: skip
    row = Task(id=newest_first_id(app.now), state=state, created_at=app.now, **given | fields)
    return app.tables.tasks.add(row)


def add_promotion(app: App, state: P, **fields: Any) -> Promotion:
    given: dict[str, Any] = {
        "image": "win11", "accounts": ("default",), "version": "3.0.0", "time_zone": "UTC", "requested_by": "ann",
        "due_at": app.now + timedelta(days=1), "activation": ActivationWork(),
    }  # fmt: skip
    row = Promotion(id=newest_first_id(app.now), state=state, created_at=app.now, **given | fields)
    return app.tables.promotions.add(row)


def update_of(app: App, *pools: str) -> PoolsUpdate:
    schedule = Schedule(mode=ScheduleMode.NOW, begin_at=app.now, force_at=app.now, time_zone="UTC")
    return PoolsUpdate(pools=pools, rings=dict.fromkeys(pools, 0), schedule=schedule)


def filled() -> tuple[App, dict[str, str]]:
    """An app with a history of an hour each, and a name for each id."""
    app = office()
    app.tables.accounts.add(Account(name="contoso", created_at=app.now))
    names: dict[str, str] = {}

    def named(name: str, row: Any) -> None:
        names[row.id] = name
        app.later(hours=1)

    named("r1", add_rollout(app, R.SUCCEEDED, pool="hr", account="contoso", image="other", ended_at=app.now))
    named("t1", add_task(app, T.FAILED, requested_by="bob", ended_at=app.now))
    named("p1", add_promotion(app, P.PROMOTED, requested_by="bob"))
    foreseen = LastPass(at=app.now, hosts=1, accepting=1, sessions=0, sessions_to_end=0, expected_end=app.now)
    named("r2", add_rollout(app, R.PAUSED, requested_by="bob", progress=Progress(last_pass=foreseen)))
    work = PoolsWork(update=update_of(app, "hr", "office"))
    named("t2", add_task(app, T.RUNNING, kind=TaskKind.UPDATE_POOLS, pools=work, accounts=("contoso", "default")))
    named("p2", add_promotion(app, P.SCHEDULED, update=update_of(app, "office"), due_at=app.now + timedelta(hours=1)))
    named("r3", add_rollout(app, R.RUNNING, kind=RolloutKind.REFRESH))
    named("t3", add_task(app, T.RUNNING, accounts=("*",)))
    named("p3", add_promotion(app, P.SCHEDULED, accounts=("contoso",)))
    return app, names


def asked(path: str) -> list[str]:
    app, names = filled()
    reply = app.send("GET", f"/api/{path}")
    assert reply.status == 200, reply.text
    return [names[one["id"]] for one in reply.json["items"]]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("rollouts", "r3 r2 r1"),
        ("rollouts?order=asc", "r1 r2 r3"),
        ("rollouts?open=true", "r3 r2"),
        ("rollouts?open=false", "r1"),
        ("rollouts?state=paused&state=succeeded", "r2 r1"),
        ("rollouts?state=paused,running&order=asc", "r2 r3"),
        ("rollouts?open=true&state=succeeded,paused", "r2"),
        ("rollouts?account=contoso", "r1"),
        ("rollouts?pool=office&requested_by=ann", "r3"),
        ("rollouts?image=other", "r1"),
        ("rollouts?kind=refresh", "r3"),
        ("rollouts?sort=pool&order=asc", "r1 r2 r3"),
        ("rollouts?sort=state&order=asc", "r2 r3 r1"),
        ("rollouts?sort=expected_end&order=desc", "r2 r3 r1"),
        ("rollouts?sort=requested_by", "r2 r1 r3"),
        ("tasks", "t3 r3 t2 r2 t1 r1"),
        ("tasks?open=true", "t3 r3 t2 r2"),
        ("tasks?open=false", "t1 r1"),
        ("tasks?state=running", "t3 r3 t2"),
        ("tasks?state=failed,paused", "r2 t1"),
        ("tasks?pool=office", "r3 t2 r2"),
        ("tasks?pool=hr", "t2 r1"),
        ("tasks?account=contoso", "t3 t2 r1"),
        ("tasks?requested_by=bob", "r2 t1"),
        ("tasks?kind=stage,refresh", "t3 r3 t1"),
        ("tasks?kind=rollout", "r3 r2 r1"),
        ("tasks?sort=kind&order=asc", "r3 r1 r2 t1 t3 t2"),
        ("promotions", "p3 p2 p1"),
        ("promotions?open=true", "p3 p2"),
        ("promotions?open=false", "p1"),
        ("promotions?state=promoted,scheduled&requested_by=bob", "p1"),
        ("promotions?sort=due_at&order=asc", "p2 p1 p3"),
        ("promotions?pool=office", "p2"),
        ("promotions?account=contoso", "p3"),
    ],
)  # fmt: skip
def test_filters_and_orders(path: str, found: str) -> None:
    shown = asked(path)
    if "sort=kind" in path or "sort=pool" in path:  # within a value by id, which is newest first
        assert set(shown) == set(found.split())
        return
    assert shown == found.split()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("order", ["", "&order=asc", "&sort=state"])
def test_a_span_of_time(name: str, order: str) -> None:
    app, _ = filled()
    whole = app.send("GET", f"/api/{name}?{order}").json["items"]
    moments = sorted(one["created_at"] for one in whole)
    since, until = moments[1], moments[-1]
    found = app.send("GET", f"/api/{name}?since={quote(since)}&until={quote(until)}{order}").json["items"]
    assert [one["id"] for one in found] == [one["id"] for one in whole if since <= one["created_at"] < until]
    assert found


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("query", ["", "&open=true", "&order=asc", "&sort=state", "&sort=requested_by&order=asc"])
def test_pages_are_the_whole_list_whatever_comes_meanwhile(name: str, query: str) -> None:
    app, _ = filled()
    whole = [one["id"] for one in app.send("GET", f"/api/{name}?{query}").json["items"]]
    paged: list[str] = []
    token = ""
    while True:
        reply = app.send("GET", f"/api/{name}?limit=1{query}{token}").json
        paged += [one["id"] for one in reply["items"]]
        if reply["continuation"] is None:
            break
        token = f"&continuation={reply['continuation']}"
    assert paged == whole
    first = app.send("GET", f"/api/{name}?limit=1{query}").json
    new = [add_rollout(app, R.RUNNING).id, add_task(app, T.RUNNING).id, add_promotion(app, P.SCHEDULED).id]
    rest = app.send("GET", f"/api/{name}?{query}&continuation={first['continuation']}").json["items"]
    assert [one["id"] for one in rest if one["id"] not in new] == whole[1:]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=done", "state.0"),
        ("state=", "state.0"),
        ("sort=size", "sort"),
        ("order=up", "order"),
        ("open=maybe", "open"),
        ("since=yesterday", "since"),
        ("until=2026-11-02T10:00", "until"),
        ("account=nobody", "account"),
        ("pool=nowhere", "pool"),
        ("requested_by=", "requested_by"),
        ("limit=501", "limit"),
        ("order=asc&continuation=x", "continuation"),
    ],
)
def test_refused(name: str, query: str, field: str) -> None:
    reply = office().send("GET", f"/api/{name}?{query}")
    assert (reply.status, {name.partition(".")[0] for name in reply.bad_fields}) == (400, {field.partition(".")[0]})


def test_a_few_open_rollouts_are_found_without_reading_all_ended_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service filters by state, so an open page that is polled does not cost a history of rows."""
    app = office()
    first = add_rollout(app, R.RUNNING).id
    for _ in range(300):
        app.later(seconds=1)
        add_rollout(app, R.SUCCEEDED)
    judged: list[str] = []
    monkeypatch.setattr(rollouts, "in_time", lambda query, row: judged.append(row.id) or in_time(query, row))
    found = app.send("GET", "/api/rollouts?open=true&limit=5").json
    assert ([one["id"] for one in found["items"]], found["continuation"]) == ([first], None)
    assert judged == [first]
