"""Versions of images, as far as it is done at once: stage, verdict, discard and remove."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.images import StageRequest, VerdictRequest, VersionView
from shared.images.removal import remove_version
from shared.images.staging import give_verdict, stage_version
from triggers.contract import Answer, Call
from triggers.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "POST", "images/{image}/stage", refusals=(404, 409))
def post_stage(call: Call, asked: StageRequest) -> Answer[VersionView]:
    """Stage a version that is in the gallery already. Nobody uses it until it is activated."""
    return Answer(stage_version(call.services, call.path["image"], asked, call.who))


@endpoint(bp, "POST", "images/{image}/versions/{version}/verdict", refusals=(404, 409))
def post_verdict(call: Call, asked: VerdictRequest) -> Answer[VersionView]:
    """Record what came of testing a staged version. One that has failed is activated only when forced."""
    return Answer(give_verdict(call.services, call.path["image"], call.path["version"], asked, call.who))


@endpoint(bp, "DELETE", "images/{image}/versions/{version}", also=(202,), refusals=(404, 409))
def delete_version(call: Call) -> Answer[VersionView]:
    """Discard a staged version, or remove a backup. 202 while it still has to leave the gallery."""
    view, leaving = remove_version(call.services, call.path["image"], call.path["version"], call.who)
    if leaving:
        return Answer(view, status=202, location=f"/api/images/{call.path['image']}/versions")
    return Answer(view)
