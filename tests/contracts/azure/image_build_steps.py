"""The way from a template VM to an image version, step by step, as a task goes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.sim.core import names
from shared.models.azure import Operation, Template
from shared.models.images import Definition, TargetRegion
from tests.contracts.azure.conftest import LONG, Azure

TASK = "task-1"
TEMPLATE = names.TEMPLATE_VM_ID
SNAPSHOT = f"{names.COMPUTE}/snapshots/fresh-1-snapshot"
DISK = names.disk_id("fresh-1-disk")
CLONE = names.vm_id("fresh-1")
IMAGE = f"{names.COMPUTE}/images/fresh-1-image"
VERSION = "4.0.0"
REGIONS = [TargetRegion(name="West Europe", replicas=2), TargetRegion(name="North Europe")]
MADE = (SNAPSHOT, DISK, CLONE, IMAGE)


@dataclass
class Build:
    """One run over one simulated Azure."""

    azure: Azure

    @property
    def template(self) -> Template:
        found = self.azure.image_builder.template(TEMPLATE)
        assert found is not None
        return found

    @property
    def definition(self) -> Definition:
        return self.azure.gallery.definition(names.DEFINITION_ID)

    def snapshot(self) -> Operation:
        return self.azure.image_builder.start_snapshot(SNAPSHOT, self.template, TASK)

    def disk(self) -> Operation:
        return self.azure.image_builder.start_disk(DISK, SNAPSHOT, self.template, TASK)

    def clone(self) -> Operation:
        return self.azure.image_builder.start_clone(CLONE, DISK, self.template, names.SUBNET_ID, TASK)

    def prepare(self) -> Operation:
        return self.azure.image_builder.start_prepare(CLONE, "westeurope", TASK)

    def switch_off(self) -> Operation:
        return self.azure.vms.start_deallocate(CLONE)

    def image(self) -> Operation:
        self.azure.image_builder.generalize(CLONE)
        return self.azure.image_builder.start_image(IMAGE, CLONE, "westeurope", "V2", TASK)

    def version(self, source: str = IMAGE) -> Operation:
        return self.azure.gallery.start_version(self.definition, VERSION, source_id=source, regions=REGIONS, task=TASK)

    def direct_version(self) -> Operation:
        self.azure.image_builder.generalize(CLONE)
        return self.version(CLONE)

    def upto(self, step: str) -> Callable[[], Operation]:
        """Take all steps before this one; what is returned takes it."""
        for name in STEPS[: STEPS.index(step)]:
            assert self.ended(getattr(self, name)()).done
        begin: Callable[[], Operation] = getattr(self, step)
        return begin

    def ended(self, operation: Operation) -> Operation:
        """Let it come to its end."""
        self.azure.sim.advance(LONG)
        return self.azure.image_builder.resume(operation)

    def removed(self) -> None:
        """Take away all that was made."""
        for resource in reversed(MADE):
            assert self.ended(self.azure.image_builder.start_removal(resource)).done


STEPS = ("snapshot", "disk", "clone", "prepare", "switch_off", "image", "version")
OPERATIONS = {
    "snapshot": "put_snapshot",
    "disk": "put_disk",
    "clone": "create_vm",
    "prepare": "put_run_command",
    "switch_off": "deallocate",
    "image": "put_image",
    "version": "put_version",
}
"""What the simulated Azure calls each step."""
