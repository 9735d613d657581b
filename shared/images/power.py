"""Switches the template VM of an image on and off, so that somebody can work on it."""

from __future__ import annotations

from dataclasses import replace

from shared.api.images import ImageView, PowerAction
from shared.audit.record import audit
from shared.core.asking import About, asker, asking
from shared.core.errors import AzureConflict, AzureNotFound, Conflict
from shared.images.scopes import out_of_scope
from shared.images.template_rules import template_problem
from shared.models.access.roles import Reach
from shared.models.azure import Template
from shared.models.images import Image
from shared.models.messages import sentence
from shared.records.change import change
from shared.records.images import find_image
from shared.records.versions import read_versions
from shared.services import IMAGES, Services
from shared.views.images import read_image, template_key

ASK_AGAIN = 15
"""Seconds after which Azure may be done with the VM."""


def set_power(services: Services, name: str, action: PowerAction, who: str, reach: Reach) -> ImageView:
    """Start the template VM of an image, or switch it off (deallocate it). Does nothing when it is so already.

    Azure goes on with it after the answer. Raises NotFound; Conflict while a version is made from the VM, without a VM,
    and when the VM may not be touched; AzureError.
    """
    image = find_image(services, name)
    template = _template(services, image)
    if (action is PowerAction.START) is template.running:
        return read_image(services, name, reach)
    _refuse(services, image, template)
    if action is PowerAction.START:
        _note_start(services, image)
    with asking(replace(asker(), about=About(image.owners, image=image.name))):
        try:
            if action is PowerAction.START:
                services.vms.start_power_on(template.id)
            else:
                services.vms.start_deallocate(template.id)
        except AzureConflict as error:
            text = "Azure is still starting this VM or switching it off. Try again in a moment."
            raise Conflict(text, retry_after=ASK_AGAIN) from error
        audit(services, who, f"{action.value} template VM", image.name, image.template_vm_id)
    services.read_cache.forget(template_key(template.id))
    return read_image(services, name, reach)


def _template(services: Services, image: Image) -> Template:
    if not image.template_vm_id:
        raise Conflict("This image has no template VM. Register it with one first.")
    if problem := out_of_scope(services, image, image.template_vm_id):
        raise Conflict(sentence(problem))
    try:
        template = services.image_builder.template(image.template_vm_id)
    except AzureNotFound:
        template = None
    if template is None:
        raise Conflict("The template VM no longer exists. Register the image with another one.")
    return template


def _refuse(services: Services, image: Image, template: Template) -> None:
    """Raises Conflict when the VM is somebody's desktop, or is being copied."""
    if making := read_versions(services, image.name).state.capture:
        raise Conflict("A version is being made from this VM. Wait for the end of its task, or cancel it.", task=making)
    if problem := template_problem(services, image.name, template.id, template.image, running=template.running):
        raise Conflict(sentence(problem))


def _note_start(services: Services, image: Image) -> None:
    """Write down that it is started, before it is: the record has the intent then, too."""
    now = services.now()
    change(
        services.images,
        (IMAGES, image.name),
        lambda row: row.model_copy(update={"template_started_at": now}),
        describe="image",
        known=image,
    )
