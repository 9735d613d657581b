"""Global images and their versions in the gallery."""

from __future__ import annotations

from shared.models.base import Name, Record, UtcTime, Value, VersionText


class Image(Record):
    """A global image: a name for one gallery image definition.

    `definition_id` is the ARM id `/subscriptions/…/galleries/{gallery}/images/{definition}`.
    """

    name: Name
    definition_id: str
    registered_at: UtcTime


class GalleryVersion(Value):
    """One image version as the compute gallery has it (GET with `$expand=ReplicationStatus`)."""

    id: str
    version: VersionText
    ready: bool
    """Provisioned, and replicated to every target region."""
    exclude_from_latest: bool
    """True is how a version is staged: in the gallery, used by nobody."""
    replicas: dict[str, int]
    """Replicas per region, by normalised region name (`westeurope`)."""
    detail: str = ""
    """When not ready: what is missing."""
