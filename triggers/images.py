"""Routes of images and their versions: list, register, set as image, stage, verdict, activate, roll back, remove."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.activation_plans import ActivationPlanView, SetAsImagePlanView
from shared.api.common import Listed, WhatIfQuery
from shared.api.conditions import Condition
from shared.api.edits import Patch, Put
from shared.api.images import (
    ActivateRequest,
    ImageRegistration,
    ImagesQuery,
    ImageView,
    PowerRequest,
    RemoveVersionQuery,
    RollBackRequest,
    SetAsImageRequest,
    StageRequest,
    VerdictRequest,
    VersionView,
)
from shared.api.lists.versions import VersionsQuery
from shared.api.merge_patch import MergePatch
from shared.api.tasks import TaskView
from shared.images import registration
from shared.images.activation.preview import plan_activation
from shared.images.activation.publish import activate, roll_back
from shared.images.capture.preview import plan_set_as_image
from shared.images.capture.request import set_as_image
from shared.images.power import set_power
from shared.images.removal import remove_version
from shared.images.staging import give_verdict, stage_version
from shared.models.access.roles import Need
from shared.ports.engine import Engine
from shared.views.approvals import task_for
from shared.views.images import list_images, list_versions, read_image, read_version
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "images", needs=Need.READ)
def get_images(call: Call, query: ImagesQuery) -> Answer[Listed[ImageView]]:
    """List images with current and staged version, power state of the template VM and last task."""
    found = list_images(
        call.services,
        call.reach,
        search=query.search,
        account=query.account,
        limit=query.limit,
        continuation=query.continuation,
    )
    return Answer(found)


@endpoint(bp, "PUT", "images/{image}", needs=Need.CONFIGURE, also=(201,), refusals=(409, 412))
def put_image(call: Call, asked: ImageRegistration, condition: Condition) -> Answer[ImageView]:
    """Register an image, or replace its registration. 201 when the image is new. 409 when stored settings are left
    out."""
    view, new = registration.register_image(
        call.services, call.path["image"], Put(asked, condition), call.who, call.reach
    )
    return Answer(view, status=201 if new else 200, location=f"/api/images/{view.name}" if new else "")


@endpoint(bp, "PATCH", "images/{image}", needs=Need.CONFIGURE, refusals=(404, 409, 412))
def patch_image(call: Call, patch: MergePatch[ImageRegistration], condition: Condition) -> Answer[ImageView]:
    """Change the named settings of an image: its template VM, accounts or retention. Null resets one to its default."""
    view, _ = registration.register_image(
        call.services, call.path["image"], Patch(patch, condition), call.who, call.reach
    )
    return Answer(view)


@endpoint(bp, "GET", "images/{image}", needs=Need.READ, refusals=(404,))
def get_image(call: Call) -> Answer[ImageView]:
    """Read an image."""
    return Answer(read_image(call.services, call.path["image"], call.reach))


@endpoint(bp, "GET", "images/{image}/versions", needs=Need.READ, refusals=(404,))
def get_image_versions(call: Call, query: VersionsQuery) -> Answer[Listed[VersionView]]:
    """List the versions of an image, in its gallery and in our records, the highest number first."""
    return Answer(list_versions(call.services, call.path["image"], call.reach, query))


@endpoint(bp, "GET", "images/{image}/versions/{version}", needs=Need.READ, refusals=(404,))
def get_image_version(call: Call) -> Answer[VersionView]:
    """Read a version of an image. After its removal, `in_gallery` says whether it is gone."""
    return Answer(read_version(call.services, call.path["image"], call.path["version"], call.reach))


@endpoint(bp, "POST", "images/{image}/stage", needs=Need.PUBLISH, refusals=(404, 409))
def post_stage(call: Call, asked: StageRequest) -> Answer[VersionView]:
    """Stage a version that already exists in the gallery. No host gets it before it is activated."""
    return Answer(stage_version(call.services, call.path["image"], asked, call.who, call.reach))


@endpoint(bp, "POST", "images/{image}/versions/{version}/verdict", needs=Need.PUBLISH, refusals=(404, 409))
def post_verdict(call: Call, engine: Engine, asked: VerdictRequest) -> Answer[VersionView]:
    """Record the test result of a version. `failed` stops its rollouts, and it is activated or rolled back to only with
    `force`."""
    image, version = call.path["image"], call.path["version"]
    return Answer(give_verdict(call.services, engine, image, version, asked, call.who, call.reach))


@endpoint(bp, "DELETE", "images/{image}/versions/{version}", needs=Need.PUBLISH, also=(202,), refusals=(404, 409))
def delete_version(call: Call, engine: Engine, query: RemoveVersionQuery) -> Answer[VersionView]:
    """Discard a staged version, or remove one that was active. 202 while its deletion from the gallery is pending."""
    image, version = call.path["image"], call.path["version"]
    view, leaving = remove_version(call.services, engine, image, version, call.who, call.reach, query.rollouts)
    if leaving:
        return Answer(view, status=202, location=f"/api/images/{image}/versions/{version}")
    return Answer(view)


@endpoint(bp, "POST", "images/{image}/set-as-image", needs=Need.PUBLISH, status=202, also=(200,), refusals=(404, 409))
def post_set_as_image(
    call: Call, engine: Engine, query: WhatIfQuery, asked: SetAsImageRequest
) -> Answer[TaskView | SetAsImagePlanView]:
    """Create a new version from the template VM, staged by default. 409 while the VM runs, unless `power_off`. With
    `what_if=true`, only show what would happen (200)."""
    if query.what_if:
        return Answer(plan_set_as_image(call.services, call.path["image"], asked, call.who), status=200)
    task = set_as_image(call.services, engine, call.path["image"], asked, call.who, call.reach)
    return Answer(task_for(call.services, call.caller, call.reach, task), location=task.href)


@endpoint(bp, "POST", "images/{image}/power", needs=Need.PUBLISH, status=202, refusals=(404, 409))
def post_power(call: Call, asked: PowerRequest) -> Answer[ImageView]:
    """Start the template VM of an image, or switch it off. Azure goes on after the answer: `template.power` says how
    far it is."""
    view = set_power(call.services, call.path["image"], asked.action, call.who, call.reach)
    return Answer(view, location=f"/api/images/{view.name}")


@endpoint(bp, "POST", "images/{image}/activate", needs=Need.PUBLISH, status=202, also=(200,), refusals=(404, 409, 422))
def post_activate(
    call: Call, engine: Engine, query: WhatIfQuery, asked: ActivateRequest
) -> Answer[TaskView | ActivationPlanView]:
    """Activate the staged version: new and burst hosts get it. Pools are updated only if the request asks for it. With
    `what_if=true`, only show what would happen (200)."""
    if query.what_if:
        return Answer(plan_activation(call.services, call.path["image"], asked, call.who, call.reach), status=200)
    task = activate(call.services, engine, call.path["image"], asked, call.who, call.reach)
    return Answer(task_for(call.services, call.caller, call.reach, task), location=task.href)


@endpoint(bp, "POST", "images/{image}/roll-back", needs=Need.PUBLISH, status=202, also=(200,), refusals=(404, 409, 422))
def post_roll_back(
    call: Call, engine: Engine, query: WhatIfQuery, asked: RollBackRequest
) -> Answer[TaskView | ActivationPlanView]:
    """Make a backup the active version again. Pools are updated only if the request asks for it. With `what_if=true`,
    only show what would happen (200)."""
    if query.what_if:
        return Answer(plan_activation(call.services, call.path["image"], asked, call.who, call.reach), status=200)
    task = roll_back(call.services, engine, call.path["image"], asked, call.who, call.reach)
    return Answer(task_for(call.services, call.caller, call.reach, task), location=task.href)
