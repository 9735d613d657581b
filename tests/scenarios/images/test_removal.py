"""Discarding a staged version and removing a backup: refused while it is used, fenced before it goes."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.images import VersionView
from shared.core.codes import Code
from shared.core.errors import AzureBusy, Conflict, NotFound
from shared.core.states import PromotionState, VersionState
from shared.images.removal import remove_version
from shared.images.retention import tidy
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.images import Source
from shared.models.pools import Ring
from shared.models.tasks import TaskKind
from shared.records.versions import change_versions
from shared.services import POOLS
from shared.versions import lifecycle, removal_rules
from tests.fixtures.app import update
from tests.fixtures.engine import Environment
from tests.fixtures.messages import told
from tests.fixtures.scenarios.images import IMAGE, assert_at_rest, post, recorded
from tests.fixtures.scenarios.versions import (
    ACTIVE,
    FIRST,
    NEXT,
    SECOND,
    add_pool,
    audited,
    in_gallery,
    promotion_state,
    row_of,
    shelf,
    tasks,
)
from tests.fixtures.version_sets import record_family, version_row
from tests.fixtures.world.azure import DEFINITION_ID

V = VersionState
BUSY = AzureBusy("call", 503, "Busy", "later")


def remove(env: Environment, version: str) -> tuple[VersionView, bool]:
    return remove_version(env.app.services, env.app.engine, IMAGE, version, "ann", ALL_ACCOUNTS)


def written(env: Environment) -> Any:
    """Everything that is recorded of the versions, and by which write."""
    return recorded(env).state, dict(recorded(env).versions)


class TestDiscard:
    """A staged version that will not be used."""

    def test_discarding_a_captured_version_also_deletes_it_from_the_gallery(self) -> None:
        env = shelf(ACTIVE, staged=Source.CAPTURE)
        view, leaves = remove(env, NEXT)
        assert (view.state, view.detail, leaves) == (V.DISCARDED, removal_rules.BEING_REMOVED, True)
        assert recorded(env).state.staged is None
        env.run(hours=1)
        assert in_gallery(env) == {FIRST, SECOND, ACTIVE}
        assert (row_of(env, NEXT).state, row_of(env, NEXT).deleting) == (V.DISCARDED, False)
        assert tasks(env) == [(TaskKind.DISCARD, NEXT, "ann"), (TaskKind.REMOVE, NEXT, "ann")]
        assert audited(env) == [("ann", "discard version", NEXT, ""), ("ann", "remove version", NEXT, "")]
        assert_at_rest(env)

    def test_discarding_a_foreign_version_keeps_it_in_the_gallery(self) -> None:
        env = shelf(ACTIVE, staged=Source.GALLERY)
        view, leaves = remove(env, NEXT)
        assert (view.state, view.detail, leaves) == (V.DISCARDED, removal_rules.WAS_KEPT, False)
        assert (view.in_gallery, view.excluded_from_latest) == (True, True)
        env.run(hours=1)
        assert NEXT in in_gallery(env)
        assert tasks(env) == [(TaskKind.DISCARD, NEXT, "ann")]
        assert post(env, "/stage", {"version": NEXT}).status == 200
        assert_at_rest(env)

    def test_discarding_a_version_cancels_its_promotion(self) -> None:
        env = shelf(staged=Source.GALLERY, promotion=True)
        remove(env, NEXT)
        assert recorded(env).state.promotion == ""
        assert promotion_state(env) == (
            PromotionState.CANCELLED,
            told("Version 4.0.0 was discarded by ann.", Code.VERSION_DISCARDED),
        )
        assert {entry[:2] for entry in audited(env)} == {("ann", "cancel promotion"), ("ann", "discard version")}

    def test_a_promotion_that_cannot_be_written_does_not_block_the_discard(self) -> None:
        env = shelf(staged=Source.GALLERY, promotion=True)
        env.app.tables.promotions.failures["replace"] = [BUSY]
        remove(env, NEXT)
        assert promotion_state(env)[0] is PromotionState.SCHEDULED
        assert recorded(env).state.promotion == ""
        assert tasks(env) == [(TaskKind.DISCARD, NEXT, "ann")]

    @pytest.mark.parametrize("source", Source)
    def test_a_version_in_use_is_not_discarded(self, source: Source) -> None:
        env = shelf(ACTIVE, NEXT, staged=source, promotion=True)
        add_pool(env.app, "lab", NEXT, ring=Ring.TEST)
        before = written(env)
        with pytest.raises(Conflict, match="used by pool lab, host office-1 of pool office"):
            remove(env, NEXT)
        assert written(env) == before
        assert promotion_state(env)[0] is PromotionState.SCHEDULED
        assert env.app.world.count("start_removal") == 0


class TestBackup:
    """A backup that an operator does not want to keep."""

    def test_a_backup_is_fenced_and_then_deleted(self) -> None:
        env = shelf(ACTIVE)
        seen: list[bool] = []
        env.app.world.meanwhile("start_removal", lambda: seen.append(row_of(env, FIRST).deleting))
        view, leaves = remove(env, FIRST)
        assert seen == [True]
        assert (view.state, view.detail, view.in_gallery, leaves) == (V.BACKUP, removal_rules.BEING_REMOVED, True, True)
        refused = post(env, "/roll-back", {"version": FIRST})
        assert (refused.status, "being removed" in refused.json["detail"]) == (409, True)
        assert update(env.app, {"version": FIRST, "allow_downgrade": True}).status == 422
        assert tidy(env.app.services) == [f"{IMAGE} {FIRST}"]
        assert (row_of(env, FIRST).state, row_of(env, FIRST).ended_at) == (V.DELETED, env.app.now)
        assert in_gallery(env) == {SECOND, ACTIVE, NEXT}
        assert tasks(env) == [(TaskKind.REMOVE, FIRST, "ann")]
        assert audited(env) == [("ann", "remove version", FIRST, "")]
        assert_at_rest(env)

    def test_a_backup_that_azure_deletes_synchronously_is_recorded_as_deleted(self) -> None:
        env = shelf(ACTIVE)
        env.app.world.resumes_needed = 0
        view, leaves = remove(env, FIRST)
        assert (view.state, view.in_gallery, leaves) == (V.DELETED, False, False)
        assert tasks(env) == [(TaskKind.REMOVE, FIRST, "ann")]

    def test_a_backup_missing_in_the_gallery_is_recorded_as_deleted(self) -> None:
        env = shelf(ACTIVE)
        del env.app.world.versions[DEFINITION_ID.lower()][FIRST]
        view, leaves = remove(env, FIRST)
        assert (view.state, leaves) == (V.DELETED, False)
        assert env.app.world.count("start_removal") == 0

    def test_a_backup_in_use_is_not_removed(self) -> None:
        env = shelf(ACTIVE, FIRST)
        before = written(env)
        with pytest.raises(Conflict, match="used by host office-1 of pool office"):
            remove(env, FIRST)
        assert written(env) == before

    def test_a_backup_that_may_be_in_use_is_not_removed(self) -> None:
        env = shelf(ACTIVE)
        env.app.world.refuse("session_hosts")
        with pytest.raises(Conflict, match="whose hosts could not be read"):
            remove(env, FIRST)
        assert not row_of(env, FIRST).deleting

    def test_a_version_active_a_moment_ago_is_not_removed(self) -> None:
        env = shelf()
        app = env.app
        app.tables.pools.remove(app.tables.pools.all(POOLS)[0])
        change_versions(app.services, IMAGE, lambda f: lifecycle.roll_back(f, None, task="t", now=app.now))
        with pytest.raises(Conflict, match="in the making"):
            remove(env, ACTIVE)
        app.now += removal_rules.SETTLING
        assert remove(env, ACTIVE)[1]


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (ACTIVE, "is active. Activate another"),
        ("5.0.0", "is being created. Cancel task t-5"),
        ("6.0.0", "was never created"),
        ("7.0.0", "was deleted already"),
        ("8.0.0", r"was discarded already; it was kept in the gallery"),
        ("9.0.0", r"was discarded already; it was removed from the gallery"),
        (NEXT, "in the gallery but was never staged"),
    ],
)
def test_a_version_in_another_state_is_not_removed(version: str, says: str) -> None:
    env = shelf(ACTIVE)
    others = [
        version_row("5.0.0", V.CAPTURING, task="t-5"),
        version_row("6.0.0", V.FAILED),
        version_row("7.0.0", V.DELETED),
        version_row("8.0.0", V.DISCARDED, note=removal_rules.WAS_KEPT),
        version_row("9.0.0", V.DISCARDED, source=Source.CAPTURE),
    ]
    record_family(env.app.tables.versions, recorded(env).changed(*others, capture="t-5"))
    before = written(env)
    with pytest.raises(Conflict, match=says) as refused:
        remove(env, version)
    assert refused.value.task == ("t-5" if version == "5.0.0" else None)
    assert written(env) == before
    assert env.app.world.count("start_removal") == 0


def test_an_unknown_version_is_404() -> None:
    env = shelf()
    with pytest.raises(NotFound, match=r"no version called 12\.0\.0"):
        remove(env, "12.0.0")
    with pytest.raises(NotFound):
        remove_version(env.app.services, env.app.engine, "other", FIRST, "ann", ALL_ACCOUNTS)
