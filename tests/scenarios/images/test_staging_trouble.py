"""Staging while Azure is difficult, while others do the same, and while the process dies."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from shared.core.errors import AzureBusy, AzureConflict, AzureForbidden, Conflict, FreshcoatError
from shared.core.states import VersionState
from shared.images.retention import UNRECORDED_LIMIT, tidy
from shared.models.tasks import TaskKind
from shared.services import TASKS
from tests.fixtures.scenarios.images import assert_at_rest, assert_sound, excluded, recorded
from tests.fixtures.scenarios.versions import (
    ACTIVE,
    NEXT,
    SECOND,
    audited,
    include,
    row_of,
    settled,
    shelf,
    stage,
    tasks,
)

BUSY = AzureBusy("call", 503, "Busy", "later")


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (AzureConflict("update", 409, "OperationNotAllowed", "An operation is under way."), Conflict),
        (AzureForbidden("update", 403, "AuthorizationFailed", "no right"), AzureForbidden),
        (BUSY, AzureBusy),
    ],
)
def test_a_version_that_cannot_be_excluded_from_latest_is_not_staged(
    error: FreshcoatError, raised: type[FreshcoatError]
) -> None:
    env = shelf()
    include(env)
    env.app.world.fail("start_exclude", error)
    with pytest.raises(raised):
        stage(env)
    assert recorded(env).state.staged is None
    assert stage(env).state is VersionState.STAGED


def test_an_exclusion_flag_that_azure_fails_to_change_is_repaired_later() -> None:
    env = shelf()
    include(env)
    env.app.world.fail_operation("exclude", AzureConflict("update", 409, "Failed", "broken"))
    stage(env)
    settled(env)
    assert excluded(env)[NEXT] is False
    tidy(env.app.services)
    settled(env)
    assert_at_rest(env)


def test_of_many_concurrent_requests_one_stages_its_version() -> None:
    env = shelf()
    app = env.app
    versions = [f"{major}.0.0" for major in range(4, 12)]
    for version in versions:
        app.world.add_version(version, staged=True)
    outcomes: list[str] = []

    def ask(version: str) -> None:
        try:
            outcomes.append(str(stage(env, version).state))
        except Conflict as refused:
            outcomes.append(str(refused))

    threads = [threading.Thread(target=ask, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(versions)
    assert outcomes.count("staged") == 1
    assert len(tasks(env)) == 1
    assert_sound(env)


def test_a_write_with_a_lost_response_is_recognised_as_our_own() -> None:
    env = shelf()
    env.app.tables.versions.lost_answers["write_many"] = [BUSY]
    assert stage(env).state is VersionState.STAGED
    assert len(tasks(env)) == 1


def test_a_write_that_never_arrived_is_raised() -> None:
    env = shelf()
    env.app.tables.versions.failures["write_many"] = [BUSY]
    with pytest.raises(AzureBusy):
        stage(env)
    assert tasks(env) == []
    assert recorded(env).state.staged is None


def test_a_task_that_cannot_be_written_does_not_undo_the_staging_and_is_written_later() -> None:
    env = shelf()
    env.app.tables.tasks.failures["add"] = [BUSY]
    assert stage(env).state is VersionState.STAGED
    env.app.now += UNRECORDED_LIMIT / 2
    tidy(env.app.services)
    assert tasks(env) == []
    env.app.now += UNRECORDED_LIMIT / 2
    tidy(env.app.services)
    tidy(env.app.services)
    assert tasks(env) == [(TaskKind.STAGE, NEXT, "ann")]
    assert recorded(env).state.last_task == env.app.tables.tasks.all(TASKS)[0].id


def test_the_process_may_die_at_any_call() -> None:
    died, call = True, 0
    while died:
        call += 1
        env = shelf(ACTIVE)
        include(env)
        env.die_at_call(call)
        died = not env.survive(partial(stage, env))
        assert recorded(env).state.staged is None or excluded(env)[NEXT] or env.app.world.running, call
        assert_sound(env)
        if recorded(env).state.staged is None:
            stage(env)
        env.run(hours=1)
        assert row_of(env, NEXT).state is VersionState.STAGED, call
        assert tasks(env) == [(TaskKind.STAGE, NEXT, "ann")], call
        assert set(audited(env)) == {("ann", "stage version", "", NEXT)}, call
        assert_at_rest(env)
    assert call > 6
    assert SECOND in recorded(env).versions
