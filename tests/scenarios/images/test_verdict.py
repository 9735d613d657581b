"""What came of testing a staged version: recorded with author and note, told, and heeded by an activation."""

from __future__ import annotations

from functools import partial

import pytest

from shared.api.images import VerdictRequest, VersionView
from shared.core.errors import AzureBusy, Conflict, NotFound
from shared.images.staging import give_verdict
from shared.models.images import Source
from shared.models.tasks import TaskKind
from shared.services import TASKS
from tests.fixtures.engine import Play
from tests.fixtures.scenarios.images import IMAGE, assert_at_rest, post
from tests.fixtures.scenarios.versions import ACTIVE, FIRST, NEXT, add_pool, audited, row_of, shelf, tasks


def judge(play: Play, result: str, note: str = "", *, version: str = NEXT, who: str = "ann") -> VersionView:
    asked = VerdictRequest.model_validate({"result": result, "note": note})
    return give_verdict(play.app.services, IMAGE, version, asked, who)


def test_a_verdict_is_kept_with_its_author_and_told() -> None:
    play = shelf(staged=Source.GALLERY)
    add_pool(play.app, "lab", NEXT)
    view = judge(play, "passed", "all apps start")
    assert view.verdict is not None
    assert (view.verdict.result, view.verdict.note, view.verdict.by, view.verdict.at) == (
        "passed", "all apps start", "ann", play.app.now,
    )  # fmt: skip
    assert (view.in_gallery, view.used_by) == (True, ["lab"])
    assert row_of(play, NEXT).verdict == view.verdict
    assert tasks(play) == [(TaskKind.VERDICT, NEXT, "ann")]
    assert audited(play) == [("ann", "give verdict", "", "passed")]
    assert "passed its test: “all apps start”" in str(play.app.tables.tasks.all(TASKS)[0].note)
    assert_at_rest(play)


def test_a_later_verdict_takes_the_place_of_an_earlier_one() -> None:
    play = shelf(staged=Source.CAPTURE)
    judge(play, "failed", "no sound")
    play.app.later(minutes=1)
    judge(play, "passed", who="bob")
    verdict = row_of(play, NEXT).verdict
    assert verdict
    assert (verdict.result, verdict.note, verdict.by) == ("passed", "", "bob")
    assert audited(play) == [("ann", "give verdict", "", "failed"), ("bob", "give verdict", "failed", "passed")]
    assert len(tasks(play)) == 2


def test_a_version_that_has_failed_is_activated_only_when_that_is_forced() -> None:
    play = shelf(staged=Source.GALLERY)
    judge(play, "failed")
    refused = post(play, "/activate")
    assert (refused.status, "force: true" in refused.json["detail"]) == (409, True)
    assert post(play, "/activate", {"force": True}).status == 202


def test_only_a_staged_version_is_judged() -> None:
    play = shelf()
    for version, says in ((ACTIVE, "is active"), (FIRST, "is a backup"), (NEXT, "is not staged. Stage it first")):
        with pytest.raises(Conflict, match=says):
            judge(play, "passed", version=version)
    with pytest.raises(NotFound):
        give_verdict(play.app.services, "other", NEXT, VerdictRequest(result="passed"), "ann")
    assert tasks(play) == []


def test_it_is_recorded_or_not_whatever_azure_says() -> None:
    play = shelf(staged=Source.GALLERY)
    play.app.world.fail("version", AzureBusy("version", 429, "TooMany", "later"))
    with pytest.raises(AzureBusy):
        judge(play, "passed")
    assert row_of(play, NEXT).verdict is None
    del play.app.world.versions[next(iter(play.app.world.versions))][NEXT]
    assert judge(play, "failed").in_gallery is False


def test_the_process_may_die_at_any_call() -> None:
    died, call = True, 0
    while died:
        call += 1
        play = shelf(staged=Source.GALLERY)
        play.die_at_call(call)
        died = not play.survive(partial(judge, play, "failed", "no sound"))
        if row_of(play, NEXT).verdict is None:
            judge(play, "failed", "no sound")
        play.run(hours=1)
        assert tasks(play) == [(TaskKind.VERDICT, NEXT, "ann")], call
        assert set(audited(play)) == {("ann", "give verdict", "", "failed")}, call
        assert_at_rest(play)
    assert call > 4
