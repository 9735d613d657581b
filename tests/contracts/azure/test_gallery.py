"""Image versions of a compute gallery."""

from __future__ import annotations

from typing import Any

import pytest

from local.sim.compute.references import resolve
from local.sim.core import names
from shared.azure.parse import definition, gallery_version
from shared.core.errors import AzureBusy, AzureNotFound, AzureRefused, OperationFailed
from shared.models.images import GalleryVersion
from tests.contracts.azure.conftest import LONG, SLOW, Azure
from tests.contracts.azure.image_build_steps import IMAGE, REGIONS, TASK, VERSION, Build


def test_a_version_says_whether_it_is_ready_staged_and_how_often_replicated(azure: Azure) -> None:
    active = azure.gallery.version(names.DEFINITION_ID, "2.0.0")
    staged = azure.gallery.version(names.DEFINITION_ID, "3.0.0")

    assert active is not None and staged is not None
    assert (active.id, active.version, active.ready) == (names.version_id("2.0.0"), "2.0.0", True)
    assert (active.replicas, active.exclude_from_latest) == ({"westeurope": 2}, False)
    assert staged.exclude_from_latest


def test_a_version_that_is_not_there_is_none(azure: Azure) -> None:
    assert azure.gallery.version(names.DEFINITION_ID, "9.9.9") is None
    assert azure.gallery.version(f"{names.GALLERY_ID}/images/nothing", "1.0.0") is None


def test_versions_are_listed_oldest_first_by_number(azure: Azure) -> None:
    versions = azure.gallery.versions(names.DEFINITION_ID)

    assert [found.version for found in versions] == ["1.0.0", "2.0.0", "3.0.0"]
    assert all(found.ready for found in versions)
    with pytest.raises(AzureNotFound):
        azure.gallery.versions(f"{names.GALLERY_ID}/images/nothing")


@pytest.mark.parametrize("flag", [True, False])
def test_a_version_whose_regions_differ_from_it_is_neither_excluded_nor_included(azure: Azure, flag: bool) -> None:
    publishing = version_body(azure, "3.0.0")["properties"]["publishingProfile"]
    publishing["excludeFromLatest"], publishing["targetRegions"][0]["excludeFromLatest"] = flag, not flag

    found = azure.gallery.version(names.DEFINITION_ID, "3.0.0")
    (listed,) = (one for one in azure.gallery.versions(names.DEFINITION_ID) if one.version == "3.0.0")

    assert found is not None and found.latest_flag is listed.latest_flag is None
    assert found.exclude_from_latest is not flag  # the region's own flag decides
    assert azure.gallery.start_exclude(names.DEFINITION_ID, "3.0.0", excluded=flag)
    assert publishing["targetRegions"][0]["excludeFromLatest"] is flag


def test_a_version_still_replicating_is_not_ready_and_says_where(azure: Azure) -> None:
    body = version_body(azure, "2.0.0")
    body["_replicated"] = set()

    found = azure.gallery.version(names.DEFINITION_ID, "2.0.0")

    assert found is not None and not found.ready
    assert found.detail == "replication is InProgress: westeurope Replicating (0 %)"
    assert (found.percent, found.failed) == (0, False)


def test_a_version_without_replication_status_is_not_called_ready() -> None:
    body = {"id": names.version_id("1.0.0"), "name": "1.0.0", "properties": {"provisioningState": "Creating"}}

    asked = gallery_version(body, replication_known=True)

    assert not asked.ready
    assert asked.detail == "provisioning is Creating; replication is Unknown"
    assert (asked.percent, asked.failed) == (0, False)


@pytest.mark.parametrize(
    ("made", "copied", "failed"),
    [("Failed", "Unknown", True), ("Succeeded", "Failed", True), ("Updating", "InProgress", False)],
)
def test_a_failed_version_says_so(made: str, copied: str, failed: bool) -> None:
    summary = [{"region": "a", "state": "Completed", "progress": 100}, {"region": "b", "state": "x", "progress": 99}]
    status = {"aggregatedState": copied, "summary": summary}
    properties = {"provisioningState": made, "replicationStatus": status}
    body = {"id": names.version_id("1.0.0"), "name": "1.0.0", "properties": properties}

    asked = gallery_version(body, replication_known=True)

    assert (asked.failed, asked.ready, asked.percent) == (failed, False, 99)


