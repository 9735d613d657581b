"""Resolves image references: to an image version, to the latest version of a definition, or to a managed image."""

from local.sim.core.names import REGION, last
from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError, Json

GALLERY = "Microsoft.Compute/galleries"
DEFINITION = "Microsoft.Compute/galleries/images"
VERSION = "Microsoft.Compute/galleries/images/versions"
MANAGED_IMAGE = "Microsoft.Compute/images"


def public(body: Json) -> Json:
    """A stored body without the simulator's private fields."""
    return {key: value for key, value in body.items() if not key.startswith("_")}


def as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def definition_of(image_id: str) -> str:
    """The id of the definition that an image id belongs to, or an empty string."""
    low = image_id.lower()
    if "/galleries/" not in low:
        return ""
    return image_id[: low.index("/versions/")] if "/versions/" in low else image_id


def resolve(sim: Sim, reference: Json) -> tuple[str, str]:
    """Return the version and the id of its gallery version; the id is empty outside a gallery."""
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
    """The body of a version, found by its id or as the latest one of a definition's id."""
    versions = sim.world.of(VERSION)
    if "/versions/" in image_id.lower():
        found = versions.get(image_id.lower())
    else:
        prefix = f"{image_id.lower()}/versions/"
        offered = [b for key, b in versions.items() if key.startswith(prefix) and _counts_for_latest(b)]
        found = max(offered, key=lambda b: as_numbers(b["name"]), default=None)
    if found is None:
        message = f"The gallery image {image_id} is not available or has no version to deploy."
        raise ArmError(404, "GalleryImageNotFound", message, "imageReference")
    if found["properties"]["provisioningState"] not in {"Succeeded", "Updating"}:
        message = f"The gallery image version {last(image_id)} is still being created."
        raise ArmError(409, "GalleryImageVersionNotReady", message, "imageReference")
    return found


def _counts_for_latest(body: Json) -> bool:
    properties = body["properties"]
    return properties["provisioningState"] in {"Succeeded", "Updating"} and not _excluded(properties)


def _excluded(properties: Json) -> bool:
    """Whether the version is excluded from latest in the simulator's region: the region's own flag decides, and the
    version's flag where the region has none."""
    publishing = properties["publishingProfile"]
    here = [r for r in publishing.get("targetRegions", []) if r["name"].replace(" ", "").lower() == REGION]
    flags = [region["excludeFromLatest"] for region in here if region.get("excludeFromLatest") is not None]
    return any(flags) if flags else bool(publishing.get("excludeFromLatest"))
