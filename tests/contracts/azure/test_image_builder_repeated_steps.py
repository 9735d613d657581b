"""Steps taken twice, by others, or on what is not theirs: nothing is made or generalized by mistake."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from local.sim.core import names
from shared.core.errors import AzureBusy, AzureConflict, AzureNotFound, AzureRefused, OperationFailed
from shared.models.azure import Operation
from tests.contracts.azure.conftest import SLOW, Azure
from tests.contracts.azure.image_build_steps import (
    CLONE,
    DISK,
    IMAGE,
    OPERATIONS,
    SNAPSHOT,
    STEPS,
    TASK,
    TEMPLATE,
    Build,
)


@pytest.fixture
def slow(azure: Azure) -> Build:
    """A world in which everything takes a while."""
    azure.world(**SLOW)
    return Build(azure)


@pytest.fixture
def quick(azure: Azure) -> Build:
    """A world in which everything is done at once."""
    return Build(azure)


def test_a_kind_of_resource_not_created_here_is_neither_read_nor_deleted(azure: Azure) -> None:
    for refused in (azure.image_builder.owner, azure.image_builder.start_removal):
        with pytest.raises(KeyError):
            refused(names.nic_id("office-0001-nic"))
    with pytest.raises(AzureNotFound):  # lies deeper: an image definition is no managed image
        azure.image_builder.start_removal(names.DEFINITION_ID)
    assert azure.calls() == {}


@pytest.mark.parametrize("step", STEPS)
def test_a_throttled_step_can_be_repeated(quick: Build, step: str) -> None:
    begin = quick.upto(step)
    quick.azure.sim.faults({"kind": "429", "match": OPERATIONS[step], "count": 1, "retry_after": 17})

    with pytest.raises(AzureBusy) as busy:
        begin()
    assert busy.value.retry_after == 17.0
    assert begin().done


@pytest.mark.parametrize("step", [name for name in STEPS if name != "switch_off"])
def test_a_token_holds_no_body_no_script_and_no_authorization(slow: Build, step: str) -> None:
    token = slow.upto(step)().token
    assert token is not None
    text = base64.b64decode(token).decode()

    for part in ("properties", "sysprep", "uthorization", names.SUBNET_ID):
        assert part not in text
    assert len(token) < 1_500


@pytest.mark.parametrize("step", [name for name in STEPS if name != "switch_off"])
def test_a_repeated_step_finds_its_own_work_and_sends_nothing(slow: Build, step: str) -> None:
    begin = slow.upto(step)
    started = begin()
    with pytest.raises(AzureConflict):  # the row was lost: the work is under way
        begin()
    assert slow.ended(started).done
    calls = slow.azure.calls()[OPERATIONS[step]]
    again = begin()

    assert (again.kind, again.target, again.done) == (started.kind, started.target, True)
    assert slow.azure.calls()[OPERATIONS[step]] == calls


@pytest.mark.parametrize("step", ["snapshot", "disk", "clone", "image"])
def test_a_failed_step_can_be_repeated(slow: Build, step: str) -> None:
    begin = slow.upto(step)
    slow.azure.sim.faults({"kind": "lro_fail", "match": OPERATIONS[step], "count": 1})
    with pytest.raises(OperationFailed):
        slow.ended(begin())

    assert slow.ended(begin()).done


def test_resources_not_created_by_the_task_are_not_touched(quick: Build) -> None:
    azure, template = quick.azure, quick.template
    quick.upto("prepare")
    taken: list[Callable[[], object]] = [
        lambda: azure.image_builder.start_snapshot(SNAPSHOT, template, "task-2"),
        lambda: azure.image_builder.start_disk(template.os_disk_id or "", SNAPSHOT, template, TASK),
        lambda: azure.image_builder.start_clone(TEMPLATE, DISK, template, names.SUBNET_ID, TASK),
        lambda: azure.image_builder.start_prepare(TEMPLATE, "westeurope", TASK),
        lambda: azure.image_builder.start_prepare(CLONE, "westeurope", "task-2"),
        lambda: azure.image_builder.generalize(TEMPLATE),
    ]
    before = azure.sim.state()

    for touch in taken:
        with pytest.raises(AzureRefused) as refused:
            touch()
        assert (refused.value.code, type(refused.value)) == ("NotOurs", AzureRefused)
    after = azure.sim.state()
    assert (after["temporary"], after["disks"], after["violations"]) == (before["temporary"], before["disks"], [])


def test_generalizing_twice_is_harmless_and_a_running_clone_is_refused(quick: Build) -> None:
    quick.upto("switch_off")
    with pytest.raises(AzureConflict):
        quick.azure.image_builder.generalize(CLONE)
    assert quick.switch_off().done
    quick.azure.image_builder.generalize(CLONE)
    quick.azure.image_builder.generalize(CLONE)

    with pytest.raises(AzureConflict):  # for good
        quick.azure.vms.start_power_on(CLONE)
    with pytest.raises(AzureNotFound):
        quick.azure.image_builder.generalize(names.vm_id("nobody"))


def test_nothing_is_created_from_a_missing_source(azure: Azure) -> None:
    build = Build(azure)
    with pytest.raises(AzureNotFound):
        build.disk()
    with pytest.raises(AzureNotFound):
        build.clone()
    with pytest.raises(AzureNotFound):
        build.prepare()
    with pytest.raises(AzureNotFound):
        azure.image_builder.start_image(IMAGE, CLONE, "westeurope", "V2", TASK)


def test_a_kept_operation_is_resumed_by_another_worker(slow: Build) -> None:
    kept = slow.upto("prepare")().model_dump_json()
    other = Build(Azure(slow.azure.sim, slow.azure.settings))

    assert not other.azure.image_builder.resume(Operation.model_validate_json(kept)).done
    assert other.ended(Operation.model_validate_json(kept)).done
