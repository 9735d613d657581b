"""What nobody drives is taken up or ended: no rollout stays open for ever."""

from __future__ import annotations

import pytest

from shared.core.errors import StaleRow
from shared.core.states import RolloutState
from shared.models.rollouts import Rollout
from shared.records.change import ATTEMPTS
from shared.rollouts.recovery import RECENT, resume_lost
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.app import App, change_pool, office, update
from tests.fixtures.engine import Environment
from tests.fixtures.messages import told

S = RolloutState
OPEN = [state for state in S if not state.ended]


def without_pool(state: RolloutState = S.SCHEDULED) -> tuple[App, str]:
    """A rollout in this state that does not hold its pool."""
    app = office()
    rollout_id = str(update(app).json["id"])
    change_pool(app, running_rollout="")
    app.tables.rollouts.replace(
        app.rollout(rollout_id).model_copy(update={"state": state, "note": told("Said by ann.")})
    )
    return app, rollout_id


def resume(app: App) -> list[str]:
    return resume_lost(app.services, app.engine)


@pytest.mark.parametrize("state", OPEN)
def test_an_open_rollout_without_a_pool_ends(state: RolloutState) -> None:
    app, rollout_id = without_pool(state)
    app.later(seconds=61)
    assert resume(app) == []
    ended = app.rollout(rollout_id)
    if state is S.CANCELLING:
        assert (ended.state, ended.note) == (S.CANCELLED, told("Said by ann."))
    else:
        assert ended.state is S.FAILED
        assert "no longer reserved" in str(ended.note)
    assert ended.ended_at == app.now


def test_a_new_task_or_rollout_is_left_to_its_request() -> None:
    app, rollout_id = without_pool()
    app.later(seconds=59)
    resume(app)
    assert app.rollout(rollout_id).state is S.SCHEDULED


def test_a_rollout_that_holds_its_pool_continues() -> None:
    app = office()
    rollout_id = str(update(app).json["id"])
    app.later(hours=1)
    assert resume(app) == []
    assert app.rollout(rollout_id).state is S.SCHEDULED
    app.engine.rollouts.clear()
    app.later(minutes=1)
    assert resume(app) == [rollout_id]
    assert app.rollout(rollout_id).state is S.SCHEDULED


def test_a_rollout_whose_pool_is_unregistered_or_held_by_another_ends() -> None:
    for changed in ("gone", "taken"):
        app, rollout_id = without_pool(S.RUNNING)
        if changed == "gone":
            app.tables.pools.remove(app.pool())
        else:
            update(app)
        app.later(seconds=61)
        resume(app)
        assert app.rollout(rollout_id).state is S.FAILED
        found = app.tables.pools.find(POOLS, "office")
        assert found is None or app.rollout(found.running_rollout).state is S.SCHEDULED


@pytest.mark.parametrize("state", [S.RUNNING, S.PAUSED, S.ROLLING_BACK, S.CANCELLING])
def test_a_suspended_rollout_says_so_until_it_is_resumed(state: RolloutState, caplog: pytest.LogCaptureFixture) -> None:
    app = office()
    rollout_id = str(update(app).json["id"])
    app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update={"state": state, "note": told("By ann.")}))
    app.engine.suspended.add((rollout_id, 1))
    app.later(hours=1)
    assert resume(app) == []
    assert f"orchestration of rollout {rollout_id} is suspended" in caplog.text
    etag = app.rollout(rollout_id).etag
    resume(app)
    assert app.rollout(rollout_id).etag == etag
    seen = app.send("GET", f"/api/rollouts/{rollout_id}").json
    assert (seen["note"]["code"], seen["next"]["code"], seen["state"]) == ("suspended", "suspended", state)
    listed = app.send("GET", "/api/rollouts").json["items"] + app.send("GET", "/api/tasks").json["items"]
    assert [row["note"]["code"] for row in listed if row["id"] == rollout_id] == ["suspended"] * 2
    app.engine.suspended.clear()
    app.later(seconds=30)
    resume(app)
    seen = app.send("GET", f"/api/rollouts/{rollout_id}").json
    assert seen["note"]["text"] == "By ann."
    assert seen["next"]["code"] != "suspended"


def test_the_next_pass_shows_that_a_suspended_rollout_goes_on() -> None:
    app = office()
    environment = Environment(app)
    rollout_id = str(update(app).json["id"])
    app.engine.suspended.add((rollout_id, 1))
    environment.run(1)
    resume(app)
    assert app.rollout(rollout_id).progress.suspended_since == app.now
    app.engine.suspended.clear()
    environment.run(0.1)
    assert app.rollout(rollout_id).progress.suspended_since is None


def test_a_row_that_changes_all_the_time_is_left_to_the_next_run() -> None:
    app, rollout_id = without_pool(S.RUNNING)
    app.later(seconds=61)
    app.tables.rollouts.failures["replace"] = [StaleRow("Rollouts", rollout_id)] * ATTEMPTS
    resume(app)
    assert app.rollout(rollout_id).state is S.RUNNING
    resume(app)
    assert app.rollout(rollout_id).state is S.FAILED


def test_open_rollouts_are_found_in_one_page_however_many_have_ended() -> None:
    app, rollout_id = without_pool()
    row = app.rollout(rollout_id)
    for number in range(RECENT + 5):
        ended = row.model_copy(update={"id": f"9{number:012d}-0000", "state": S.SUCCEEDED})
        app.tables.rollouts.add(ended)
    app.later(seconds=61)
    pages: list[int] = []
    page = app.tables.rollouts.page

    def counted(partition: str, *, limit: int, continuation: str | None = None, **equal: object) -> object:
        pages.append(limit)
        return page(partition, limit=limit, continuation=continuation, **equal)

    app.tables.rollouts.page = counted  # type: ignore[assignment]
    resume(app)
    assert pages == [RECENT]
    found: Rollout | None = app.tables.rollouts.find(ROLLOUTS, rollout_id)
    assert found
    assert found.state is S.FAILED
