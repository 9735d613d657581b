"""What a request takes for itself (a pool, a host pool, an image, a key) when the answer of the tables is lost.

Whatever write it is: who asks next gets it, or is told of something that exists, or when to ask again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from shared.core.errors import AzureBusy, Conflict
from shared.core.ids import newest_first_id
from shared.images.promotions.due import run_due
from shared.models.rollouts import Rollout
from shared.pools.claim import CLAIM_GRACE, claim, refuse_second
from shared.pools.registration import refuse_during_rollout
from tests.fixtures.app import WHAT_IF, App, Reply, change_pool, findings, office, update
from tests.fixtures.fakes.tables import MemoryRows
from tests.fixtures.scenarios.images import IMAGE
from tests.fixtures.scenarios.promotions import ask, with_staged
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID
from triggers.timers import take_up

LOST = AzureBusy("table", None, "ServiceResponseError", "no answer")
NOW = {"schedule": {"mode": "now"}}


@contextmanager
def losing_answer(app: App, number: int, *, blind: bool) -> Iterator[list[int]]:
    """The answer of the tables' `number`th write from now on is lost; with `blind`, nothing can be read after it.

    Yields a list that holds the number once that write has come.
    """
    lost: list[int] = []
    count = 0
    originals: list[tuple[MemoryRows[Any], str, Callable[..., Any]]] = []

    def write(method: Callable[..., Any]) -> Callable[..., Any]:
        def written(*given: Any) -> Any:
            nonlocal count
            if lost and blind:
                raise LOST
            answer = method(*given)
            count += 1
            if count == number:
                lost.append(number)
                raise LOST
            return answer

        return written

    def read(method: Callable[..., Any]) -> Callable[..., Any]:
        def found(*given: Any) -> Any:
            if lost and blind:
                raise LOST
            return method(*given)

        return found

    for table in vars(app.tables).values():
        for name, wrap in (("_write", write), ("remove", write), ("find", read), ("all", read)):
            originals.append((table, name, getattr(table, name)))
            setattr(table, name, wrap(getattr(table, name)))
    try:
        yield lost
    finally:
        for table, name, method in originals:
            setattr(table, name, method)


@dataclass
class Kind:
    """A kind of request: the app that it needs, the first one, and the one who asks next."""

    make: Callable[[], App]
    first: Callable[[App], Reply]
    next: Callable[[App], Reply]


def registers(app: App, name: str) -> Reply:
    body = {"host_pool_id": HOST_POOL_ID, "image": "win11", "join": {"kind": "entra"}}
    return app.send("PUT", f"/api/pools/{name}", body)


def registers_image(app: App, name: str) -> Reply:
    return app.send("PUT", f"/api/images/{name}", {"definition_id": DEFINITION_ID, "active": "2.0.0"})


def without_pool() -> App:
    app = office()
    assert app.send("DELETE", "/api/pools/office").status == 204
    return app


def without_image() -> App:
    app = App()
    app.world.add_version("2.0.0")
    return app


def with_backup() -> App:
    app = office()
    change_pool(app, version="2.0.0", previous_version="1.0.0")
    return app


def on_image(path: str, **body: object) -> Callable[[App], Reply]:
    return lambda app: app.send("POST", f"/api/images/{IMAGE}/{path}", body)


def of_fleet(app: App) -> Reply:
    return app.send("POST", "/api/rollouts", {"version": "2.0.0", "filter": {"account": "default"}, **NOW})


def rolled_back(app: App) -> Reply:
    return app.send("POST", "/api/pools/office/roll-back", {})


def keyed(app: App) -> Reply:
    return update(app, **{"Idempotency-Key": "k"})


def staged() -> App:
    return with_staged().app


def without_staged() -> App:
    app = staged()
    assert app.send("DELETE", f"/api/images/{IMAGE}/versions/2.0.0").status < 300
    return app


KINDS = {
    "update-image": Kind(office, update, update),
    "update-image with a key": Kind(office, keyed, keyed),
    "roll-back": Kind(with_backup, rolled_back, rolled_back),
    "fleet update": Kind(office, of_fleet, of_fleet),
    "pool": Kind(without_pool, lambda app: registers(app, "one"), lambda app: registers(app, "two")),
    "image": Kind(without_image, lambda app: registers_image(app, "one"), lambda app: registers_image(app, "two")),
    "set as image": Kind(without_staged, on_image("set-as-image"), on_image("set-as-image")),
    "activate": Kind(staged, on_image("activate"), on_image("activate")),
    "promotion": Kind(staged, ask, ask),
}


def is_told(app: App, reply: Reply) -> bool:
    """Whether the request succeeded, or its answer says when to ask again, or that all is done, or names only what
    exists."""
    if reply.status < 300 or "Retry-After" in reply.headers or "No version of this image is staged" in reply.text:
        return True
    named = [reply.json["href"]] if "href" in reply.json else []
    named += [f"/api/{kind}s/{name}" for kind, name in re.findall(r"\bas (pool|image) (\w+)\.", reply.json["detail"])]
    return bool(named) and all(app.send("GET", href).status == 200 for href in named)


@pytest.mark.parametrize("blind", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_whoever_asks_next_gets_it_or_is_told_when(name: str, blind: bool) -> None:
    kind = KINDS[name]
    for number in range(1, 30):
        app = kind.make()
        with losing_answer(app, number, blind=blind) as lost:
            first = kind.first(app)
        assert first.status < 300 or "Retry-After" in first.headers, (number, first.text)
        second = kind.next(app)
        assert is_told(app, second), (number, second.text)
        app.later(seconds=int(second.headers.get("Retry-After", 0)) + 1)
        third = kind.next(app)
        assert is_told(app, third), (number, third.text)
        take_up(app.services, app.engine)
        run_due(app.services, app.engine)
        if not lost:
            return
    raise AssertionError("there are more writes than that")


def test_a_pool_whose_claim_lost_its_answer_is_updated() -> None:
    app = office()
    app.tables.pools.lost_answers["replace"] = [LOST]
    reply = update(app)
    assert reply.status == 202, reply.text
    assert app.pool().running_rollout == reply.json["id"]
    assert app.engine.rollouts == {(reply.json["id"], 1)}


def test_a_pool_that_a_request_is_reserving_says_when_it_is_free() -> None:
    app = office()
    change_pool(app, running_rollout=newest_first_id(app.now), claimed_at=app.now)
    reply = update(app)
    seconds = int(CLAIM_GRACE.total_seconds())
    assert (reply.status, reply.headers["Retry-After"]) == (409, str(seconds))
    assert not {"rollout", "href"} & reply.json.keys()
    assert f"{seconds} seconds" in reply.json["detail"]
    plan = app.send("POST", WHAT_IF, {"version": "2.0.0", **NOW})
    assert findings(plan)["rollout"] == "fail"
    assert "being reserved" in plan.text
    assert app.send("DELETE", "/api/pools/office").headers["Retry-After"] == str(seconds)
    app.later(seconds=seconds)
    assert update(app).status == 202


def test_a_claim_counts_from_when_it_was_made_not_from_when_its_rollout_was_planned() -> None:
    app = office()
    planned = newest_first_id(app.now)
    app.later(hours=1)
    change_pool(app, running_rollout=planned, claimed_at=app.now)
    assert update(app).status == 409
    app.later(seconds=CLAIM_GRACE.total_seconds())
    assert update(app).status == 202


def test_a_second_claim_of_the_same_pool_is_as_good_as_the_first() -> None:
    app = without_pool()
    app.tables.pools.failures["add"] = [OSError("the tables are gone")]
    assert registers(app, "one").status == 500
    app.later(minutes=5)
    other: list[Reply] = []
    add = app.tables.pools.add

    def meanwhile(record: Any) -> Any:
        app.tables.pools.add = add  # type: ignore[method-assign]
        other.append(registers(app, "two"))
        return add(record)

    app.tables.pools.add = meanwhile  # type: ignore[method-assign]
    assert (registers(app, "one").status, other[0].status) == (201, 409)


def test_a_key_whose_claim_lost_its_answer_is_not_blocked() -> None:
    app = office()
    app.tables.answers.lost_answers["add"] = [LOST]
    assert keyed(app).status == 202
    assert keyed(app).status == 202


def test_a_key_that_is_in_use_says_when_it_is_free() -> None:
    app = office()
    app.tables.answers.lost_answers["add"] = [LOST]
    app.tables.answers.failures["find"] = [LOST]
    assert keyed(app).status == 503
    reply = keyed(app)
    assert (reply.status, "5 minutes" in reply.json["detail"], "Retry-After" in reply.headers) == (409, True, True)


@pytest.mark.parametrize(
    "check",
    [
        lambda app: claim(app.services, "office", newest_first_id(app.now)),
        lambda app: refuse_second(app.services, app.pool()),
        lambda app: refuse_during_rollout(app.services, app.pool()),
    ],
)
def test_a_rollout_that_is_written_while_another_request_looks_for_it_keeps_its_pool(
    check: Callable[[App], object],
) -> None:
    app = office()
    rollout = update(app).json["id"]
    find, looks = app.tables.rollouts.find, count()

    def not_at_first(partition: str, row: str) -> Rollout | None:
        return find(partition, row) if next(looks) else None

    app.tables.rollouts.find = not_at_first  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        check(app)
    assert app.pool().running_rollout == rollout
