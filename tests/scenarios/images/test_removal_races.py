"""Removals while others begin to use a version, while Azure is difficult, and while the process dies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from shared.api.images import VersionView
from shared.core.errors import AzureBusy, AzureConflict, AzureForbidden, Conflict, FreshcoatError, OperationFailed
from shared.core.states import PromotionState, RolloutState, VersionState
from shared.images.promotions.due import run_due
from shared.images.removal import remove_version
from shared.images.retention import tidy
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.images import Source
from shared.models.pools import Ring
from shared.models.tasks import TaskKind
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.app import update
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, assert_at_rest, assert_sound, recorded
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

V = VersionState
GO_BACK = {"version": FIRST, "allow_downgrade": True}
BUSY = AzureBusy("call", 503, "Busy", "later")
CONFLICT = AzureConflict("call", 409, "OperationNotAllowed", "Another operation is under way.")
FORBIDDEN = AzureForbidden("call", 403, "AuthorizationFailed", "no right")
BROKEN = OperationFailed("call", 200, "InternalError", "it broke")


def remove(env: Environment, version: str, who: str = "ann") -> tuple[VersionView, bool]:
    return remove_version(env.app.services, env.app.engine, IMAGE, version, who, ALL_ACCOUNTS)


def once(owner: Any, method: str, *, before: Callable[[], object] | None = None, after: Any = None) -> None:
    """Have something happen right before, or right after, the next call of a table's method."""
    real = getattr(owner, method)

    def hooked(*given: Any) -> Any:
        setattr(owner, method, real)
        if before:
            before()
        answer = real(*given)
        if after:
            after()
        return answer

    setattr(owner, method, hooked)


class TestWhoBeginsToUseIt:
    """Of a removal and a user at the same time at least one sees the other."""

    def test_an_update_that_was_checked_before_the_fence_is_refused(self) -> None:
        env = shelf(SECOND)
        once(env.app.tables.pools, "_write", before=lambda: remove(env, FIRST))
        reply = update(env.app, GO_BACK)
        assert (reply.status, "is being removed" in reply.json["detail"]) == (409, True)
        assert row_of(env, FIRST).deleting
        pool, rollout = env.app.tables.pools.all(POOLS)[0], env.app.tables.rollouts.all(ROLLOUTS)[0]
        assert (pool.running_rollout, rollout.state) == ("", RolloutState.FAILED)
        assert env.app.engine.rollouts == set()

    def test_an_update_that_has_claimed_its_pool_is_seen(self) -> None:
        env = shelf(SECOND)
        refusals: list[str] = []

        def try_to_remove() -> None:
            with pytest.raises(Conflict) as refused:
                remove(env, FIRST)
            refusals.append(str(refused.value))

        once(env.app.tables.rollouts, "_write", before=try_to_remove)
        assert update(env.app, GO_BACK).status == 202
        assert "pool office, which is about to be updated" in refusals[0]
        assert not row_of(env, FIRST).deleting

    def test_a_fenced_version_that_comes_into_use_becomes_a_backup_again(self) -> None:
        env = shelf(ACTIVE)
        once(env.app.tables.versions, "_write", after=lambda: add_pool(env.app, "lab", FIRST))
        with pytest.raises(Conflict, match=r"1\.0\.0 is kept because it is used by pool lab"):
            remove(env, FIRST)
        row = row_of(env, FIRST)
        assert (row.state, row.deleting, row.removal_by) == (V.BACKUP, False, "")
        assert env.app.world.count("start_removal") == 0
        assert tasks(env) == []

    def test_a_discarded_version_is_removed_when_nobody_uses_it_any_more(self) -> None:
        env = shelf(ACTIVE, staged=Source.CAPTURE)
        once(env.app.tables.versions, "_write", after=lambda: add_pool(env.app, "lab", NEXT, ring=Ring.TEST))
        view, leaves = remove(env, NEXT)
        assert (view.state, view.detail, leaves) == (V.DISCARDED, "is kept because it is used by pool lab", True)
        env.run(hours=1)
        assert NEXT in in_gallery(env)
        pool = env.app.tables.pools.find(POOLS, "lab")
        assert pool
        env.app.tables.pools.replace(pool.model_copy(update={"version": ACTIVE}))
        env.run(hours=1)
        assert NEXT not in in_gallery(env)

    def test_a_version_whose_deletion_started_does_not_become_a_backup_again(self) -> None:
        env = shelf(ACTIVE)
        env.app.world.resumes_needed = 3
        remove(env, FIRST)
        add_pool(env.app, "lab", FIRST)
        assert tidy(env.app.services) == []
        assert row_of(env, FIRST).deleting
        env.run(hours=1)
        assert row_of(env, FIRST).state is V.DELETED

    def test_two_concurrent_removals_delete_a_version_once(self) -> None:
        env = shelf(ACTIVE)
        once(env.app.tables.versions, "_write", before=lambda: remove(env, FIRST, "bob"))
        assert remove(env, FIRST)[1]
        env.run(hours=1)
        assert tasks(env) == [(TaskKind.REMOVE, FIRST, "bob")]


