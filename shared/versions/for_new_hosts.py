"""Which version a new or burst host of a pool is made from: never one that is only staged. Pure.

1. The pool has a rollout whose canary hosts passed, or one that rolls it back: the rollout's target.
2. The pool has a rollout that is not that far, or that is being rolled back: the pool's own version.
3. No rollout, one of chosen hosts, or one to a version that the image was rolled back from: the image's active version,
   if it was activated after the pool got its own version. If that activation also updates this pool, its rollout has to
   prove the version first. Otherwise the pool's own version.

If that version may not be used, these replace it, in this order: the pool's own version, its previous version, the
image's active version. Nothing replaces an unknown version while the gallery cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.codes import Code
from shared.core.hrefs import rollout_href
from shared.core.states import VERSION_FORMERLY_ACTIVE, VersionState
from shared.core.wording import VERSION_WORDS
from shared.models.images import GalleryVersion, ImageState
from shared.models.messages import Message, message
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.versions.version_set import VersionSet

GIVEABLE = VERSION_FORMERLY_ACTIVE | {VersionState.ACTIVE}
"""States of versions that were released to users."""


@dataclass(frozen=True)
class Known:
    """The versions of an image: their rows, and the gallery's list; None when the gallery cannot be read."""

    version_set: VersionSet
    gallery: Mapping[str, GalleryVersion] | None

    def tells_of(self, version: str) -> bool:
        """Whether the version is known: versions without a row are known only to the gallery."""
        return self.gallery is not None or version in self.version_set.versions

    def refusal(self, version: str) -> str:
        """Why a host for users may not be made from the version; empty when it may.

        While the gallery cannot be read, only versions whose row says that they were released may be used.
        """
        recorded, there = self.version_set.versions.get(version), (self.gallery or {}).get(version)
        if recorded and recorded.state not in GIVEABLE:
            return "is only staged" if recorded.state is VersionState.STAGED else VERSION_WORDS[recorded.state]
        if recorded and recorded.deleting:
            return "is being removed"
        if there is None:
            released = recorded is not None and self.gallery is None
            return "" if released else "is not in the gallery"
        return "is only staged" if recorded is None and there.exclude_from_latest else ""


@dataclass(frozen=True)
class Choice:
    """A version for new hosts, and the reason for it."""

    image: str
    version: str
    reason: Message
    refused: str = ""
    """Why it replaces the version that the rules name; empty when it is that version."""


def choose(pool: Pool, rollout: Rollout | None, images: Mapping[str, Known]) -> Choice | None:
    """The version for new hosts; None when no usable version is known, or only the gallery could tell.

    `rollout` is the pool's open rollout; `images` has the pool's image and the rollout's image. A rollout to a version
    that the image was rolled back from since counts as none.
    """
    if rollout and _was_left(rollout, images[rollout.image].version_set):
        rollout = None
    instead = ""
    for choice in _in_order(pool, rollout, images[pool.image].version_set.state):
        if not images[choice.image].tells_of(choice.version):
            return None
        refused = images[choice.image].refusal(choice.version)
        if not refused:
            return Choice(choice.image, choice.version, _reason(choice.reason, instead), instead)
        instead = instead or f"version {choice.version} {refused}"
    return None


def _was_left(rollout: Rollout, version_set: VersionSet) -> bool:
    """Whether the image was rolled back from the rollout's version after it was asked for."""
    row = version_set.versions.get(rollout.version)
    forward = rollout.kind is RolloutKind.UPDATE and not rollout.rolling_back
    return bool(forward and row and row.rolled_back and row.retired_at and row.retired_at > rollout.created_at)


def _reason(reason: Message, instead: str) -> Message:
    if not instead:
        return reason
    return reason.model_copy(update={"code": Code.STANDS_IN.value, "text": f"{instead}; instead: {reason.text}"})


def _in_order(pool: Pool, rollout: Rollout | None, state: ImageState) -> list[Choice]:
    """The version that the rules name, then the versions that may replace it."""
    if rollout and not rollout.selection.of_whole_pool:
        rollout = None  # only the chosen hosts get its version
    if rollout and rollout.kind is RolloutKind.ROLL_BACK and not rollout.rolling_back:
        named = Choice(
            rollout.image,
            rollout.version,
            _rolls_back(rollout),
        )
        return [named, *_of_pool(pool, *_stand_ins(pool, state))]
    if rollout and rollout.progress.canary_passed_at and not rollout.rolling_back and not rollout.failed_hosts_only:
        text = "the canary hosts of its rollout passed their checks"
        named = Choice(rollout.image, rollout.version, _of_rollout(rollout, Code.ROLLOUT_PROVEN, text))
        return [named, *_of_pool(pool, *_stand_ins(pool, state))]
    return _of_pool(pool, _named(pool, rollout, state), *_stand_ins(pool, state))


def _of_rollout(rollout: Rollout, code: Code, text: str) -> Message:
    return message(code, text, href=rollout_href(rollout.id))


def _rolls_back(rollout: Rollout) -> Message:
    return _of_rollout(rollout, Code.ROLLOUT_ROLLS_BACK, "a rollout takes the pool back to this version")


_POOL_VERSION = message(Code.POOL_VERSION, "the pool is on this version")
_POOL_VERSION_BEFORE = message(Code.POOL_VERSION_BEFORE, "the pool was on this version before")
_ACTIVE_VERSION = message(Code.ACTIVE_VERSION, "it is the active version of the image")
_ACTIVATED_SINCE = message(Code.ACTIVATED_SINCE, "it was activated after the pool got its own version")

type _Reasoned = tuple[str | None, Message]
"""A version, and the reason for it."""


def _of_pool(pool: Pool, *reasoned: _Reasoned) -> list[Choice]:
    return [Choice(pool.image, version, reason) for version, reason in reasoned if version]


def _stand_ins(pool: Pool, state: ImageState) -> list[_Reasoned]:
    of_this_image = pool.previous_image in {None, pool.image}
    return [
        (pool.version, _POOL_VERSION),
        (pool.previous_version if of_this_image else None, _POOL_VERSION_BEFORE),
        (state.active, _ACTIVE_VERSION),
    ]


def _named(pool: Pool, rollout: Rollout | None, state: ImageState) -> _Reasoned:
    """The version that rules 2 and 3 name."""
    if rollout and rollout.rolling_back:
        return pool.version, _rolls_back(rollout)
    if rollout:
        text = "the pool keeps this version until the canary hosts of its rollout pass their checks"
        return pool.version, _of_rollout(rollout, Code.ROLLOUT_UNPROVEN, text)
    moved_on = state.activated_at and state.activated_at > (pool.version_at or pool.registered_at)
    if moved_on and pool.name in state.waiting_pools:
        text = f"the pool keeps this version until its own rollout has proven {state.active}"
        return pool.version, message(Code.ROLLOUT_TO_COME, text)
    if moved_on:
        return state.active, _ACTIVATED_SINCE
    return pool.version, _POOL_VERSION
