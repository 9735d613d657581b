"""Global images."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.common import Listed
from shared.api.images import ImageRegistration, ImagesQuery, ImageView, VersionView
from shared.images import registration
from shared.views.images import list_images, list_versions, read_image
from triggers.contract import Answer, Call
from triggers.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "images")
def get_images(call: Call, query: ImagesQuery) -> Answer[Listed[ImageView]]:
    """List images with current and staged version, power state of the template VM and last task."""
    found = list_images(
        call.services,
        search=query.search,
        account=query.account,
        limit=query.limit,
        continuation=query.continuation,
    )
    return Answer(found)


@endpoint(bp, "PUT", "images/{image}", also=(201,), refusals=(409,))
def put_image(call: Call, asked: ImageRegistration) -> Answer[ImageView]:
    """Register an image, or change what it is built from and who may have it. 201 when it is new."""
    view, new = registration.register_image(call.services, call.path["image"], asked, call.who)
    return Answer(view, status=201 if new else 200, location=f"/api/images/{view.name}" if new else "")


@endpoint(bp, "GET", "images/{image}", refusals=(404,))
def get_image(call: Call) -> Answer[ImageView]:
    """Read an image."""
    return Answer(read_image(call.services, call.path["image"]))


@endpoint(bp, "GET", "images/{image}/versions", refusals=(404,))
def get_image_versions(call: Call) -> Answer[Listed[VersionView]]:
    """List the versions of an image, in its gallery and recorded, oldest first."""
    return Answer(list_versions(call.services, call.path["image"]))
