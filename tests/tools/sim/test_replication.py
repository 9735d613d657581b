"""Replication of image versions to regions, and exclusion from latest per region."""

from local.sim.compute.references import resolve
from local.sim.core import names
from local.sim.testing import Simulator
from tests.tools.sim.capture_steps import IMAGE, capture, clone, copied, generalize, sysprep, version_of
from tests.tools.sim.conftest import REGION, Client


def test_replication_shows_its_progress(sim: Simulator, compute: Client) -> None:
    clone(compute, copied(compute))
    sysprep(compute)
    generalize(compute)
    image = capture(compute).id
    sim.control("POST", "clock", {"speed": 1, "duration_scale": 1})
    targets = [{"name": "West Europe"}, {"name": "North Europe"}]
    properties = {"publishingProfile": {"targetRegions": targets}, "storageProfile": {"source": {"id": image}}}
    body = {"location": REGION, "properties": properties}
    compute.gallery_image_versions.begin_create_or_update(*IMAGE, "4.0.0", body, polling=False)
    seen = []
    for _ in range(24):
        sim.advance(100)
        seen.append(progress(compute))
    home, further = zip(*seen, strict=True)
    assert list(home) == sorted(home) and list(further) == sorted(further)
    assert (further[0], home[-1], further[-1]) == (0, 100, 100)
    assert 0 < home[0] < 50
    assert len(set(further)) > 3


def progress(compute: Client) -> tuple[int, ...]:
    status = compute.gallery_image_versions.get(*IMAGE, "4.0.0", expand="ReplicationStatus").replication_status
    return tuple(part.progress for part in status.summary)


def test_a_failed_region_is_replicated_on_the_next_request(sim: Simulator, compute: Client) -> None:
    clone(compute, copied(compute))
    sysprep(compute)
    generalize(compute)
    image = capture(compute).id
    sim.faults({"kind": "replication_fails", "match": "northeurope", "count": 1})
    version_of(compute, {"id": image}, "northeurope")
    versions = compute.gallery_image_versions
    status = versions.get(*IMAGE, "4.0.0", expand="ReplicationStatus").replication_status
    assert (status.aggregated_state, [part.state for part in status.summary]) == ("Failed", ["Completed", "Failed"])
    versions.begin_update(*IMAGE, "4.0.0", {"properties": {}}).result()
    status = versions.get(*IMAGE, "4.0.0", expand="ReplicationStatus").replication_status
    assert status.aggregated_state == "Completed"


def test_a_region_can_exclude_a_version_from_latest(sim: Simulator, compute: Client) -> None:
    def latest() -> str:
        return resolve(sim.sim, {"id": names.DEFINITION_ID})[0]

    targets = [{"name": "West Europe", "excludeFromLatest": True}]
    profile = {"publishingProfile": {"excludeFromLatest": False, "targetRegions": targets}}
    assert latest() == "2.0.0"
    compute.gallery_image_versions.begin_update(*IMAGE, "2.0.0", {"properties": profile}).result()
    assert latest() == "1.0.0"
