"""What people are advised to do about a version. Pure."""

from __future__ import annotations

from shared.core.codes import Code
from shared.core.hrefs import image_roll_back_href, versions_href
from shared.models.messages import Message, message
from shared.versions.lifecycle import backup_to_take, failed_its_test
from shared.versions.version_set import VersionSet


def advice_of(version_set: VersionSet, version: str | None) -> Message | None:
    """The way back from an active version that failed its test; None for any other version."""
    row, image = version_set.versions.get(version or ""), version_set.state.image
    if row is None or version != version_set.state.active or not failed_its_test(row):
        return None
    if backup := backup_to_take(version_set):
        text = f"Version {version} is active and failed its test: roll the image back to {backup}."
        return message(Code.ROLL_BACK_OFFERED, text, href=image_roll_back_href(image))
    text = (
        f"Version {version} is active and failed its test, and there is no backup to choose. "
        "Activate a better version, or name the one to roll back to."
    )
    return message(Code.NO_BACKUP_TO_OFFER, text, href=versions_href(image))
