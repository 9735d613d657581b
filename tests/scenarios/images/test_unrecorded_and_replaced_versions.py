"""Versions nobody recorded, that were published anew, or whose record was cut off; and hosts made from them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from shared.core.errors import Conflict
from shared.core.states import RolloutState, VersionState
from shared.images.adoption import adopted
from shared.images.removal import remove_version
from shared.images.replication import missing_regions
from shared.images.retention import tidy
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.images import ImageVersion, Source
from shared.models.pools import Ring
from shared.models.tasks import TaskKind
from shared.records.versions import change_versions
from shared.services import IMAGES, TASKS
from shared.versions import lifecycle
from tests.fixtures.app import Reply
from tests.fixtures.engine import Environment, ProcessDied
from tests.fixtures.scenarios.images import (
    IMAGE,
    NEW,
    OLD,
    add_pool,
    assert_at_rest,
    given_out,
    post,
    recorded,
    states,
    studio,
)
from tests.fixtures.scenarios.versions import ACTIVE, FIRST, NEXT, in_gallery, row_of, shelf
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID
from tests.fixtures.world.ids import TEMPLATE_ID

V = VersionState
OTHER = f"{DEFINITION_ID}-other"
NOW = {"schedule": {"mode": "now"}}


def unrecorded(*, staged: bool = False) -> Environment:
    """The image of the studio, with no row about its versions; 1.0.0 is what "latest" gives."""
    env = studio(staged=staged)
    for row in env.app.tables.versions.all(IMAGE):
        env.app.tables.versions.remove(row)
    return env


def activate(env: Environment, **body: Any) -> str:
    """Activate what is staged, to the end."""
    reply = post(env, "/activate", body)
    assert reply.status == 202, reply.text
    env.finish(str(reply.json["id"]))
    return str(reply.json["id"])


def gallery_has(env: Environment, version: str, **fields: Any) -> None:
    """The gallery has the version so."""
    versions = env.app.world.versions[DEFINITION_ID.lower()]
    versions[version] = versions[version].model_copy(update=fields)


def put(env: Environment, **body: Any) -> Any:
    """Register the image of the studio again."""
    asked = {"definition_id": DEFINITION_ID, "template_vm_id": TEMPLATE_ID, **body}
    return env.app.send("PUT", f"/api/images/{IMAGE}", asked)


class TestTheVersionInUseIsRecordedLate:
    """An image without recorded versions: what "latest" gives is recorded before another takes its place."""

    def test_the_version_in_use_becomes_a_backup_when_a_captured_version_goes_live(self) -> None:
        env = unrecorded()
        env.finish(post(env, "/set-as-image").json["id"])
        assert recorded(env).state.active == OLD
        activate(env)
        assert states(env) == {OLD: V.BACKUP, NEW: V.ACTIVE}
        assert post(env, "/roll-back").status == 202
        assert_at_rest_after_a_day(env)

    def test_the_version_in_use_becomes_a_backup_when_a_staged_version_goes_live(self) -> None:
        env = unrecorded(staged=True)
        assert post(env, "/stage", {"version": NEW}).status == 200
        activate(env)
        assert states(env) == {OLD: V.BACKUP, NEW: V.ACTIVE}

    def test_the_version_in_use_becomes_a_backup_when_it_was_recorded_after_staging(self) -> None:
        env = unrecorded()
        env.app.world.add_version(NEW, staged=True)
        record_family(env.app.tables.versions, version_set(None, backups=(), staged=NEW))
        activate(env)
        assert states(env) == {OLD: V.BACKUP, NEW: V.ACTIVE}

    def test_the_staged_version_is_not_recorded_as_the_one_in_use(self) -> None:
        env = unrecorded(staged=True)
        gallery_has(env, NEW, exclude_from_latest=False)
        assert post(env, "/stage", {"version": NEW}).status == 200
        assert (recorded(env).state.active, recorded(env).state.staged) == (OLD, NEW)

    def test_staging_a_version_below_the_one_in_use_is_refused(self) -> None:
        env = unrecorded(staged=True)
        env.app.world.add_version("3.0.0")
        reply = post(env, "/stage", {"version": NEW})
        assert (reply.status, "not newer than the active 3.0.0" in reply.text) == (409, True)

    @pytest.mark.parametrize("given", [{}, {"active": OLD}])
    def test_registering_again_records_the_version_in_use_beside_a_staged_one(self, given: dict[str, str]) -> None:
        env = unrecorded(staged=True)
        record_family(env.app.tables.versions, version_set(None, backups=(), staged=NEW))
        assert put(env, **given).status == 200
        assert states(env) == {OLD: V.ACTIVE, NEW: V.STAGED}

    def test_the_staged_version_cannot_be_registered_as_the_one_in_use(self) -> None:
        env = unrecorded(staged=True)
        record_family(env.app.tables.versions, version_set(None, backups=(), staged=NEW))
        assert put(env, active=NEW).status == 409
        assert states(env) == {NEW: V.STAGED}

    def test_no_pool_follows_a_recorded_version_that_was_not_activated(self) -> None:
        env = unrecorded()
        env.app.world.add_version("0.9.0")
        add_pool(env, "office", version="0.9.0")
        adopted(env.app.services, recorded_image(env), "ann")
        assert (recorded(env).state.active, given_out(env, "office")) == (OLD, "0.9.0")

    def test_two_concurrent_registrations_record_the_version_once(self) -> None:
        env = unrecorded()
        services = env.app.services
        adopt = partial(lifecycle.adopt, version=OLD, now=services.now(), who="bob")
        env.app.world.meanwhile("versions", lambda: change_versions(services, IMAGE, adopt))
        assert adopted(services, recorded_image(env), "ann").versions[OLD].created_by == "bob"

    def test_a_version_that_azure_still_changes_is_not_judged(self) -> None:
        env = unrecorded()
        gallery_has(env, OLD, ready=False, detail="provisioning is Updating")
        with pytest.raises(Conflict, match=r"version 1\.0\.0 is not ready: provisioning is Updating"):
            adopted(env.app.services, recorded_image(env), "ann")


def recorded_image(env: Environment) -> Any:
    """The image's row."""
    image = env.app.tables.images.find(IMAGES, IMAGE)
    assert image
    return image