def test_a_listed_version_that_failed_says_so() -> None:
    body = {"id": names.version_id("1.0.0"), "name": "1.0.0", "properties": {"provisioningState": "Failed"}}

    listed = gallery_version(body, replication_known=False)

    assert (listed.failed, listed.ready, listed.percent) == (True, False, 0)


def test_a_definition_says_what_its_versions_have_in_common(azure: Azure) -> None:
    found = azure.gallery.definition(names.DEFINITION_ID)

    assert (found.id, found.location, found.generation) == (names.DEFINITION_ID, "westeurope", "V2")
    assert (found.generalized, found.windows, found.security_type) == (True, True, "TrustedLaunchSupported")
    assert found.captured_through_image
    with pytest.raises(AzureNotFound):
        azure.gallery.definition(f"{names.GALLERY_ID}/images/nothing")


def test_a_definition_that_says_little_is_of_the_first_generation() -> None:
    found = definition({"id": names.DEFINITION_ID, "location": "West Europe", "properties": {"osType": "Linux"}})

    assert (found.location, found.generation, found.security_type) == ("westeurope", "V1", "")
    assert (found.generalized, found.windows, found.captured_through_image) == (False, False, False)


def test_a_version_is_created_excluded_from_latest_and_its_replication_can_be_followed(azure: Azure) -> None:
    azure.world(**SLOW)
    started = Build(azure).upto("version")()
    azure.sim.advance(200)
    early = read(azure, VERSION)
    azure.sim.advance(750)  # made, and at home by now
    while_copying = read(azure, VERSION)
    ended = azure.gallery.resume(started)
    azure.sim.advance(1_200)
    ready = read(azure, VERSION)

    assert (started.kind, started.target, ended.done) == ("version", names.version_id(VERSION), True)
    assert 0 < early.percent < 50 < while_copying.percent < 100
    assert "provisioning is Creating" in early.detail and "provisioning" not in while_copying.detail
    assert "northeurope Replicating" in while_copying.detail and "westeurope" not in while_copying.detail
    assert (ready.ready, ready.percent, ready.exclude_from_latest) == (True, 100, True)
    assert version_body(azure, VERSION)["tags"] == {"FreshcoatTask": TASK}
    assert flags(azure, VERSION) == [True, True, True]


def test_a_region_that_cannot_be_reached_fails_the_version(azure: Azure) -> None:
    begin = Build(azure).upto("version")
    azure.sim.faults({"kind": "replication_fails", "match": "northeurope"})
    assert begin().done

    found = read(azure, VERSION)
    assert (found.failed, found.ready) == (True, False)
    assert "northeurope Failed" in found.detail


def test_a_version_that_could_not_be_created_has_failed(azure: Azure) -> None:
    azure.world(**SLOW)
    begin = Build(azure).upto("version")
    azure.sim.faults({"kind": "lro_fail", "match": "put_version"})
    started = begin()
    azure.sim.advance(LONG)

    with pytest.raises(OperationFailed):
        azure.gallery.resume(started)
    assert read(azure, VERSION).failed


def test_a_version_is_not_created_from_an_unsuitable_source(azure: Azure) -> None:
    build = Build(azure)
    build.upto("image")
    with pytest.raises(AzureRefused) as direct:  # this kind of definition takes a managed image only
        build.direct_version()
    with pytest.raises(AzureNotFound):
        build.version()

    assert direct.value.http_status == 400
    assert azure.gallery.version(names.DEFINITION_ID, VERSION) is None


def test_a_number_in_use_is_refused(azure: Azure) -> None:
    build = Build(azure)
    build.upto("version")
    with pytest.raises(AzureRefused, match="not created by this task"):
        azure.gallery.start_version(build.definition, "3.0.0", source_id=IMAGE, regions=REGIONS, task=TASK)
    assert "put_version" not in azure.calls()


