"""Two function hosts, each with an engine of its own, work on the same tables: whoever drives something keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shared.models.tasks import TaskKind
from shared.records.images import find_image
from shared.records.tasks import find_task, new_task
from shared.services import TASKS
from shared.workflow.task_context import TaskContext
from tests.fixtures.app import App, office, update
from tests.fixtures.fakes.engine import FakeEngine
from triggers.timers import take_up

LATER = {"version": "2.0.0", "schedule": {"mode": "at", "at": "2026-11-20T20:00:00Z"}}
TICK = timedelta(seconds=30)
RESUME_AFTER = timedelta(seconds=60)


@dataclass
class Pair:
    """A quiet rollout or task that the first of two engines drives."""

    app: App
    name: str
    is_task: bool
    first: FakeEngine
    second: FakeEngine = field(default_factory=FakeEngine)

    def tick(self, *engines: FakeEngine) -> list[str]:
        """The resume timer of these function hosts."""
        return [name for engine in engines for name in take_up(self.app.services, engine)]

    @property
    def run(self) -> int:
        """Which run drives it."""
        row = find_task(self.app.services, self.name) if self.is_task else self.app.rollout(self.name)
        return row.engine_run

    def drives(self, engine: FakeEngine) -> bool:
        """Whether this engine drives it."""
        return (self.name, self.run) in (engine.tasks if self.is_task else engine.rollouts)


@pytest.fixture(params=["rollout", "task"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    app = office()
    if request.param == "rollout":
        reply = update(app, LATER)
        assert reply.status == 202, reply.text
        yield Pair(app, str(reply.json["id"]), False, app.engine)
    else:
        task = app.tables.tasks.add(new_task(app.services, TaskKind.UPDATE_POOLS, "win11", "ann", version="2.0.0"))
        app.engine.start_task(task.id, task.kind, task.engine_run)
        yield Pair(app, task.id, True, app.engine)


@pytest.mark.parametrize("apart", [0, 1, 15, 29])
@pytest.mark.parametrize("first_first", [True, False])
def test_a_quiet_one_stays_where_it_is_driven(pair: Pair, apart: int, first_first: bool) -> None:
    order = (pair.first, pair.second) if first_first else (pair.second, pair.first)
    for _ in range(120):
        assert pair.tick(order[0]) == []
        pair.app.later(seconds=apart)
        assert pair.tick(order[1]) == []
        pair.app.later(seconds=30 - apart)
    assert (pair.run, pair.drives(pair.first), pair.drives(pair.second)) == (1, True, False)


def test_the_other_one_takes_it_up_when_its_host_is_gone_and_keeps_it_then(pair: Pair) -> None:
    for _ in range(10):
        pair.tick(pair.first, pair.second)
        pair.app.later(seconds=30)
    gone = pair.app.now
    while not pair.tick(pair.second):
        pair.app.later(seconds=30)
    assert pair.app.now - gone <= RESUME_AFTER + TICK
    assert (pair.run, pair.drives(pair.second)) == (2, True)
    for _ in range(20):  # the first one is back
        assert pair.tick(pair.first, pair.second) == []
        pair.app.later(seconds=30)
    assert pair.run == 2


def test_an_engine_that_lost_everything_takes_its_own_up_again(pair: Pair) -> None:
    for _ in range(10):
        pair.tick(pair.first)
        pair.app.later(seconds=30)
    pair.first.rollouts.clear()
    pair.first.tasks.clear()
    lost = pair.app.now
    while not pair.tick(pair.first):
        pair.app.later(seconds=30)
    assert pair.app.now - lost <= RESUME_AFTER + TICK


def test_a_step_keeps_the_sign_of_life_that_the_timer_wrote_meanwhile() -> None:
    app = office()
    task = app.tables.tasks.add(new_task(app.services, TaskKind.UPDATE_POOLS, "win11", "ann", version="2.0.0"))
    app.engine.start_task(task.id, task.kind, 1)
    context = TaskContext(app.services, app.engine, task, find_image(app.services, "win11"))
    app.later(minutes=5)
    take_up(app.services, app.engine)
    context.save(percent=7)
    found = app.tables.tasks.find(TASKS, task.id)
    assert found
    assert (found.percent, found.alive_at) == (7, app.now)


def test_what_shows_life_by_itself_is_not_written_to() -> None:
    app = office()
    rollout_id = str(update(app, LATER).json["id"])
    etag = app.rollout(rollout_id).etag
    app.later(seconds=10)
    take_up(app.services, app.engine)
    assert app.rollout(rollout_id).etag == etag
