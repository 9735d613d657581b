"""Image versions of a compute gallery."""

from __future__ import annotations

import pytest

from local.sim import names
from shared.azure.reading import gallery_version
from shared.errors import AzureNotFound
from tests.azure.conftest import Azure


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


def test_a_version_still_replicating_is_not_ready_and_says_where(azure: Azure) -> None:
    body = azure.sim.sim.world.of("Microsoft.Compute/galleries/images/versions")[names.version_id("2.0.0").lower()]
    body["_replicated"] = set()

    found = azure.gallery.version(names.DEFINITION_ID, "2.0.0")

    assert found is not None and not found.ready
    assert found.detail == "replication is InProgress: westeurope Replicating (50 %)"


def test_a_version_without_replication_status_is_not_called_ready() -> None:
    body = {"id": names.version_id("1.0.0"), "name": "1.0.0", "properties": {"provisioningState": "Creating"}}

    asked = gallery_version(body, replication_known=True)

    assert not asked.ready
    assert asked.detail == "provisioning is Creating; replication is Unknown"