def test_exclusion_from_latest_changes_in_every_region_and_keeps_the_replicas(azure: Azure) -> None:
    assert Build(azure).upto("version")().done
    before = read(azure, VERSION)
    for excluded in (False, True):
        changed = azure.gallery.start_exclude(names.DEFINITION_ID, VERSION, excluded=excluded)
        found = read(azure, VERSION)

        assert (changed.kind, changed.target, changed.done) == ("exclude", names.version_id(VERSION), True)
        assert flags(azure, VERSION) == [excluded] * 3
        assert (found.exclude_from_latest, found.replicas, found.ready) == (excluded, before.replicas, True)
        assert latest(azure) == ("2.0.0" if excluded else VERSION)


def test_a_correct_flag_is_not_sent_and_a_partly_correct_one_is(azure: Azure) -> None:
    azure.gallery.start_exclude(names.DEFINITION_ID, "2.0.0", excluded=False)
    assert "update_version" not in azure.calls()

    version_body(azure, "2.0.0")["properties"]["publishingProfile"]["targetRegions"][0]["excludeFromLatest"] = True
    azure.gallery.start_exclude(names.DEFINITION_ID, "2.0.0", excluded=False)
    assert (azure.calls()["update_version"], flags(azure, "2.0.0")) == (1, [False, False])


def test_a_missing_version_is_neither_excluded_nor_removed(azure: Azure) -> None:
    for excluded in (True, False):
        with pytest.raises(AzureNotFound):
            azure.gallery.start_exclude(names.DEFINITION_ID, "9.9.9", excluded=excluded)
    gone = azure.gallery.start_removal(names.DEFINITION_ID, "9.9.9")

    assert (gone.kind, gone.target, gone.done) == ("remove_version", names.version_id("9.9.9"), True)


def test_a_version_is_removed(azure: Azure) -> None:
    azure.world(**SLOW)
    started = azure.gallery.start_removal(names.DEFINITION_ID, "3.0.0")
    azure.sim.advance(LONG)

    assert not started.done and azure.gallery.resume(started).done
    assert azure.gallery.version(names.DEFINITION_ID, "3.0.0") is None


def test_a_failed_removal_keeps_the_version(azure: Azure) -> None:
    azure.world(**SLOW)
    azure.sim.faults({"kind": "lro_fail", "match": "delete_version", "code": "Broken"})
    started = azure.gallery.start_removal(names.DEFINITION_ID, "3.0.0")
    azure.sim.advance(LONG)

    with pytest.raises(OperationFailed, match=r"delete the image version 3\.0\.0: Broken"):
        azure.gallery.resume(started)
    assert azure.gallery.version(names.DEFINITION_ID, "3.0.0") is not None


@pytest.mark.parametrize("match", ["update_version", "get_version"])
def test_a_throttled_flag_can_be_set_again(azure: Azure, match: str) -> None:
    azure.sim.faults({"kind": "503", "match": match, "count": 1})
    with pytest.raises(AzureBusy):
        azure.gallery.start_exclude(names.DEFINITION_ID, "3.0.0", excluded=False)

    assert azure.gallery.start_exclude(names.DEFINITION_ID, "3.0.0", excluded=False).done


def read(azure: Azure, version: str) -> GalleryVersion:
    found = azure.gallery.version(names.DEFINITION_ID, version)
    assert found is not None
    return found


def version_body(azure: Azure, version: str) -> dict[str, Any]:
    return azure.sim.sim.world.of("Microsoft.Compute/galleries/images/versions")[names.version_id(version).lower()]


def flags(azure: Azure, version: str) -> list[bool]:
    """Whether it is left out: in all, and in each region."""
    publishing = version_body(azure, version)["properties"]["publishingProfile"]
    return [bool(one.get("excludeFromLatest")) for one in (publishing, *publishing["targetRegions"])]


def latest(azure: Azure) -> str:
    """What somebody gets who names no version."""
    return resolve(azure.sim.sim, {"id": names.DEFINITION_ID})[0]
