"""Which version an image reference means: a version, a definition's latest, a managed image."""

from local.sim.core.names import REGION, last
from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError, Json

GALLERY = "Microsoft.Compute/galleries"
DEFINITION = "Microsoft.Compute/galleries/images"
VERSION = "Microsoft.Compute/galleries/images/versions"
MANAGED_IMAGE = "Microsoft.Compute/images"


def public(body: Json) -> Json:
    """A stored body without what the simulator keeps for itself."""
    return {key: value for key, value in body.items() if not key.startswith("_")}


def as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def definition_of(image_id: str) -> str:
    """The definition an image id belongs to, or an empty text."""
    low = image_id.lower()
    if "/galleries/" not in low:
        return ""
    return image_id[: low.index("/versions/")] if "/versions/" in low else image_id


def resolve(sim: Sim, reference: Json) -> tuple[str, str]:
    """(version, id of the gallery version) of an image reference; the id is empty outside a gallery."""
    image_id = str(reference.get("id") or "")
    if not image_id:
        return "", ""  # a marketplace image
    if definition_of(image_id):
        body = gallery_version(sim, image_id)
        return str(body["name"]), str(body["id"])
    managed = sim.world.of(MANAGED_IMAGE).get(image_id.lower())
    if managed is None:
        raise ArmError(404, "ImageNotFound", f"The image '{image_id}' was not found.", "imageReference")
    return str(managed.get("_version", "")), ""


def gallery_version(sim: Sim, image_id: str) -> Json:
    """The body of a version by its id, or of the latest one by its definition's id."""
    versions = sim.world.of(VERSION)
    if "/versions/" in image_id.lower():
        found = versions.get(image_id.lower())
    else:
        prefix = f"{image_id.lower()}/versions/"
        offered = [b for key, b in versions.items() if key.startswith(prefix) and _is_latest_material(b)]
        found = max(offered, key=lambda b: as_numbers(b["name"]), default=None)
    if found is None:
        message = f"The gallery image {image_id} is not available or has no version to deploy."
        raise ArmError(404, "GalleryImageNotFound", message, "imageReference")
    if found["properties"]["provisioningState"] not in {"Succeeded", "Updating"}:
        message = f"The gallery image version {last(image_id)} is still being created."
        raise ArmError(409, "GalleryImageVersionNotReady", message, "imageReference")
    return found


def _is_latest_material(body: Json) -> bool:
    properties = body["properties"]
    return properties["provisioningState"] in {"Succeeded", "Updating"} and not _excluded(properties)


def _excluded(properties: Json) -> bool:
    """Left out everywhere, or in the region where all machines are."""
    publishing = properties["publishingProfile"]
    here = [r for r in publishing.get("targetRegions", []) if r["name"].replace(" ", "").lower() == REGION]
    return any(flag.get("excludeFromLatest") for flag in (publishing, *here))
