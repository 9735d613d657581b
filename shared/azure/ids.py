"""ARM ids, taken apart. ARM compares them without case, so keys are lower case."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import AzureNotFound


@dataclass(frozen=True)
class ArmId:
    """`/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}[/{type}/{name}…]`."""

    subscription: str
    group: str
    kind: str
    """Its type in lower case, `microsoft.compute/disks` for instance."""
    names: tuple[str, ...]
    """The resource's name, after those of the resources it lies in."""

    @property
    def name(self) -> str:
        return self.names[-1]


def parse(resource_id: str, depth: int = 1) -> ArmId:
    """The parts of an id whose resource lies `depth` names deep (a VM 1, an image definition 2).

    Raises AzureNotFound when the text is no such id: it names nothing that could be there.
    """
    parts = resource_id.strip("/").split("/")
    whole = len(parts) == 6 + 2 * depth and all(parts)
    keywords = [part.lower() for part in parts[0:5:2]]
    if not whole or keywords != ["subscriptions", "resourcegroups", "providers"]:
        raise AzureNotFound("read an ARM id", None, "InvalidResourceId", f"'{resource_id}' is not an id of this kind")
    kind = "/".join([parts[5], *parts[6::2]]).lower()
    return ArmId(parts[1], parts[3], kind, tuple(parts[7::2]))


def subscription_of(resource_id: str) -> str:
    """The subscription of a resource, however deep it lies. Raises AzureNotFound for what is no such id."""
    return parse("/".join(resource_id.strip("/").split("/")[:8])).subscription


def last(name_or_id: str) -> str:
    """What follows the last `/`. AVD names are `pool/host` in some answers and bare in others (azure-facts 3)."""
    return name_or_id.rstrip("/").rsplit("/", 1)[-1]


def definition_of(image_id: str) -> str:
    """The id of the image definition, given the definition's or one of its versions'."""
    return _before_version(image_id)[0]


def pinned_version(image_id: str) -> str | None:
    """The version an image id is pinned to; None for a definition's id or `…/versions/latest`."""
    version = _before_version(image_id)[1]
    return None if version.lower() in {"", "latest"} else version


def _before_version(image_id: str) -> tuple[str, str]:
    at = image_id.lower().rfind("/versions/")
    return (image_id, "") if at < 0 else (image_id[:at], image_id[at + len("/versions/") :])
