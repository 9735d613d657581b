"""Retention when things go wrong: one thing holds up no other, and what was cut off elsewhere is put right."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from functools import partial

import pytest

from shared.api.images import StageRequest
from shared.core.errors import AzureBusy, AzureForbidden
from shared.core.states import VersionState
from shared.images.change_records import write_change_record
from shared.images.removal import remove_version
from shared.images.retention import RECENT, UNRECORDED_LIMIT, tidy
from shared.images.staging import stage_version
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.images import Source
from shared.models.tasks import TaskKind
from shared.records.versions import change_versions
from shared.versions import lifecycle, removal_rules
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, assert_at_rest, excluded
from tests.fixtures.scenarios.versions import (
    ACTIVE,
    FIRST,
    NEXT,
    NONE,
    ONE,
    OTHER,
    SECOND,
    audited,
    in_gallery,
    row_of,
    shelf,
    tasks,
    with_linux,
)
from tests.fixtures.world.azure import DEFINITION_ID

V = VersionState
BUSY = AzureBusy("call", 429, "TooMany", "later")


def run(env: Environment) -> list[str]:
    return tidy(env.app.services)


class TestTrouble:
    """One thing that goes wrong holds up no other."""

    @pytest.mark.parametrize("method", ["version", "start_removal", "versions"])
    def test_a_gallery_that_refuses_does_not_block_other_images(self, method: str) -> None:
        env = with_linux()
        env.app.world.refuse(method, target=OTHER)
        env.run(hours=1)
        assert in_gallery(env) == {ACTIVE, NEXT}
        gone = env.app.world.versions[OTHER.lower()]
        assert (FIRST in gone) is (method != "versions")

    def test_unreadable_rows_do_not_block_other_images(self, caplog: pytest.LogCaptureFixture) -> None:
        env = with_linux()
        env.app.tables.versions.failures["all"] = [RuntimeError("no row of ours")]
        with caplog.at_level(logging.ERROR):
            run(env)
        assert "versions of linux" in caplog.text
        assert row_of(env, FIRST).deleting
        assert FIRST in env.app.world.versions[OTHER.lower()]

    def test_a_refusal_is_noted_and_the_removal_repeated(self) -> None:
        env = shelf(ACTIVE, retention=ONE)
        env.app.world.fail("start_removal", AzureForbidden("delete", 403, "AuthorizationFailed", "no right"))
        run(env)
        assert "Azure refused to delete it: delete: AuthorizationFailed" in row_of(env, FIRST).note
        assert not row_of(env, FIRST).deleting
        env.run(hours=1)
        assert row_of(env, FIRST).state is V.DELETED

    def test_a_removal_that_azure_throttles_is_repeated_at_the_next_run(self) -> None:
        env = shelf(ACTIVE, retention=ONE)
        for method in ("version", "start_removal", "session_hosts"):
            env.app.world.fail(method, BUSY)
        for _ in range(3):
            run(env)
            assert FIRST in in_gallery(env)
        env.run(hours=1)
        assert FIRST not in in_gallery(env)

    def test_two_concurrent_runs_do_nothing_twice(self) -> None:
        env = with_linux()
        env.app.world.resumes_needed = 0
        gone: list[str] = []
        threads = [threading.Thread(target=lambda: gone.extend(run(env))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        env.run(hours=1)
        assert in_gallery(env) == {ACTIVE, NEXT}
        assert len(tasks(env)) == len(set(tasks(env))) + 1 == 3  # 1.0.0 is the name of two
        assert len(audited(env)) == 3
        assert_at_rest(env)

    def test_a_version_that_another_worker_unfenced_is_not_deleted(self) -> None:
        env = shelf(ACTIVE)
        app = env.app
        app.world.fail("start_removal", BUSY)
        remove_version(app.services, app.engine, IMAGE, FIRST, "ann", ALL_ACCOUNTS)
        give_back = partial(removal_rules.not_removed, version=FIRST, reason="is kept, since pool lab is on it")
        app.world.meanwhile("machines", lambda: change_versions(app.services, IMAGE, give_back))
        assert run(env) == []
        assert app.world.count("start_removal") == 1
        assert row_of(env, FIRST).state is V.BACKUP

    def test_the_process_may_die_at_any_call(self) -> None:
        died, call = True, 0
        while died:
            call += 1
            env = shelf(ACTIVE, SECOND, staged=Source.CAPTURE, retention=NONE)
            remove_version(env.app.services, env.app.engine, IMAGE, NEXT, "ann", ALL_ACCOUNTS)
            env.die_at_call(call)
            died = not env.survive(lambda: (run(env), run(env), run(env)))  # noqa: B023 - run at once
            assert env.app.world.violations == []
            env.run(hours=1)
            assert in_gallery(env) == {SECOND, ACTIVE}, call
            assert sorted(tasks(env)) == sorted(
                [(TaskKind.DISCARD, NEXT, "ann"), (TaskKind.REMOVE, FIRST, "retention"), (TaskKind.REMOVE, NEXT, "ann")]
            ), call
            assert_at_rest(env)
        assert call > 20


class TestRest:
    """What was cut off elsewhere."""

    def test_exclusion_flags_are_repaired_one_by_one_and_the_active_version_first(self) -> None:
        env = shelf(staged=Source.GALLERY)
        versions = env.app.world.versions[DEFINITION_ID.lower()]
        for name, found in versions.items():
            versions[name] = found.model_copy(update={"exclude_from_latest": name == ACTIVE})
        run(env)
        asked = [target.rsplit("/", 1)[-1] for method, target in env.app.world.calls if method == "start_exclude"]
        assert asked == [ACTIVE]
        env.run(hours=1)
        assert excluded(env) == {FIRST: True, SECOND: True, ACTIVE: False, NEXT: True}
        assert_at_rest(env)

    def test_a_version_activated_during_the_run_is_not_excluded_from_latest(self) -> None:
        env = shelf(staged=Source.GALLERY)
        app = env.app
        switch = partial(lifecycle.activate, version=NEXT, task="t-1", now=app.now, backup=True, force=False)

        def activated() -> None:
            change_versions(app.services, IMAGE, switch)
            app.services.gallery.start_exclude(DEFINITION_ID, NEXT, excluded=False)

        app.world.resumes_needed = 0
        app.world.meanwhile("versions", activated)
        run(env)
        assert excluded(env) == {FIRST: True, SECOND: True, ACTIVE: True, NEXT: False}

    def test_an_unrecorded_change_is_recorded_within_days(self) -> None:
        for days, text in ((0, False), (6, True), (8, False)):
            env = shelf()
            app = env.app
            app.tables.tasks.failures["add"] = [BUSY]
            stage_version(app.services, IMAGE, StageRequest(version=NEXT), "ann", ALL_ACCOUNTS)
            app.now += UNRECORDED_LIMIT / 2 + timedelta(days=days)
            assert timedelta(days=6) < RECENT < timedelta(days=8)
            run(env)
            assert (tasks(env) == [(TaskKind.STAGE, NEXT, "ann")]) is text, days

    def test_a_recorded_change_is_not_recorded_twice(self) -> None:
        env = shelf()
        stage_version(env.app.services, IMAGE, StageRequest(version=NEXT), "ann", ALL_ACCOUNTS)
        write_change_record(env.app.services, row_of(env, NEXT))
        env.run(hours=1)
        assert len(tasks(env)) == len(audited(env)) == 1
