"""Retention: what nobody needs goes, and nothing that anybody uses."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from shared.core.states import VersionState
from shared.images.retention import tidy
from shared.models.images import Retention, Source
from shared.models.tasks import TaskKind
from shared.records.versions import change_versions
from shared.services import POOLS
from shared.versions import lifecycle, removal_rules
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, assert_at_rest, post, recorded
from tests.fixtures.scenarios.versions import (
    ACTIVE,
    FIRST,
    NEXT,
    NONE,
    ONE,
    SECOND,
    add_pool,
    audited,
    in_gallery,
    row_of,
    shelf,
    tasks,
    with_linux,
)
from tests.fixtures.world.azure import DEFINITION_ID

V = VersionState


def run(env: Environment) -> list[str]:
    return tidy(env.app.services)


def reimage(env: Environment, host: str, version: str) -> None:
    env.app.world.recreate(host, version)


class TestWhatGoes:
    """Backups beyond the limits, and those that nobody wanted."""

    def test_a_backup_beyond_both_limits_is_removed_and_audited(self) -> None:
        env = shelf(ACTIVE, retention=ONE)
        assert run(env) == []
        assert (row_of(env, FIRST).deleting, row_of(env, SECOND).deleting) == (True, False)
        env.run(hours=1)
        assert in_gallery(env) == {SECOND, ACTIVE, NEXT}
        assert row_of(env, FIRST).state is V.DELETED
        assert tasks(env) == [(TaskKind.REMOVE, FIRST, "retention")]
        assert audited(env) == [("retention", "remove version", FIRST, "")]
        assert_at_rest(env)

    @pytest.mark.parametrize("retention", [Retention(), Retention(backups=0, days=61), Retention(backups=2, days=0)])
    def test_a_backup_within_one_limit_stays(self, retention: Retention) -> None:
        env = shelf(ACTIVE, retention=retention)
        env.run(hours=1)
        assert FIRST in in_gallery(env)
        assert tasks(env) == []
        assert env.app.world.count("session_hosts") == 0

    def test_an_old_version_without_backup_is_removed_when_no_host_uses_it(self) -> None:
        env = shelf(ACTIVE, ACTIVE, staged=Source.GALLERY)
        app = env.app
        assert post(env, "/activate", {"backup": False}).status == 202
        app.tables.pools.replace(app.tables.pools.all(POOLS)[0].model_copy(update={"version": NEXT}))
        reimage(env, "office-0", NEXT)
        env.run(hours=2)
        row = row_of(env, ACTIVE)
        assert (row.state, row.deleting) == (V.REPLACED, False)
        assert row.note == "is kept because it is used by host office-1 of pool office"
        reimage(env, "office-1", NEXT)
        env.run(hours=1)
        assert row_of(env, ACTIVE).state is V.DELETED
        assert ACTIVE not in in_gallery(env)
        assert app.world.violations == []

    def test_a_version_active_a_moment_ago_stays_for_hosts_being_created(self) -> None:
        env = shelf(staged=Source.GALLERY)
        env.app.tables.pools.remove(env.app.tables.pools.all(POOLS)[0])
        assert post(env, "/activate", {"backup": False}).status == 202
        env.app.now += removal_rules.SETTLING - timedelta(seconds=1)
        run(env)
        assert not row_of(env, ACTIVE).deleting
        env.app.now += timedelta(seconds=1)
        run(env)
        assert row_of(env, ACTIVE).deleting

    def test_a_version_deleted_by_somebody_else_is_recorded_as_deleted(self) -> None:
        env = shelf(ACTIVE, retention=ONE)
        del env.app.world.versions[DEFINITION_ID.lower()][FIRST]
        assert run(env) == [f"{IMAGE} {FIRST}"]
        assert env.app.world.count("start_removal") == 0


class TestUse:
    """Nothing that is used goes."""

    def test_a_version_in_use_is_not_fenced_and_this_is_noted_once(self) -> None:
        env = shelf(ACTIVE, FIRST, retention=NONE)
        run(env)
        assert (row_of(env, FIRST).deleting, row_of(env, SECOND).deleting) == (False, True)
        assert row_of(env, FIRST).note == "is kept because it is used by host office-1 of pool office"
        env.run(hours=1)
        before = recorded(env)
        run(env)
        assert recorded(env) == before
        assert post(env, "/roll-back", {"version": FIRST}).status == 202
        assert row_of(env, FIRST).note == ""

    def test_an_unreadable_pool_keeps_every_version(self) -> None:
        env = shelf(ACTIVE, retention=NONE)
        env.app.world.refuse("machines")
        env.run(hours=1)
        assert in_gallery(env) == {FIRST, SECOND, ACTIVE, NEXT}
        env.app.world.faults.clear()
        env.run(hours=1)
        assert in_gallery(env) == {ACTIVE, NEXT}

    def test_a_version_that_comes_into_use_after_the_fence_is_kept(self) -> None:
        env = shelf(ACTIVE, retention=ONE)
        versions = env.app.tables.versions
        real = versions._write

        def fenced(*given: object) -> object:
            versions._write = real  # type: ignore[method-assign]
            answer = real(*given)  # type: ignore[arg-type]
            add_pool(env.app, "lab", FIRST)
            return answer

        versions._write = fenced  # type: ignore[method-assign,assignment]
        run(env)
        assert (row_of(env, FIRST).deleting, row_of(env, FIRST).note) == (
            False, "is kept because it is used by pool lab",
        )  # fmt: skip
        assert env.app.world.count("start_removal") == 0

    def test_a_version_that_is_rolled_back_to_meanwhile_is_kept(self) -> None:
        env = shelf(ACTIVE, retention=NONE)
        app = env.app
        back = partial(lifecycle.roll_back, version=FIRST, task="t-1", now=app.now)
        app.world.meanwhile("session_hosts", lambda: change_versions(app.services, IMAGE, back))
        run(env)
        assert recorded(env).state.active == FIRST
        assert row_of(env, SECOND).deleting
        env.run(hours=1)
        assert FIRST in in_gallery(env)

    def test_each_pool_is_read_once_for_all_versions_of_all_images(self) -> None:
        env = with_linux()
        run(env)
        assert env.app.world.count("session_hosts") == env.app.world.count("machines") == 2
        assert env.app.world.count("start_removal") == 3
