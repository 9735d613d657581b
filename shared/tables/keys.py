"""Partition and row key of each kind of record, and the escaping of keys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC

from shared.models.access.caps import Caps
from shared.models.access.grants import AppKey, Grant
from shared.models.access.limits import Limits
from shared.models.access.profiles import Profile
from shared.models.accounts import Account
from shared.models.answers import KeptAnswer
from shared.models.audit import AuditEntry, RefusalCount
from shared.models.base import Record, version_key
from shared.models.history.rollout_events import RolloutEvent
from shared.models.images import Image, ImageRow
from shared.models.kept_disks import KeptDisk
from shared.models.pools import Pool, PoolLook
from shared.models.promotions import Promotion
from shared.models.resource_claims import ResourceClaim
from shared.models.rollouts import Rollout, RolloutHost
from shared.models.tasks import Task
from shared.services import ACCOUNTS, APP_KEYS, CAPS, GRANTS, IMAGES, LOOKS, POOLS, PROMOTIONS, ROLLOUTS, TASKS

type Keys[R: Record] = Callable[[R], tuple[str, str]]
"""Returns partition and row key of a record, unescaped."""

_LONGEST = 250
_HASH_DIGITS = 32
_ESCAPE = "~"  # not "%": it would be quoted again in URLs, and not every reader undoes that twice
_FORBIDDEN = frozenset("/\\#?%" + _ESCAPE)
_PLAIN = re.compile(f"[^{re.escape(''.join(_FORBIDDEN))}\\x00-\\x1f\\x7f-\\U0010ffff]{{0,{_LONGEST}}}")
"""Keys that stay what they are, as nearly all do."""


def account_keys(account: Account) -> tuple[str, str]:
    """All accounts are one partition, by name."""
    return ACCOUNTS, account.name


def pool_keys(pool: Pool) -> tuple[str, str]:
    """All pools are one partition, by name."""
    return POOLS, pool.name


def look_keys(look: PoolLook) -> tuple[str, str]:
    """The last looks at all pools are one partition, by the pools' names."""
    return LOOKS, look.pool


def image_keys(image: Image) -> tuple[str, str]:
    """All images are one partition, by name."""
    return IMAGES, image.name


def image_row_keys(row: ImageRow) -> tuple[str, str]:
    """The versions of an image are one partition, in order, with the row `image` that names the versions in use."""
    if row.kind == "state":
        return row.image, "image"
    return row.image, "v:" + ".".join(f"{part:010d}" for part in version_key(row.version))


def disk_keys(disk: KeptDisk) -> tuple[str, str]:
    """The kept disks of a pool are one partition, ordered by host."""
    return disk.pool, disk.key


def task_keys(task: Task) -> tuple[str, str]:
    """All tasks are one partition, newest first by their ids."""
    return TASKS, task.id


def promotion_keys(promotion: Promotion) -> tuple[str, str]:
    """All promotions are one partition, newest first by their ids."""
    return PROMOTIONS, promotion.id


def rollout_keys(rollout: Rollout) -> tuple[str, str]:
    """All rollouts are one partition, newest first by their ids."""
    return ROLLOUTS, rollout.id


def rollout_host_keys(host: RolloutHost) -> tuple[str, str]:
    """The hosts of a rollout are one partition, by name."""
    return host.rollout, host.host


def event_keys(event: RolloutEvent) -> tuple[str, str]:
    """The events of a rollout are one partition, newest first by their ids."""
    return event.rollout, event.id


def claim_keys(claim: ResourceClaim) -> tuple[str, str]:
    """The claims of a kind of resource are one partition, by the resource's id."""
    return claim.kind, claim.resource


def answer_keys(answer: KeptAnswer) -> tuple[str, str]:
    """Every stored answer is its own partition: answers are never listed, and this spreads the load."""
    return answer.key, answer.key


def audit_keys(entry: AuditEntry) -> tuple[str, str]:
    """The entries of a month (UTC) are one partition, newest first by their ids."""
    return entry.month, entry.id


def refusal_keys(refusal: RefusalCount) -> tuple[str, str]:
    """The counts of a month (UTC) are one partition, newest hour first by their ids."""
    return f"{refusal.hour.astimezone(UTC):%Y-%m}", refusal.id


def grant_keys(grant: Grant) -> tuple[str, str]:
    """All grants are one partition, by principal."""
    return GRANTS, grant.principal


def app_key_keys(key: AppKey) -> tuple[str, str]:
    """All app keys are one partition, by name."""
    return APP_KEYS, key.name


def limits_keys(limits: Limits) -> tuple[str, str]:
    """The limits of an account are one partition, by ring."""
    return limits.account, limits.ring


def caps_keys(caps: Caps) -> tuple[str, str]:
    """All caps are one partition, by account."""
    return CAPS, caps.account


def profile_keys(profile: Profile) -> tuple[str, str]:
    """The profiles of a kind of an account are one partition, by name."""
    return profile.account, profile.name


def escape_key(text: str) -> str:
    """The text as a partition or row key: at most 250 printable ASCII characters, none of them forbidden.

    `/ \\ # ? %` and everything outside printable ASCII become `~` and two hex digits per UTF-8 byte, so that different
    texts get different keys. A key that is too long keeps its start and ends with a hash of the whole text (`~~` occurs
    in no other key). Azurite answers 500 to a slash in a key and 400 to more than 512 characters.
    """
    if _PLAIN.fullmatch(text):
        return text
    escaped = "".join(_escape_character(character) for character in text)
    if len(escaped) <= _LONGEST:
        return escaped
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"{escaped[: _LONGEST - _HASH_DIGITS - 2]}~~{digest}"


def _escape_character(character: str) -> str:
    if " " <= character <= "~" and character not in _FORBIDDEN:
        return character
    return "".join(f"{_ESCAPE}{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
