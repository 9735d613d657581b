"""The number of a discarded version is free as soon as nothing is in the gallery, whoever has removed it."""

from __future__ import annotations

from shared.core.states import VersionState
from shared.models.images import Source
from shared.models.tasks import TaskKind
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import NEW, assert_at_rest, excluded, post, recorded, states, studio
from tests.fixtures.scenarios.versions import ACTIVE, NEXT, audited, row_of, settled, shelf, tasks
from tests.fixtures.world.azure import DEFINITION_ID


def captured() -> Environment:
    """2.0.0 was made by a set-as-image, and is staged."""
    env = studio(security_type="TrustedLaunch")
    reply = post(env, "/set-as-image")
    assert env.finish(str(reply.json["id"])).state == "succeeded"
    return env


def vanish(env: Environment, version: str) -> None:
    """Somebody deletes the version in the portal."""
    del env.app.world.versions[DEFINITION_ID.lower()][version]


def discard(env: Environment, version: str) -> int:
    env.app.later(seconds=1)
    return env.app.send("DELETE", f"/api/images/win11/versions/{version}").status


def test_the_next_set_as_image_takes_the_number_as_soon_as_azure_has_deleted_it() -> None:
    env = captured()
    assert discard(env, NEW) == 202
    busy = post(env, "/set-as-image", {"version": NEW})
    assert busy.status in {400, 409}, busy.text
    settled(env)
    assert NEW not in excluded(env)
    again = post(env, "/set-as-image")
    assert (again.status, again.json.get("version")) == (202, NEW), again.text
    env.finish(str(again.json["id"]))
    assert states(env)[NEW] is VersionState.STAGED
    assert_at_rest(env)


def test_a_version_of_that_number_that_another_tool_publishes_is_staged_at_once() -> None:
    env = captured()
    discard(env, NEW)
    settled(env)
    env.app.world.add_version(NEW, staged=True)
    assert post(env, "/stage", {"version": NEW}).status == 200
    assert recorded(env).versions[NEW].source is Source.GALLERY


def test_discarding_a_captured_version_that_is_gone_frees_its_number_in_the_same_write() -> None:
    env = shelf(ACTIVE, staged=Source.CAPTURE)
    vanish(env, NEXT)
    writes = env.app.tables.versions.failures
    writes["write_many"] = []
    assert discard(env, NEXT) == 200
    row = row_of(env, NEXT)
    assert (row.state, row.deleting, row.note) == (VersionState.DISCARDED, False, "was not in the gallery any more")
    assert tasks(env) == [(TaskKind.DISCARD, NEXT, "developer")]
    assert audited(env) == [("developer", "discard version", NEXT, "")]
    assert env.app.world.count("start_removal") == 0


def test_a_discarded_version_of_another_tool_that_is_gone_is_not_said_to_be_kept() -> None:
    env = shelf(ACTIVE, staged=Source.GALLERY)
    vanish(env, NEXT)
    assert discard(env, NEXT) == 200
    assert row_of(env, NEXT).note == "was not in the gallery any more"
