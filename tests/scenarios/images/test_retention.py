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
from tests.fixtures.engine import Play
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


def run(play: Play) -> list[str]:
    return tidy(play.app.services)


def reimage(play: Play, host: str, version: str) -> None:
    play.app.world.recreate(host, version)


class TestWhatGoes:
    """Backups beyond the limits, and those that nobody wanted."""

    def test_what_is_beyond_both_limits_goes_and_is_told(self) -> None:
        play = shelf(ACTIVE, retention=ONE)
        assert run(play) == []
        assert (row_of(play, FIRST).deleting, row_of(play, SECOND).deleting) == (True, False)
        play.run(hours=1)
        assert in_gallery(play) == {SECOND, ACTIVE, NEXT}
        assert row_of(play, FIRST).state is V.DELETED
        assert tasks(play) == [(TaskKind.REMOVE, FIRST, "retention")]
        assert audited(play) == [("retention", "remove version", FIRST, "")]
        assert_at_rest(play)

    @pytest.mark.parametrize("retention", [Retention(), Retention(backups=0, days=61), Retention(backups=2, days=0)])
    def test_what_is_within_one_of_them_stays(self, retention: Retention) -> None:
        play = shelf(ACTIVE, retention=retention)
        play.run(hours=1)
        assert FIRST in in_gallery(play)
        assert tasks(play) == []
        assert play.app.world.count("session_hosts") == 0

    def test_without_a_backup_the_old_version_goes_when_its_last_host_has_left_it(self) -> None:
        play = shelf(ACTIVE, ACTIVE, staged=Source.GALLERY)
        app = play.app
        assert post(play, "/activate", {"backup": False}).status == 202
        app.tables.pools.replace(app.tables.pools.all(POOLS)[0].model_copy(update={"version": NEXT}))
        reimage(play, "office-0", NEXT)
        play.run(hours=2)
        row = row_of(play, ACTIVE)
        assert (row.state, row.unwanted, row.deleting) == (V.BACKUP, True, False)
        assert row.note == "is kept because it is used by host office-1 of pool office"
        reimage(play, "office-1", NEXT)
        play.run(hours=1)
        assert row_of(play, ACTIVE).state is V.DELETED
        assert ACTIVE not in in_gallery(play)
        assert app.world.violations == []

    def test_what_was_active_a_moment_ago_stays_for_the_hosts_in_the_making(self) -> None:
        play = shelf(staged=Source.GALLERY)
        play.app.tables.pools.remove(play.app.tables.pools.all(POOLS)[0])
        assert post(play, "/activate", {"backup": False}).status == 202
        play.app.now += removal_rules.SETTLING - timedelta(seconds=1)
        run(play)
        assert not row_of(play, ACTIVE).deleting
        play.app.now += timedelta(seconds=1)
        run(play)
        assert row_of(play, ACTIVE).deleting

    def test_what_somebody_else_took_out_of_the_gallery_is_recorded_as_gone(self) -> None:
        play = shelf(ACTIVE, retention=ONE)
        del play.app.world.versions[DEFINITION_ID.lower()][FIRST]
        assert run(play) == [f"{IMAGE} {FIRST}"]
        assert play.app.world.count("start_removal") == 0


class TestUse:
    """Nothing that is used goes."""

    def test_what_is_used_is_not_even_fenced_and_that_is_noted_once(self) -> None:
        play = shelf(ACTIVE, FIRST, retention=NONE)
        run(play)
        assert (row_of(play, FIRST).deleting, row_of(play, SECOND).deleting) == (False, True)
        assert row_of(play, FIRST).note == "is kept because it is used by host office-1 of pool office"
        play.run(hours=1)
        before = recorded(play)
        run(play)
        assert recorded(play) == before
        assert post(play, "/roll-back", {"version": FIRST}).status == 202
        assert row_of(play, FIRST).note == ""

    def test_a_pool_that_cannot_be_read_keeps_everything(self) -> None:
        play = shelf(ACTIVE, retention=NONE)
        play.app.world.refuse("machines")
        play.run(hours=1)
        assert in_gallery(play) == {FIRST, SECOND, ACTIVE, NEXT}
        play.app.world.faults.clear()
        play.run(hours=1)
        assert in_gallery(play) == {ACTIVE, NEXT}

    def test_who_begins_to_use_it_after_the_fence_keeps_it(self) -> None:
        play = shelf(ACTIVE, retention=ONE)
        versions = play.app.tables.versions
        real = versions._write

        def fenced(*given: object) -> object:
            versions._write = real  # type: ignore[method-assign]
            answer = real(*given)  # type: ignore[arg-type]
            add_pool(play.app, "lab", FIRST)
            return answer

        versions._write = fenced  # type: ignore[method-assign,assignment]
        run(play)
        assert (row_of(play, FIRST).deleting, row_of(play, FIRST).note) == (
            False, "is kept because it is used by pool lab",
        )  # fmt: skip
        assert play.app.world.count("start_removal") == 0

    def test_one_that_is_rolled_back_to_meanwhile_is_left_alone(self) -> None:
        play = shelf(ACTIVE, retention=NONE)
        app = play.app
        back = partial(lifecycle.roll_back, version=FIRST, task="t-1", now=app.now)
        app.world.meanwhile("session_hosts", lambda: change_versions(app.services, IMAGE, back))
        run(play)
        assert recorded(play).state.active == FIRST
        assert row_of(play, SECOND).deleting
        play.run(hours=1)
        assert FIRST in in_gallery(play)

    def test_one_look_serves_all_versions_of_all_images(self) -> None:
        play = with_linux()
        run(play)
        assert play.app.world.count("session_hosts") == play.app.world.count("machines") == 2
        assert play.app.world.count("start_removal") == 3
