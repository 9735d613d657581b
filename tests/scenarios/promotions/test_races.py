"""Promotions when things happen at once, and when the process dies: one activation, or none and a reason."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from shared.caches.audit_writer import AuditWriter
from shared.core.states import PromotionState
from shared.records.images import find_image
from shared.services import PROMOTIONS
from shared.tables.open import Tables
from tests.fixtures.app import App, Reply
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, recorded
from tests.fixtures.scenarios.promotions import (
    activations,
    active,
    ask,
    assert_not_promoted,
    assert_promoted_once,
    cancel,
    discard,
    held_for,
    move,
    plan,
    row,
    run,
    with_staged,
)
from tests.fixtures.version_sets import record_family

S = PromotionState
WORKERS = 6
type Act = Callable[[App, str], object]


def due(**asked: Any) -> tuple[App, str]:
    """An app with a promotion that is due."""
    app = with_staged().app
    promotion_id = plan(app, **asked)
    app.later(hours=25)
    return app, promotion_id


def together(count: int, act: Callable[[], Any]) -> list[Any]:
    """What so many threads got that did the same at the same time."""
    ready = Barrier(count)

    def one(_: int) -> Any:
        ready.wait()
        return act()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def interrupt(app: App, number: int, action: Callable[[], object]) -> Callable[[], int]:
    """Have `action` happen just before the call of this number to a table or Azure; how many calls there were."""
    seen = [0]

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            seen[0] += 1
            if seen[0] == number:
                before, writer = seen[0], app.audit_writer
                app.audit_writer = AuditWriter()  # another worker has its own
                action()
                seen[0], app.audit_writer = before, writer
            return method(*given, **named)

        return called

    names = ("promotions", "versions", "tasks", "images", "pools", "audit")
    for table in [getattr(app.tables, name) for name in names]:
        for name in ("find", "all", "page", "_write", "remove"):
            setattr(table, name, counted(getattr(table, name)))
    setattr(app.world, "called", counted(app.world.called))  # noqa: B010 - mypy refuses to assign a method
    return lambda: seen[0]


class TestWorkersTogether:
    """Several workers run the timer at the same moment."""

    @pytest.mark.parametrize("_", range(10))
    def test_of_concurrent_workers_one_promotes(self, _: int) -> None:
        app, promotion_id = due()
        promoted = together(WORKERS, lambda: run(app))
        run(app)
        assert_promoted_once(app, promotion_id)
        assert [found for each in promoted for found in each] in ([], [promotion_id])

    def test_of_concurrent_workers_one_promotes_on_real_tables(self, tables: Tables) -> None:
        env = with_staged()
        app, image, version_set = env.app, find_image(env.app.services, IMAGE), recorded(env)
        app.tables = tables  # type: ignore[assignment]
        tables.images.add(image)
        record_family(tables.versions, version_set)
        promotion_id = plan(app)
        app.later(hours=25)
        promoted = together(WORKERS, lambda: run(app))
        run(app)
        assert_promoted_once(app, promotion_id)
        assert [found for each in promoted for found in each] in ([], [promotion_id])

    def test_two_workers_at_any_point_promote_once(self) -> None:
        """One stops before any of its calls, the other one goes through meanwhile."""
        for number in range(1, calls_of(lambda app, _: run(app)) + 1):
            app, promotion_id = due()
            interrupt(app, number, lambda: run(app))  # noqa: B023 - called in this turn
            run(app)
            run(app)
            assert_promoted_once(app, promotion_id)


def calls_of(act: Act) -> int:
    """How many calls it makes when nothing disturbs it."""
    app, promotion_id = due()
    calls = interrupt(app, 0, lambda: None)
    act(app, promotion_id)
    assert calls() > 2
    return calls()


def by_hand(app: App, _: str) -> Reply:
    return app.send("POST", f"/api/images/{IMAGE}/activate", {})


def timer(app: App, _: str) -> object:
    return run(app)


class TestTimerAgainstPeople:
    """Each of the two stops before any of its calls while the other one goes through."""

    @pytest.mark.parametrize("first", ["people", "timer"])
    @pytest.mark.parametrize("act", [cancel, move, discard, by_hand])
    def test_either_the_timer_or_the_person_wins(self, act: Callable[[App, str], Reply], first: str) -> None:
        one, other = (act, timer) if first == "people" else (timer, act)
        won = set()
        for number in range(1, calls_of(one) + 1):
            app, promotion_id = due()
            replies: list[Any] = []
            interrupt(app, number, lambda: replies.append(other(app, promotion_id)))  # noqa: B023
            replies.append(one(app, promotion_id))
            app.later(minutes=2)
            run(app)
            [reply] = [reply for reply in replies if isinstance(reply, Reply)]
            won.add(reply.status < 300)
            self.check(app, promotion_id, act, reply)
        assert won == {True, False}

    @staticmethod
    def check(app: App, promotion_id: str, act: object, reply: Reply) -> None:
        if reply.status == 409:
            assert_promoted_once(app, promotion_id)
        elif act is move:
            assert reply.status == 200
            assert (row(app, promotion_id).state, active(app), held_for(app)) == (S.SCHEDULED, OLD, promotion_id)
        elif act is by_hand:
            assert reply.status == 202
            assert activations(app) == [reply.json["id"]]
            assert (active(app), held_for(app)) == (NEW, "")
            assert row(app, promotion_id).state in {S.CANCELLED, S.FAILED}
        else:
            assert reply.status in {200, 202}
            ended = row(app, promotion_id).state
            assert ended is S.CANCELLED or (act is discard and ended is S.FAILED)
            assert_not_promoted(app, promotion_id, ended)
            assert activations(app) == []


class TestAsking:
    """At most one promotion of an image is scheduled."""

    def test_of_many_concurrent_requests_one_wins_and_the_others_get_its_id(self) -> None:
        app = with_staged().app
        replies = together(10, lambda: ask(app))
        won = [reply for reply in replies if reply.status == 201]
        assert [reply.status for reply in replies if reply not in won] == [409] * 9
        assert len(won) == 1
        first = won[0].json["id"]
        assert [found.id for found in app.tables.promotions.all(PROMOTIONS)] == [first]
        assert held_for(app) == first

    def test_two_concurrent_requests_at_any_point_schedule_one_promotion(self) -> None:
        app = with_staged().app
        calls = interrupt(app, 0, lambda: None)
        plan(app)
        for number in range(1, calls() + 1):
            app = with_staged().app
            replies: list[Reply] = []
            interrupt(app, number, lambda: replies.append(ask(app)))  # noqa: B023
            replies.append(ask(app))
            assert sorted(reply.status for reply in replies) == [201, 409]
            [first] = [reply.json["id"] for reply in replies if reply.status == 201]
            [second] = [reply.json for reply in replies if reply.status == 409]
            assert (second["promotion"], first in second["detail"]) == (first, True)
            assert [found.id for found in app.tables.promotions.all(PROMOTIONS)] == [first]
            app.later(hours=25)
            assert run(app) == [first]
            assert_promoted_once(app, first)

    def test_a_request_mistaken_for_abandoned_is_answered_so(self) -> None:
        """It stops for two minutes before any of its calls, and the timer runs."""
        app = with_staged().app
        calls = interrupt(app, 0, lambda: None)
        plan(app)
        statuses = []
        for number in range(1, calls() + 1):
            app = with_staged().app

            def pause() -> None:
                app.later(minutes=2)  # noqa: B023
                run(app)  # noqa: B023

            interrupt(app, number, pause)
            reply = ask(app)
            statuses.append(reply.status)
            assert reply.status in {201, 409}
            app.later(hours=25)
            [promotion] = app.tables.promotions.all(PROMOTIONS)
            if reply.status == 201:
                assert run(app) == [reply.json["id"]]
                assert_promoted_once(app, reply.json["id"])
            else:
                assert "was interrupted" in reply.json["detail"]
                assert run(app) == []
                assert_not_promoted(app, promotion.id, S.CANCELLED)
        assert set(statuses) == {201, 409}
