"""What came of testing a staged version."""

from __future__ import annotations

from shared.api.images import VerdictRequest, VersionView
from shared.core.ids import newest_first_id
from shared.imaging.changes import shown, tell
from shared.models.images import Verdict
from shared.records.images import find_image
from shared.records.versions import change_family
from shared.services import Services
from shared.versions import lifecycle


def give_verdict(services: Services, name: str, version: str, asked: VerdictRequest, who: str) -> VersionView:
    """Record whether a staged version has passed its test; a later verdict takes the place of an earlier one.

    Raises NotFound, Conflict when the version is not staged, AzureError.
    """
    image = find_image(services, name)
    there = services.gallery.version(image.definition_id, version)
    now = services.now()
    task = newest_first_id(now)
    verdict = Verdict(result=asked.result, note=asked.note, by=who, at=now)
    before, after = change_family(services, name, lambda family: lifecycle.judge(family, version, verdict, task=task))
    old, row = before.versions[version], after.versions[version]
    tell(services, old)  # that it was staged, should that have been cut off
    tell(services, row, before=old.verdict.result if old.verdict else "")
    return shown(services, image, row, there)