class TestAzure:
    """What Azure may answer to the deletion."""

    @pytest.mark.parametrize("error", [FORBIDDEN, BROKEN])
    def test_a_backup_that_azure_refuses_to_delete_stays_a_backup(self, error: FreshcoatError) -> None:
        env = shelf(ACTIVE)
        env.app.world.fail("start_removal", error)
        with pytest.raises(Conflict, match="is kept because Azure refused to delete it: call"):
            remove(env, FIRST)
        assert [backup.version for backup in recorded(env).backups] == [SECOND, FIRST]
        assert remove(env, FIRST)[1]

    @pytest.mark.parametrize("error", [BUSY, CONFLICT])
    def test_a_deletion_that_may_have_started_keeps_the_fence_and_retention_continues_it(
        self, error: FreshcoatError
    ) -> None:
        env = shelf(ACTIVE)
        env.app.world.fail("start_removal", error)
        view, leaves = remove(env, FIRST)
        assert (view.state, leaves, row_of(env, FIRST).deleting) == (V.BACKUP, True, True)
        env.run(hours=1)
        assert row_of(env, FIRST).state is V.DELETED

    @pytest.mark.parametrize("error", [BUSY, FORBIDDEN])
    def test_a_discard_is_kept_whatever_azure_answers(self, error: FreshcoatError) -> None:
        env = shelf(ACTIVE, staged=Source.CAPTURE)
        env.app.world.fail("start_removal", error, times=2)
        view, leaves = remove(env, NEXT)
        assert (view.state, leaves) == (V.DISCARDED, True)
        env.run(hours=1)
        assert NEXT not in in_gallery(env)
        assert tasks(env) == [(TaskKind.DISCARD, NEXT, "ann"), (TaskKind.REMOVE, NEXT, "ann")]

    def test_a_deletion_that_fails_is_started_again(self) -> None:
        env = shelf(ACTIVE)
        env.app.world.fail_operation("remove_version", BROKEN)
        remove(env, FIRST)
        env.run(hours=1)
        assert row_of(env, FIRST).state is V.DELETED
        assert not env.app.world.operation_faults, "the first deletion did not fail"
        assert env.app.world.count("start_removal") > 1

    def test_a_repeated_request_continues_the_removal(self) -> None:
        env = shelf(ACTIVE)
        env.app.world.resumes_needed = 3
        assert [remove(env, FIRST)[1] for _ in range(3)] == [True, True, False]
        assert tasks(env) == [(TaskKind.REMOVE, FIRST, "ann")]

    def test_a_write_with_a_lost_response_is_recognised_as_our_own(self) -> None:
        env = shelf(ACTIVE, staged=Source.CAPTURE)
        env.app.world.resumes_needed = 0
        env.app.tables.versions.lost_answers["write_many"] = [BUSY, BUSY]
        assert remove(env, NEXT)[1] is False
        assert set(tasks(env)) == {(TaskKind.DISCARD, NEXT, "ann"), (TaskKind.REMOVE, NEXT, "ann")}


@pytest.mark.parametrize("version", [NEXT, FIRST])
def test_the_process_may_die_at_any_call(version: str) -> None:
    """A discard with a promotion, and the removal of a backup; the timers bring it to its end."""
    died, call = True, 0
    while died:
        call += 1
        env = shelf(ACTIVE, staged=Source.CAPTURE, promotion=True)
        app = env.app
        env.timers.append(partial(run_due, app.services, app.engine))
        env.die_at_call(call)
        died = not env.survive(partial(remove, env, version))
        assert_sound(env)
        if row_of(env, version).state in {V.STAGED, V.BACKUP} and not row_of(env, version).deleting:
            remove(env, version)
        env.run(hours=1)
        assert version not in in_gallery(env), call
        assert row_of(env, version).state is (V.DISCARDED if version == NEXT else V.DELETED)
        text = [(TaskKind.REMOVE, version, "ann")]
        if version == NEXT:
            text.insert(0, (TaskKind.DISCARD, version, "ann"))
            assert promotion_state(env)[0] is PromotionState.CANCELLED
        assert sorted(tasks(env)) == sorted(text), call
        assert {entry[:3] for entry in audited(env)} >= {("ann", "remove version", version)}
        assert_at_rest(env)
    assert call > 8
