"""Staging a version of the gallery: refused before anything is touched, excluded from latest before it is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.images import StageRequest
from shared.core.errors import AzureBusy, Conflict, InvalidRequest, NotFound
from shared.core.states import VersionState
from shared.images.staging import stage_version
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.images import Source
from shared.models.tasks import TaskKind
from shared.records.versions import change_versions
from shared.services import TASKS
from shared.versions import lifecycle
from tests.fixtures.scenarios.images import IMAGE, assert_at_rest, recorded
from tests.fixtures.scenarios.versions import (
    ACTIVE,
    FIRST,
    NEXT,
    add_pool,
    audited,
    include,
    settled,
    shelf,
    stage,
    tasks,
)
from tests.fixtures.world.azure import DEFINITION_ID, version_id_of, vm_id_of

BUSY = AzureBusy("call", 503, "Busy", "later")


def test_a_staged_version_is_recorded_and_audited() -> None:
    env = shelf()
    view = stage(env, notes="patch day")
    assert (view.state, view.source, view.notes, view.created_by) == (
        VersionState.STAGED,
        Source.GALLERY,
        "patch day",
        "ann",
    )
    assert (view.in_gallery, view.ready, view.excluded_from_latest, view.used_by) == (True, True, True, [])
    assert recorded(env).state.staged == NEXT
    assert tasks(env) == [(TaskKind.STAGE, NEXT, "ann")]
    assert audited(env) == [("ann", "stage version", "", NEXT)]
    assert recorded(env).state.last_task == env.app.tables.tasks.all(TASKS)[0].id
    assert env.app.world.count("start_exclude") == 0
    assert_at_rest(env)


def test_staging_excludes_a_version_from_latest_in_each_region() -> None:
    env = shelf()
    include(env, exclude_from_latest=True, regions_differ=True)
    stage(env)
    assert env.app.world.count("start_exclude") == 1
    for _ in range(2):
        env.app.world.look_at(version_id_of(NEXT))
    assert not env.app.world.versions[DEFINITION_ID.lower()][NEXT].regions_differ


def test_a_version_in_latest_is_excluded_before_it_is_recorded_as_staged() -> None:
    env = shelf()
    include(env)
    env.app.world.meanwhile("start_exclude", lambda: unrecorded.append(recorded(env).state.staged))
    unrecorded: list[str | None] = []
    assert stage(env).excluded_from_latest
    assert unrecorded == [None]
    settled(env)
    assert_at_rest(env)


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (ACTIVE, "is the active one"),
        (FIRST, "not newer than the active"),
        ("2.9.9", "not newer than the active"),
    ],
)
def test_invalid_requests_are_refused_before_any_change(version: str, says: str) -> None:
    env = shelf()
    with pytest.raises(Conflict, match=says):
        stage(env, version)
    assert env.app.world.calls == []
    assert tasks(env) == []


def test_staging_a_second_version_or_during_a_capture_is_refused() -> None:
    env = shelf(staged=Source.CAPTURE)
    with pytest.raises(Conflict, match="is staged already"):
        stage(env)
    with pytest.raises(Conflict, match=r"4\.0\.0 is staged. Activate or discard it"):
        stage(env, "5.0.0")
    env = shelf()
    app = env.app
    change_versions(
        app.services,
        IMAGE,
        lambda version_set: lifecycle.begin_capture(
            version_set, "5.0.0", task="t-1", now=app.now, who="bob", notes="", backup=True
        ),
    )
    with pytest.raises(Conflict) as refused:
        stage(env)
    assert refused.value.task == "t-1"
    assert app.world.calls == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"ready": False, "detail": "replicating, 40 %"}, "is not ready: replicating, 40 %"),
        ({"ready": False, "failed": True, "detail": "no quota"}, "failed to create version 4.0.0: no quota"),
        ({"replicas": {"northeurope": 1}}, "is not in westeurope, where office is"),
        ({"replicas": {"westeurope": 0}}, "is not in westeurope, where office is"),
    ],
)
def test_staging_an_unusable_version_is_refused_with_the_field(fields: dict[str, Any], says: str) -> None:
    env = shelf(ACTIVE)
    include(env, **fields)
    with pytest.raises(InvalidRequest, match=says) as refused:
        stage(env)
    assert [problem.field for problem in refused.value.problems] == ["version"]
    assert env.app.world.count("start_exclude") == 0
    assert recorded(env).state.staged is None


def test_staging_a_version_missing_in_the_gallery_or_without_an_image_is_refused() -> None:
    env = shelf()
    with pytest.raises(InvalidRequest, match=r"has no version 9\.0\.0"):
        stage(env, "9.0.0")
    with pytest.raises(NotFound):
        stage_version(env.app.services, "other", StageRequest(version=NEXT), "ann", ALL_ACCOUNTS)


def test_a_version_needs_replicas_in_the_regions_of_all_hosts_of_its_image() -> None:
    env = shelf(ACTIVE)
    app = env.app
    for name in ("east", "far"):
        add_pool(app, name, ACTIVE, ACTIVE)
        app.world.change_machine(vm_id_of(f"{name}-0"), location="East US")
    add_pool(app, "empty", None)
    add_pool(app, "foreign", ACTIVE, ACTIVE, image="linux")
    app.world.change_machine(vm_id_of("foreign-0"), location="Japan East")
    with pytest.raises(InvalidRequest, match=r"not in eastus, where east, far is\. Replicate it there") as refused:
        stage(env)
    assert "westeurope" not in str(refused.value)
    assert "japan" not in str(refused.value)
    include(env, replicas={"eastus": 1, "westeurope": 2})
    assert stage(env).state is VersionState.STAGED


def test_an_empty_pool_counts_with_the_region_of_its_host_pool() -> None:
    env = shelf()
    include(env, replicas={"eastus": 1})
    with pytest.raises(InvalidRequest, match="westeurope, where office is"):
        stage(env)


def test_an_unreadable_pool_stops_staging_and_the_error_says_what_to_do() -> None:
    env = shelf()
    env.app.world.refuse("session_hosts")
    with pytest.raises(InvalidRequest, match=r"regions of pool office.*unregister the pool"):
        stage(env)
    env.app.world.faults.clear()
    env.app.world.fail("session_hosts", BUSY)
    with pytest.raises(AzureBusy):
        stage(env)
    assert recorded(env).state.staged is None