def assert_at_rest_after_a_day(env: Environment) -> None:
    """Everything comes to its end."""
    env.run(24)
    assert_at_rest(env)


class TestAnotherVersionUnderTheNumberOfOneThatLeaves:
    """What is deleted is the version that was meant, not what somebody published after it."""

    def captured(self) -> Environment:
        """4.0.0 is staged; task c-1 captured it."""
        env = shelf(ACTIVE, staged=Source.CAPTURE)
        of_task: ImageVersion = row_of(env, NEXT).model_copy(update={"made_by_task": "c-1"})
        env.app.tables.versions.write_many([recorded(env).state, of_task])
        gallery_has(env, NEXT, task="c-1")
        return env

    def replaced(self, env: Environment, version: str, **fields: Any) -> None:
        """Azure has removed the version, and somebody has published the number since."""
        env.app.world.versions[DEFINITION_ID.lower()].pop(version)
        env.app.world.running.clear()
        env.app.world.add_version(version)
        gallery_has(env, version, **fields)

    def test_a_captured_version_is_removed_while_it_carries_our_tag(self) -> None:
        env = self.captured()
        remove_version(env.app.services, env.app.engine, IMAGE, NEXT, "ann", ALL_ACCOUNTS)
        env.run(hours=2)
        assert NEXT not in in_gallery(env)
        assert (row_of(env, NEXT).deleting, row_of(env, NEXT).note) == (False, "")

    def test_a_version_without_our_tag_stays(self) -> None:
        env = self.captured()
        env.app.world.resumes_needed = 2
        remove_version(env.app.services, env.app.engine, IMAGE, NEXT, "ann", ALL_ACCOUNTS)
        self.replaced(env, NEXT)
        tidy(env.app.services)
        assert NEXT in in_gallery(env)
        assert not row_of(env, NEXT).deleting
        assert "may belong to someone else and was kept" in row_of(env, NEXT).note

    def test_a_replaced_version_is_not_touched_when_the_removal_never_started(self) -> None:
        env = self.captured()
        self.replaced(env, NEXT, task="c-2")
        remove_version(env.app.services, env.app.engine, IMAGE, NEXT, "ann", ALL_ACCOUNTS)
        env.run(hours=2)
        assert NEXT in in_gallery(env)
        assert env.app.world.count("start_removal") == 0

    def test_a_replaced_version_counts_as_deleted_once_azure_accepted_the_deletion(self) -> None:
        env = shelf(ACTIVE)
        env.app.world.resumes_needed = 2
        remove_version(env.app.services, env.app.engine, IMAGE, FIRST, "ann", ALL_ACCOUNTS)
        self.replaced(env, FIRST)
        tidy(env.app.services)
        assert FIRST in in_gallery(env)
        assert row_of(env, FIRST).state is V.DELETED

    def test_a_captured_version_names_its_task(self) -> None:
        env = studio()
        task = post(env, "/set-as-image").json["id"]
        env.finish(task)
        assert recorded(env).versions[NEW].made_by_task == task
        assert env.app.world.versions[DEFINITION_ID.lower()][NEW].task == task
        assert env.app.send("DELETE", f"/api/images/{IMAGE}/versions/{NEW}").status == 202
        env.timers.append(lambda: tidy(env.app.services))
        env.run(hours=2)
        assert set(env.app.world.versions[DEFINITION_ID.lower()]) == {OLD}


