"""Whether somebody drives a rollout or a task: by when its row last showed a sign of life.

Passes and steps show it, but hours may lie between two of them. The engine that drives it may also be that of another
function host on the same tables, which our engine does not know. So each host's resume timer writes a sign of life for
whatever is alive in its engine. Who finds none for `resume_after` takes over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.services import Services

QUIET_SHARE = 0.25
"""A row that has shown no life for this part of `resume_after` is looked at: another host must never see it silent
because its timer runs a moment before ours."""


def is_quiet(services: Services, *signs: datetime | None) -> bool:
    """Whether it is time for another sign of life. `signs` are the moments of the earlier ones."""
    return _nothing_for(services, services.settings.resume_after * QUIET_SHARE, signs)


def is_silent(services: Services, *signs: datetime | None) -> bool:
    """Whether nobody drives it, unless our own engine does."""
    return _nothing_for(services, services.settings.resume_after, signs)


def _nothing_for(services: Services, seconds: float, signs: tuple[datetime | None, ...]) -> bool:
    last = max((sign for sign in signs if sign is not None), default=None)
    return last is None or services.now() >= last + timedelta(seconds=seconds)
