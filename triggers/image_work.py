"""Work on global images: set as image, activate, roll back. Each answers 202 with the task to follow."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.images import ActivateRequest, RollBackRequest, SetAsImageRequest
from shared.api.tasks import TaskView
from shared.images.activation.request import activate, roll_back
from shared.images.capture.request import set_as_image
from shared.ports.engine import Engine
from triggers.contract import Answer, Call
from triggers.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "POST", "images/{image}/set-as-image", status=202, refusals=(404, 409))
def post_set_as_image(call: Call, engine: Engine, asked: SetAsImageRequest) -> Answer[TaskView]:
    """Make a new version from the template VM; staged, unless said otherwise. 409 while the VM runs: power_off."""
    return _accepted(set_as_image(call.services, engine, call.path["image"], asked, call.who))


@endpoint(bp, "POST", "images/{image}/activate", status=202, refusals=(404, 409, 422))
def post_activate(call: Call, engine: Engine, asked: ActivateRequest) -> Answer[TaskView]:
    """Make the staged version the active one; new and burst hosts get it. Pools are updated only when asked."""
    return _accepted(activate(call.services, engine, call.path["image"], asked, call.who))


@endpoint(bp, "POST", "images/{image}/roll-back", status=202, refusals=(404, 409, 422))
def post_roll_back(call: Call, engine: Engine, asked: RollBackRequest) -> Answer[TaskView]:
    """Make a backup the active version again, and bring it to the pools when asked."""
    return _accepted(roll_back(call.services, engine, call.path["image"], asked, call.who))


def _accepted(task: TaskView) -> Answer[TaskView]:
    return Answer(task, location=f"/api/tasks/{task.id}")