class TestNewHosts:
    """What they are made from when a pool's own history is short or bad."""

    def test_a_pool_without_a_version_date_follows_an_activation(self) -> None:
        env = studio(staged=True)
        add_pool(env, "office", version_at=None, registered_at=env.app.now - timedelta(days=1))
        activate(env)
        assert given_out(env, "office") == NEW

    def test_a_version_that_failed_in_a_pool_is_not_given_to_its_new_hosts_by_an_activation(self) -> None:
        env = studio(staged=True)
        add_pool(env, "lab", Ring.TEST, hosts=2)
        for host in ("lab-0", "lab-1"):
            env.app.world.refuse("start_reimage", host)
        policy = {"max_failed": 0, "retries": 0, "on_failure": "pause"}
        asked = {"version": NEW, **NOW, "policy": policy}
        rollout = env.app.send("POST", "/api/pools/lab/update-image", asked).json["id"]
        env.run(1)
        activate(env)
        env.app.send("POST", f"/api/rollouts/{rollout}/cancel", {})
        env.run(1)
        assert env.rollouts() == {"lab": RolloutState.CANCELLED}
        assert given_out(env, "lab") == OLD

    def test_missing_regions_are_reported_with_their_pools(self) -> None:
        env = studio(staged=True)
        add_pool(env, "office")
        add_pool(env, "lab", Ring.TEST)
        for machine in list(env.app.world.machines.values()):
            if machine.name.startswith("office"):
                env.app.world.change_machine(machine.id, location="northeurope")
        found = env.app.services.gallery.version(DEFINITION_ID, NEW)
        assert found
        assert missing_regions(env.app.services, recorded_image(env), found) == {"northeurope": ["office"]}


