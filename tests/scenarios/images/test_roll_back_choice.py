"""Which version a roll-back takes: the last one that was active, never one that was left or that failed its test."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import VersionState
from shared.models.images import Source
from tests.fixtures.app import Reply
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import assert_at_rest, get, post, recorded, states, studio
from tests.fixtures.scenarios.versions import ACTIVE, FIRST, NEXT, SECOND, row_of, shelf

V = VersionState
FIFTH = "5.0.0"


def active(env: Environment) -> str | None:
    return recorded(env).state.active


def done(env: Environment, path: str, **body: Any) -> None:
    """The request is accepted and its task ends well, an hour before the next one."""
    env.app.later(seconds=1)
    reply = post(env, path, body)
    assert reply.status == 202, reply.text
    assert env.finish(str(reply.json["id"])).state == "succeeded"
    env.app.later(minutes=60)


def judge(env: Environment, version: str, result: str = "failed", **body: Any) -> Reply:
    env.app.later(seconds=1)
    reply = post(env, f"/versions/{version}/verdict", {"result": result, **body})
    assert reply.status == 200, reply.text
    return reply


def with_fourth_and_fifth() -> Environment:
    """4.0.0 was activated after 3.0.0 and rolled back; then 5.0.0 was activated."""
    env = shelf(staged=Source.GALLERY)
    done(env, "/activate")
    done(env, "/roll-back")
    assert active(env) == ACTIVE
    env.app.world.add_version(FIFTH, staged=True)
    assert post(env, "/stage", {"version": FIFTH}).status == 200
    done(env, "/activate")
    return env


def test_a_roll_back_does_not_return_to_a_version_that_was_rolled_back() -> None:
    env = with_fourth_and_fifth()
    assert get(env, "/images/win11")["roll_back_to"] == ACTIVE
    done(env, "/roll-back")
    assert active(env) == ACTIVE
    done(env, "/roll-back")
    assert active(env) == SECOND
    assert_at_rest(env)


def test_a_version_that_was_rolled_back_can_be_named_and_is_the_last_one_again_afterwards() -> None:
    env = with_fourth_and_fifth()
    done(env, "/roll-back", version=NEXT)
    assert active(env) == NEXT
    assert not row_of(env, NEXT).rolled_back
    listed = {it["version"]: it["rolled_back"] for it in get(env, "/images/win11/versions")["items"]}
    assert listed == {FIRST: False, SECOND: False, ACTIVE: False, NEXT: False, FIFTH: True}


def test_a_roll_back_that_was_undone_leaves_the_earlier_version_as_the_last_one() -> None:
    env = shelf()
    done(env, "/roll-back")
    done(env, "/roll-back", version=ACTIVE)
    assert (active(env), get(env, "/images/win11")["roll_back_to"]) == (ACTIVE, SECOND)


def test_the_last_active_version_is_taken_and_not_the_highest() -> None:
    env = shelf(staged=Source.GALLERY)
    done(env, "/roll-back", version=FIRST)
    done(env, "/activate")
    assert get(env, "/images/win11")["roll_back_to"] == FIRST
    done(env, "/roll-back")
    assert active(env) == FIRST


def test_nothing_is_chosen_when_every_other_version_was_rolled_back() -> None:
    env = shelf()
    for _ in range(2):
        done(env, "/roll-back")
    refused = post(env, "/roll-back")
    assert refused.status == 409
    assert f"name it: {ACTIVE}, {SECOND}." in refused.json["detail"]


def test_a_version_that_failed_its_test_is_rolled_back_to_only_with_force() -> None:
    env = shelf()
    judge(env, SECOND)
    assert get(env, "/images/win11")["roll_back_to"] == FIRST
    refused = post(env, "/roll-back", {"version": SECOND})
    assert (refused.status, "Send force: true" in refused.json["detail"]) == (409, True)
    judge(env, FIRST)
    assert get(env, "/images/win11")["roll_back_to"] is None
    refused = post(env, "/roll-back")
    assert (refused.status, f"Version {SECOND} has failed its test" in refused.json["detail"]) == (409, True)
    done(env, "/roll-back", force=True)
    assert active(env) == SECOND


def test_a_better_verdict_offers_the_version_again() -> None:
    env = shelf()
    judge(env, SECOND)
    judge(env, SECOND, "passed")
    assert get(env, "/images/win11")["roll_back_to"] == SECOND


class TestVerdicts:
    """Versions are judged in use, too; a bad verdict on the active one offers the way back."""

    @pytest.mark.parametrize("version", [FIRST, ACTIVE, NEXT])
    @pytest.mark.parametrize("result", ["passed", "failed"])
    def test_a_version_gets_a_verdict_whatever_it_is_used_for(self, version: str, result: str) -> None:
        env = shelf(staged=Source.GALLERY)
        before = states(env)
        assert judge(env, version, result, note="by the help desk").json["verdict"]["result"] == result
        assert states(env) == before
        listed = {it["version"]: it["verdict"] for it in get(env, "/images/win11/versions")["items"]}
        assert listed[version]["note"] == "by the help desk"

    def test_a_failed_verdict_on_the_active_version_offers_the_roll_back(self) -> None:
        env = shelf(staged=Source.GALLERY)
        offer = judge(env, ACTIVE, note="Outlook crashes").json["advice"]
        assert offer["code"] == "roll_back_offered"
        assert f"roll the image back to {SECOND}" in offer["text"]
        assert offer["href"] == "/api/images/win11/roll-back"
        image = get(env, "/images/win11")
        assert (image["advice"], image["current_verdict"]["note"]) == (offer, "Outlook crashes")
        shown = {it["version"]: it["advice"] for it in get(env, "/images/win11/versions")["items"]}
        assert shown == {FIRST: None, SECOND: None, ACTIVE: offer, NEXT: None}
        done(env, "/roll-back")
        assert (active(env), get(env, "/images/win11")["advice"]) == (SECOND, None)

    def test_without_a_backup_the_advice_is_to_activate_another_version(self) -> None:
        env = shelf()
        judge(env, FIRST)
        judge(env, SECOND)
        offer = judge(env, ACTIVE).json["advice"]
        assert "no backup" in offer["text"]
        assert offer["href"] == "/api/images/win11/versions"

    def test_a_version_that_passed_needs_no_advice(self) -> None:
        env = shelf()
        assert judge(env, ACTIVE, "passed").json["advice"] is None

    def test_a_version_that_is_not_there_gets_none(self) -> None:
        env = shelf(staged=Source.GALLERY)
        assert post(env, "/versions/9.0.0/verdict", {"result": "failed"}).status == 409
        env.app.send("DELETE", f"/api/images/win11/versions/{NEXT}")
        refused = post(env, f"/versions/{NEXT}/verdict", {"result": "failed"})
        assert (refused.status, "was discarded" in refused.json["detail"]) == (409, True)

    def test_a_later_change_keeps_the_record_of_the_verdict(self) -> None:
        env = shelf()
        judge(env, ACTIVE, note="Outlook crashes")
        done(env, "/roll-back")
        judge(env, ACTIVE, "passed")
        kinds = [it["kind"] for it in get(env, "/tasks")["items"]]
        assert kinds == ["verdict", "roll_back", "verdict"]


class TestWithoutBackup:
    """`backup: false`: the version that was active is no backup, in no view and for no roll-back."""

    def test_the_replaced_version_is_in_another_state_and_not_offered(self) -> None:
        env = shelf(staged=Source.GALLERY)
        done(env, "/activate", backup=False)
        listed = {it["version"]: it["state"] for it in get(env, "/images/win11/versions")["items"]}
        assert listed == {FIRST: "backup", SECOND: "backup", ACTIVE: "replaced", NEXT: "active"}
        image = get(env, "/images/win11")
        assert (image["backups"], image["roll_back_to"]) == ([SECOND, FIRST], SECOND)
        assert_at_rest(env)

    def test_a_set_as_image_that_activates_at_once_leaves_no_backup_either(self) -> None:
        env = studio(security_type="TrustedLaunch")
        task = post(env, "/set-as-image", {"stage": False, "backup": False})
        assert env.finish(str(task.json["id"])).state == "succeeded"
        env.run(1)
        assert states(env) == {FIRST: V.REPLACED, SECOND: V.ACTIVE}

    def test_pools_on_it_keep_it_until_they_are_updated(self) -> None:
        env = shelf(ACTIVE, staged=Source.GALLERY)
        deadline = (env.app.now.replace(hour=23)).isoformat()
        schedule = {"mode": "at", "at": deadline}
        done_at_once = post(env, "/activate", {"backup": False, "update_pools": ["office"], "schedule": schedule})
        assert done_at_once.status == 202, done_at_once.text
        env.run(0.1)
        assert get(env, "/pools/office/image")["version"] == ACTIVE
        removed = env.app.send("DELETE", f"/api/images/win11/versions/{ACTIVE}")
        assert (removed.status, "is used by" in removed.json["detail"]) == (409, True)

    def test_it_can_be_rolled_back_to_by_name_as_long_as_it_is_there(self) -> None:
        env = shelf(staged=Source.GALLERY)
        done(env, "/activate", backup=False)
        done(env, "/roll-back", version=ACTIVE)
        assert (active(env), states(env)[NEXT]) == (ACTIVE, V.BACKUP)
