"""Activating a version of an image, and rolling the image back: the requests of people."""

from __future__ import annotations

from shared.access.registrations import check_still_reached
from shared.api.agreed_plans import refuse_changed
from shared.api.images import ActivateRequest, RollBackRequest
from shared.api.tasks import TaskView
from shared.core.errors import AzureBusy
from shared.images.activation.preview import plan_activation_now
from shared.images.activation.request import begin, drafted
from shared.models.access.roles import Reach
from shared.models.images import Image
from shared.ports.engine import Engine
from shared.records.images import find_image
from shared.services import TASKS, Services
from shared.views.tasks import view
from shared.workflow.starting import start_task


def activate(services: Services, engine: Engine, name: str, asked: ActivateRequest, who: str, reach: Reach) -> TaskView:
    """Make the staged version the active one; pools are updated only as asked.

    Raises NotFound, InvalidRequest, PreflightFailed, PlanChanged, Conflict (nothing was changed), AzureBusy.
    """
    return _ask(services, engine, find_image(services, name), asked, who, reach)


def roll_back(
    services: Services, engine: Engine, name: str, asked: RollBackRequest, who: str, reach: Reach
) -> TaskView:
    """Make a backup the active version again; pools are updated only as asked.

    Raises NotFound, InvalidRequest, PreflightFailed, PlanChanged, Conflict (nothing was changed), AzureBusy.
    """
    return _ask(services, engine, find_image(services, name), asked, who, reach)


def _ask(
    services: Services,
    engine: Engine,
    image: Image,
    asked: ActivateRequest | RollBackRequest,
    who: str,
    reach: Reach,
) -> TaskView:
    check_still_reached(reach, "image", image.owners)
    refuse_changed(asked, lambda: plan_activation_now(services, image.name, asked, who, reach))
    task = drafted(services, image, asked, who, reach)
    try:
        task = begin(services, engine, image, task)
    except AzureBusy:
        # The task is written and will run, by the resume timer if necessary: an error would invite a second request.
        written = services.tasks.find(TASKS, task.id)
        if written is None:
            raise
        task = written
        start_task(engine, task)
    return view(task, services.now())