class TestWhatWasCutOff:
    """A change that was made and not told is told before the next one writes over it."""

    def test_an_interrupted_staging_is_recorded_before_the_activation(self) -> None:
        env = studio()
        env.app.world.add_version(NEW, staged=True)
        self.untold(env, lambda: post(env, "/stage", {"version": NEW}))
        assert (states(env)[NEW], kinds(env)) == (V.STAGED, set())
        activate(env)
        assert kinds(env) == {TaskKind.STAGE, TaskKind.ACTIVATE}

    @pytest.mark.parametrize("then", ["/stage", "/set-as-image"])
    def test_an_interrupted_discard_is_recorded_before_the_number_is_reused(self, then: str) -> None:
        env = studio(staged=True)
        self.untold(env, lambda: env.app.send("DELETE", f"/api/images/{IMAGE}/versions/{NEW}"))
        assert (states(env)[NEW], kinds(env)) == (V.DISCARDED, set())
        if then == "/set-as-image":
            del env.app.world.versions[DEFINITION_ID.lower()][NEW]
        assert post(env, then, {"version": NEW}).status < 300
        assert TaskKind.DISCARD in kinds(env)

    def untold(self, env: Environment, act: Any) -> None:
        """The process dies before it writes the task and its change into the record: only the intent is there."""
        tables = env.app.tables
        real = (tables.tasks._write, tables.audit._write)

        intent = [real[1]]

        def dies(*given: Any) -> Any:
            if intent:
                return intent.pop()(*given)
            raise ProcessDied

        env.app.tables.audit._write = dies  # type: ignore[method-assign,assignment]
        env.survive(act)
        tables.tasks._write, tables.audit._write = real  # type: ignore[method-assign]


def kinds(env: Environment) -> set[TaskKind]:
    """The kinds of task that are written."""
    return {task.kind for task in env.app.tables.tasks.all(TASKS)}


class TestTwoRegistrationsAtOnce:
    """One definition is one image, however many ask at the same time."""

    def ask_for_image_b_meanwhile(self, env: Environment, definition_id: str) -> list[Reply]:
        """Right before the next row of an image is written, image b asks for this definition. The answer it gets."""
        images, replies = env.app.tables.images, list[Reply]()
        real = images._write

        def hooked(*given: Any) -> Any:
            images._write = real  # type: ignore[method-assign]
            replies.append(env.app.send("PUT", "/api/images/b", {"definition_id": definition_id}))
            return real(*given)

        images._write = hooked  # type: ignore[method-assign,assignment]
        return replies

    def test_the_later_of_two_concurrent_registrations_is_refused(self) -> None:
        env = studio()
        env.app.world.add_version(OLD, OTHER)
        later = self.ask_for_image_b_meanwhile(env, OTHER)
        assert env.app.send("PUT", "/api/images/a", {"definition_id": OTHER}).status == 201
        assert [(reply.status, "as image a" in reply.text) for reply in later] == [(409, True)]
        assert {image.name for image in env.app.tables.images.all(IMAGES)} == {IMAGE, "a"}
        assert env.app.tables.versions.all("b") == []

    def test_a_definition_that_an_image_changes_to_is_taken_for_others(self) -> None:
        env = unrecorded()
        env.app.world.add_version(OLD, OTHER)
        later = self.ask_for_image_b_meanwhile(env, OTHER)
        assert env.app.send("PATCH", f"/api/images/{IMAGE}", {"definition_id": OTHER}).status == 200
        assert [(reply.status, f"as image {IMAGE}" in reply.text) for reply in later] == [(409, True)]
        assert recorded_image(env).definition_id == OTHER

    def test_an_image_that_changes_to_a_used_definition_keeps_its_own(self) -> None:
        env = unrecorded()
        env.app.world.add_version(OLD, OTHER)
        assert env.app.send("PUT", "/api/images/b", {"definition_id": OTHER}).status == 201
        before = recorded_image(env)
        reply = env.app.send("PATCH", f"/api/images/{IMAGE}", {"definition_id": OTHER})
        assert (reply.status, "as image b" in reply.text) == (409, True)
        assert recorded_image(env) == before
