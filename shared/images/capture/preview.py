"""Previews a set-as-image: the number of the new version, where it goes, and what becomes of the others."""

from __future__ import annotations

from shared.access.two_people.rule import approval_awaited
from shared.access.two_people.tasks import pools_of
from shared.api.activation_plans import SetAsImagePlanView
from shared.api.images import SetAsImageRequest
from shared.images.activation.preview import version_changes
from shared.images.adoption import foreseen
from shared.images.capture.request import claimed, drafted
from shared.images.removal import foresee_freed_numbers
from shared.records.images import find_image
from shared.services import Services
from shared.versions import lifecycle
from shared.versions.version_set import VersionSet


def plan_set_as_image(services: Services, name: str, asked: SetAsImageRequest, who: str) -> SetAsImagePlanView:
    """What `set_as_image` would do now; writes nothing. Raises what it raises."""
    key = ("set as image", name, asked.model_dump_json())
    return services.plans.get(key, lambda: _plan(services, name, asked, who))


def _plan(services: Services, name: str, asked: SetAsImageRequest, who: str) -> SetAsImagePlanView:
    image, now = find_image(services, name), services.now()

    def read() -> VersionSet:
        return foresee_freed_numbers(services, image, foreseen(services, image, who))

    found = drafted(services, image, asked, who, read)
    task, template, before = found.task, found.template, found.version_set
    after = lifecycle.captured(claimed(before, task, services), task.id, now)
    if not asked.stage:
        after = lifecycle.activate(after, task.version, task=task.id, now=now, backup=asked.backup, force=False)
    return SetAsImagePlanView(
        image=image.name,
        version=task.version or "",
        from_version=before.state.active,
        versions=list(version_changes(before, after)),
        template_vm_id=image.template_vm_id,
        running=template.running,
        switched_off=template.running and asked.power_off,
        approval=None if asked.stage else approval_awaited(services, pools_of(services, task)),
        regions=list(task.capture.regions if task.capture else ()),
    )
