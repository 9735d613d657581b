"""What came of testing a staged version: recorded with author and note, told, and heeded by an activation."""

from __future__ import annotations

from functools import partial

import pytest

from shared.api.images import VerdictRequest, VersionView
from shared.core.errors import AzureBusy, Conflict, NotFound
from shared.images.staging import give_verdict
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.images import Source
from shared.models.tasks import TaskKind
from shared.services import TASKS
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, assert_at_rest, post
from tests.fixtures.scenarios.versions import ACTIVE, FIRST, NEXT, add_pool, audited, row_of, shelf, tasks


def judge(env: Environment, result: str, note: str = "", *, version: str = NEXT, who: str = "ann") -> VersionView:
    asked = VerdictRequest.model_validate({"result": result, "note": note})
    return give_verdict(env.app.services, env.app.engine, IMAGE, version, asked, who, ALL_ACCOUNTS)


def test_a_test_result_is_recorded_with_its_author_and_audited() -> None:
    env = shelf(staged=Source.GALLERY)
    add_pool(env.app, "lab", NEXT)
    view = judge(env, "passed", "all apps start")
    assert view.verdict is not None
    assert (view.verdict.result, view.verdict.note, view.verdict.by, view.verdict.at) == (
        "passed", "all apps start", "ann", env.app.now,
    )  # fmt: skip
    assert (view.in_gallery, view.used_by) == (True, ["lab"])
    assert row_of(env, NEXT).verdict == view.verdict
    assert tasks(env) == [(TaskKind.VERDICT, NEXT, "ann")]
    assert audited(env) == [("ann", "give verdict", "", "passed")]
    assert "passed its test: “all apps start”" in str(env.app.tables.tasks.all(TASKS)[0].note)
    assert_at_rest(env)


def test_a_later_test_result_replaces_an_earlier_one() -> None:
    env = shelf(staged=Source.CAPTURE)
    judge(env, "failed", "no sound")
    env.app.later(minutes=1)
    judge(env, "passed", who="bob")
    verdict = row_of(env, NEXT).verdict
    assert verdict
    assert (verdict.result, verdict.note, verdict.by) == ("passed", "", "bob")
    assert audited(env) == [("ann", "give verdict", "", "failed"), ("bob", "give verdict", "failed", "passed")]
    assert len(tasks(env)) == 2


def test_a_version_that_failed_its_test_is_activated_only_with_force() -> None:
    env = shelf(staged=Source.GALLERY)
    judge(env, "failed")
    refused = post(env, "/activate")
    assert (refused.status, "force: true" in refused.json["detail"]) == (409, True)
    assert post(env, "/activate", {"force": True}).status == 202


def test_a_version_without_a_record_gets_no_test_result() -> None:
    env = shelf()
    with pytest.raises(Conflict, match=r"is not staged\. Stage it first"):
        judge(env, "passed", version=NEXT)
    with pytest.raises(NotFound):
        give_verdict(
            env.app.services, env.app.engine, "other", NEXT, VerdictRequest(result="passed"), "ann", ALL_ACCOUNTS
        )
    assert tasks(env) == []


def test_a_test_result_is_not_recorded_while_azure_is_busy() -> None:
    env = shelf(staged=Source.GALLERY)
    env.app.world.fail("version", AzureBusy("version", 429, "TooMany", "later"))
    with pytest.raises(AzureBusy):
        judge(env, "passed")
    assert row_of(env, NEXT).verdict is None
    del env.app.world.versions[next(iter(env.app.world.versions))][NEXT]
    assert judge(env, "failed").in_gallery is False


@pytest.mark.parametrize("version", [NEXT, ACTIVE, FIRST])
def test_the_process_may_die_at_any_call(version: str) -> None:
    died, call = True, 0
    while died:
        call += 1
        env = shelf(staged=Source.GALLERY)
        env.die_at_call(call)
        died = not env.survive(partial(judge, env, "failed", "no sound", version=version))
        if row_of(env, version).verdict is None:
            judge(env, "failed", "no sound", version=version)
        env.run(hours=1)
        assert tasks(env) == [(TaskKind.VERDICT, version, "ann")], call
        assert set(audited(env)) == {("ann", "give verdict", "", "failed")}, call
        assert_at_rest(env)
    assert call > 4
