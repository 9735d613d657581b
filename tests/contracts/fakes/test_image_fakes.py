"""The Azure in memory is honest about images: what Azure refuses is refused, what must never happen is written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.core.errors import AzureConflict, AzureNotFound, AzureRefused, FreshcoatError, OperationFailed
from shared.models.azure import Operation
from shared.models.images import TargetRegion
from shared.ports.compute import Gallery, ImageBuilder
from tests.fixtures.fakes.engine import AzureWorld, FakeGallery, FakeImageBuilder, FakeVirtualMachines
from tests.fixtures.world.azure import DEFINITION_ID, GROUP, REGION, SUBNET_ID, TEMPLATE_ID

COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
SNAPSHOT, DISK, CLONE = f"{COMPUTE}/snapshots/s", f"{COMPUTE}/disks/d", f"{COMPUTE}/virtualMachines/clone"
IMAGE = f"{COMPUTE}/images/i"
REGIONS = (TargetRegion(name="West Europe"),)


class Bench:
    """A template, and the steps from it to a version, each until it is through."""

    def __init__(self, *, security_type: str = "TrustedLaunch", power: str = "deallocated") -> None:
        self.world = AzureWorld()
        self.world.add_version("1.0.0")
        self.definition = self.world.add_definition(security_type=security_type)
        self.template = self.world.add_template(power=power)
        self.fake, self.vms = FakeImageBuilder(self.world), FakeVirtualMachines(self.world)
        self.image_builder: ImageBuilder = self.fake
        self.gallery: Gallery = FakeGallery(self.world)

    def through(self, operation: Operation) -> None:
        while not operation.done:
            operation = self.image_builder.resume(operation)

    def clone(self) -> None:
        self.through(self.image_builder.start_snapshot(SNAPSHOT, self.template, "t1"))
        self.through(self.image_builder.start_disk(DISK, SNAPSHOT, self.template, "t1"))
        self.through(self.image_builder.start_clone(CLONE, DISK, self.template, SUBNET_ID, "t1"))

    def generalize(self) -> None:
        self.through(self.image_builder.start_prepare(CLONE, REGION, "t1"))
        self.through(self.vms.start_deallocate(CLONE))
        self.image_builder.generalize(CLONE)

    def capture(self, source_id: str = CLONE) -> Operation:
        return self.gallery.start_version(self.definition, "2.0.0", source_id=source_id, regions=REGIONS, task="t1")

    def ready(self) -> bool:
        found = self.gallery.version(DEFINITION_ID, "2.0.0")
        return found is not None and found.ready


def test_a_whole_capture_leaves_a_version_and_nothing_else() -> None:
    bench = Bench()
    bench.clone()
    assert bench.image_builder.owner(CLONE) == "t1"
    bench.generalize()
    bench.world.replication_looks = 3
    bench.through(bench.capture())
    assert [bench.ready() for _ in range(4)] == [False, False, False, True]
    assert bench.world.latest() == "1.0.0"
    bench.through(bench.gallery.start_exclude(DEFINITION_ID, "2.0.0", excluded=False))
    assert bench.world.latest() == "2.0.0"
    assert len(bench.world.temporary()) == 4  # with the NIC
    bench.through(bench.image_builder.start_removal(CLONE))
    assert bench.world.temporary() == [SNAPSHOT]
    bench.through(bench.image_builder.start_removal(SNAPSHOT))
    assert bench.world.temporary() == []
    assert bench.image_builder.owner(TEMPLATE_ID) == ""
    assert bench.image_builder.owner(SNAPSHOT) is None
    assert bench.world.violations == []


def test_each_step_requires_the_previous_one() -> None:
    bench = Bench()
    with pytest.raises(AzureNotFound):
        bench.image_builder.start_disk(DISK, SNAPSHOT, bench.template, "t1")
    with pytest.raises(AzureNotFound):
        bench.image_builder.start_clone(CLONE, DISK, bench.template, SUBNET_ID, "t1")
    bench.image_builder.start_snapshot(SNAPSHOT, bench.template, "t1")
    with pytest.raises(AzureConflict):
        bench.image_builder.start_disk(DISK, SNAPSHOT, bench.template, "t1")
    bench.clone()
    with pytest.raises(AzureConflict):
        bench.image_builder.start_removal(DISK)
    with pytest.raises(AzureConflict):
        bench.image_builder.generalize(CLONE)
    with pytest.raises(AzureConflict):
        bench.image_builder.start_image(IMAGE, CLONE, REGION, "V2", "t1")
    with pytest.raises(AzureConflict):
        bench.capture()
    bench.generalize()
    with pytest.raises(AzureConflict):
        bench.vms.start_power_on(CLONE)
    bench.capture()
    with pytest.raises(AzureConflict):
        bench.image_builder.start_removal(CLONE)


def test_a_definition_may_require_a_managed_image() -> None:
    bench = Bench(security_type="TrustedLaunchSupported")
    bench.clone()
    bench.generalize()
    with pytest.raises(AzureRefused, match="cannot be the source"):
        bench.capture()
    bench.through(bench.image_builder.start_image(IMAGE, CLONE, REGION, "V2", "t1"))
    bench.through(bench.capture(IMAGE))
    assert not bench.world.violations


def test_repeated_calls_are_harmless() -> None:
    bench = Bench()
    first = bench.image_builder.start_snapshot(SNAPSHOT, bench.template, "t1")
    assert bench.image_builder.start_snapshot(SNAPSHOT, bench.template, "t1") == first
    bench.clone()
    bench.clone()
    bench.generalize()
    bench.image_builder.generalize(CLONE)
    assert bench.capture() == bench.capture()
    assert not bench.world.violations


def test_a_failed_resource_stays_until_it_is_removed_and_can_be_created_again() -> None:
    bench = Bench()
    bench.world.fail_operation("snapshot", OperationFailed("snapshot", None, "Boom", "no"), target="/snapshots/")
    with pytest.raises(OperationFailed):
        bench.clone()
    assert bench.world.temporary() == [SNAPSHOT]
    bench.clone()
    bench.generalize()
    bench.world.fail_operation("version", OperationFailed("version", None, "Boom", "no"))
    with pytest.raises(OperationFailed):
        bench.through(bench.capture())
    found = bench.gallery.version(DEFINITION_ID, "2.0.0")
    assert found is not None
    assert (found.ready, found.failed, found.exclude_from_latest) == (False, True, True)
    bench.through(bench.capture())
    with pytest.raises(AzureConflict):
        bench.gallery.start_version(bench.definition, "2.0.0", source_id=CLONE, regions=REGIONS, task="t2")


def test_an_unawaited_failure_is_still_reported() -> None:
    bench = Bench()
    bench.world.fail_operation("snapshot", OperationFailed("snapshot", None, "Boom", "no"))
    started = bench.image_builder.start_snapshot(SNAPSHOT, bench.template, "t1")
    for _ in range(3):
        bench.image_builder.owner(SNAPSHOT)
    with pytest.raises(OperationFailed):
        bench.image_builder.resume(started)


@pytest.mark.parametrize("refused", ["start_snapshot", "owner", "template"])
def test_every_call_can_be_made_to_fail(refused: str) -> None:
    bench = Bench()
    bench.world.refuse(refused)
    calls: dict[str, Callable[[], object]] = {
        "start_snapshot": lambda: bench.image_builder.start_snapshot(SNAPSHOT, bench.template, "t1"),
        "owner": lambda: bench.image_builder.owner(SNAPSHOT),
        "template": lambda: bench.image_builder.template(TEMPLATE_ID),
    }
    with pytest.raises(FreshcoatError, match="no right"):
        calls[refused]()


def never(bench: Bench) -> str:
    assert len(bench.world.violations) == 1, bench.world.violations
    return bench.world.violations.pop()


def test_forbidden_actions_are_recorded_as_violations() -> None:
    bench = Bench()
    bench.image_builder.start_removal(TEMPLATE_ID)
    assert len(bench.world.violations) == 2  # ours by no tag, and a template
    bench = Bench(power="running")
    with pytest.raises(AzureConflict):
        bench.image_builder.generalize(TEMPLATE_ID)
    assert "generalized" in never(bench)
    bench.image_builder.start_prepare(TEMPLATE_ID, REGION, "t1")
    assert "prepared" in never(bench)
    bench.image_builder.start_snapshot(SNAPSHOT, bench.template, "t1")
    assert "running during its snapshot" in never(bench)
    bench.world.add_thing(IMAGE, "managed image")
    bench.image_builder.start_removal(IMAGE)
    assert "no task has made" in never(bench)
    bench.image_builder.start_snapshot(IMAGE, bench.template, "t2")
    assert "written over" in bench.world.violations[0]


def test_a_template_started_too_early_spoils_its_clone() -> None:
    bench = Bench()
    started = bench.image_builder.start_snapshot(SNAPSHOT, bench.template, "t1")
    bench.through(bench.vms.start_power_on(TEMPLATE_ID))
    bench.through(started)
    assert not bench.world.violations  # nobody has used it yet
    bench.image_builder.start_disk(DISK, SNAPSHOT, bench.template, "t1")
    assert "started meanwhile" in never(bench)


def test_a_clone_without_sysprep_is_a_violation() -> None:
    bench = Bench()
    bench.clone()
    bench.through(bench.vms.start_deallocate(CLONE))
    bench.image_builder.generalize(CLONE)
    assert "without sysprep" in never(bench)


def test_deleting_a_version_in_use_is_a_violation() -> None:
    bench = Bench()
    bench.world.add_pool()
    bench.world.add_host("h0.contoso.local")
    bench.gallery.start_removal(DEFINITION_ID, "1.0.0")
    assert "h0 used it" in never(bench)
