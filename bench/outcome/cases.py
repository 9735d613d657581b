"""The compared policies and their settings. Each model runs with every setting listed here, and its best result counts.

The best setting is chosen with hindsight, which no administrator has: among the settings that end at most an hour
after the deadline, the one with the fewest forced sign-outs, then the fewest refused logons, then the earliest end.
Where documentation is ambiguous, both readings are run as settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bench.outcome import horizon, replacer, scale_set, session_host_update, workspot
from bench.outcome.freshcoat import Freshcoat
from bench.outcome.hosts import Spread
from bench.outcome.people import HOUR
from bench.outcome.pool import Pool
from shared.models.policy import PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.windows import Window

STARTS = (0, 10, 16, 17.5)
"""Start times in hours after START for policies that do not wait for logoffs: Tuesday 10:00, 20:00, 02:00, 03:30."""
NIGHTS = Window.model_validate({"from": "18:00", "to": "06:00"})
LAST_NIGHT = 43 * HOUR
"""The deadline of the variant with windows: Thursday 05:00, inside the last window before the other deadline."""

OURS = "Freshcoat"
OURS_AT_NIGHT = "Freshcoat, 18:00 to 06:00"


class Policy(Protocol):
    """Updates a pool to a new version."""

    def begin(self, pool: Pool) -> None:
        """Publish the new version, at START."""


@dataclass(frozen=True)
class Setting:
    """A policy with one of its settings. `starts` is in hours after START."""

    policy: str
    text: str
    make: Callable[[], Policy]
    starts: float = 0


@dataclass(frozen=True, order=True)
class Case:
    """A pattern of user behaviour and a load balancing mode."""

    pattern: str
    spread: Spread

    def __str__(self) -> str:
        return f"{self.pattern}, {self.spread}"


CASES = (
    Case("office", Spread.BREADTH),
    Case("shift", Spread.BREADTH),
    Case("mixed", Spread.BREADTH),
    Case("mixed", Spread.DEPTH),
)


def settings(hosts: int) -> list[Setting]:
    """All settings to run on a pool of this size."""
    return [*_ours(), *_by_the_clock(hosts), *_by_log_off(hosts)]


def _ours() -> Iterator[Setting]:
    yield Setting(OURS, "default policy, deadline after 48 h", Freshcoat)
    policy = resolve_policy(ScheduleMode.ON_LOGOFF, PolicyOverrides(windows=(NIGHTS,)))
    yield Setting(OURS_AT_NIGHT, "windows, deadline after 43 h", partial(Freshcoat, policy, deadline=LAST_NIGHT))


def _by_the_clock(hosts: int) -> Iterator[Setting]:
    """The policies that an administrator starts at a chosen hour."""
    for starts in STARTS:
        for share in (10, 4):
            yield _update(session_host_update.Chosen(starts, max(1, hosts // share)))
        for percent, surge in ((10, False), (10, True), (20, False), (20, True)):
            yield _rolling(scale_set.Chosen(starts, percent, surge))
        for kept in (hosts // 4, hosts // 2, 3 * hosts // 4):
            yield _force(horizon.Forcing(starts, kept))


def _by_log_off(hosts: int) -> Iterator[Setting]:
    """The policies that wait for users to log off."""
    for buffer in (hosts // 10, hosts // 4, hosts):
        for grace in (24, 46):
            yield _replacer(replacer.Chosen(buffer, grace))
    yield _wait(horizon.Waiting())
    for kept in (0, hosts // 4, hosts // 2):
        yield _wait(horizon.Waiting(kept, drains=True))
    for drains in (False, True):
        yield _on_log_off(workspot.Chosen(drains=drains))


def _update(chosen: session_host_update.Chosen) -> Setting:
    make = partial(session_host_update.SessionHostUpdate, chosen)
    return Setting("AVD session host update", str(chosen), make, chosen.starts)


def _rolling(chosen: scale_set.Chosen) -> Setting:
    return Setting("VMSS rolling upgrade", str(chosen), partial(scale_set.RollingUpgrade, chosen), chosen.starts)


def _force(chosen: horizon.Forcing) -> Setting:
    return Setting("Horizon, force", str(chosen), partial(horizon.PushForce, chosen), chosen.starts)


def _wait(chosen: horizon.Waiting) -> Setting:
    return Setting("Horizon, wait", str(chosen), partial(horizon.PushWait, chosen))


def _replacer(chosen: replacer.Chosen) -> Setting:
    return Setting("AVDSessionHostReplacer", str(chosen), partial(replacer.SessionHostReplacer, chosen))


def _on_log_off(chosen: workspot.Chosen) -> Setting:
    return Setting("Workspot, on log-off", str(chosen), partial(workspot.OnLogOff, chosen))
