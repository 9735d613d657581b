"""A rollout's rows in one line, for what is made of them: progress, forecast, report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.states import HostState, RolloutState
from shared.models.policy import PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.rollouts import Rollout, RolloutHost, Schedule

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def rollout(
    mode: ScheduleMode = ScheduleMode.ON_LOGOFF,
    state: RolloutState = RolloutState.RUNNING,
    *,
    force: timedelta = 8 * HOUR,
    policy: dict[str, Any] | None = None,
    **fields: Any,
) -> Rollout:
    """From 1.0.0 to 2.0.0, begun at START (`at`: at `force`), people signed out `force` later; nothing settles."""
    begin = START + (force if mode is ScheduleMode.AT else timedelta())
    forced = START if mode is ScheduleMode.NOW else START + force
    given: dict[str, Any] = {
        "id": "1-a",
        "pool": "office",
        "state": state,
        "image": "win11",
        "definition_id": "/d",
        "version": "2.0.0",
        "version_id": "/d/versions/2.0.0",
        "replicas": 1,
        "from_version": "1.0.0",
        "schedule": Schedule(mode=mode, begin_at=begin, force_at=forced, time_zone="UTC"),
        "policy": resolve_policy(mode, PolicyOverrides.model_validate({"settle_seconds": 0} | (policy or {}))),
        "created_at": START,
    }
    return Rollout(**(given | fields))


def host(state: HostState = HostState.PENDING, name: str = "h0", **fields: Any) -> RolloutHost:
    """A host's row."""
    return RolloutHost(rollout="1-a", host=name, vm_id=f"/{name}", state=state, **fields)


def hosts(*states: HostState, sessions: int = 0, minutes: float = 10) -> list[RolloutHost]:
    """Rows in these states; those in work or done were taken at START and took so many minutes."""
    rows = []
    for number, state in enumerate(states):
        worked = state.in_work or state is HostState.DONE
        ended = START + timedelta(minutes=minutes) if state is HostState.DONE else None
        taken = START if worked else None
        rows.append(host(state, f"h{number}", sessions=0 if worked else sessions, taken_at=taken, ended_at=ended))
    return rows
