"""Judges a rollout's history at the end of a run: it agrees with the rows, and time never goes backwards in it."""

from __future__ import annotations

from collections import Counter

from shared.core.states import HostState
from shared.models.history.rollout_events import RolloutEvent
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from tests.fixtures.app import App

_ENDS = {HostState.DONE: "host_done", HostState.FAILED: "host_failed"}
_OF_HOSTS = {*_ENDS.values(), "host_skipped", "signed_out"}


def judge_history(app: App, rollout: Rollout, rows: list[RolloutHost]) -> None:
    """Raises AssertionError for a rollout that has ended, and whose history says something else than its rows."""
    events = [one for one in app.tables.events.peek_all() if one.rollout == rollout.id]  # type: ignore[attr-defined]
    events.sort(key=lambda one: one.id, reverse=True)
    text = (rollout.id, rollout.state, [(one.kind, one.host, one.at) for one in events])
    _begins_and_ends(rollout, events, text)
    moments = [int(one.at.timestamp() * 1000) for one in events]
    assert moments == sorted(moments), text
    assert all(rollout.created_at <= one.at <= app.now for one in events), text
    hosts = {row.host for row in rows}
    assert all(one.host in hosts for one in events if one.kind in _OF_HOSTS), text
    told = {(one.kind, one.host, one.at) for one in events}
    for row in rows:
        kind = _ENDS.get(row.state)
        copied = row.ended_at is not None and row.ended_at < rollout.created_at  # left outside by the refresh before
        if kind and not copied and not (kind == "host_done" and rollout.kind is RolloutKind.REFRESH):
            assert (kind, row.host, row.ended_at) in told, (row.host, row.state, row.ended_at, text)
    ends = Counter((one.host, one.at) for one in events if one.kind in _OF_HOSTS - {"signed_out"})
    assert all(number == 1 for number in ends.values()), text


def _begins_and_ends(rollout: Rollout, events: list[RolloutEvent], text: object) -> None:
    kinds = Counter(one.kind for one in events)
    assert kinds["created"] == kinds["ended"] == 1, text
    assert kinds["begun"] == (rollout.started_at is not None), text
    created, ended = events[0], events[-1]
    assert created.kind == "created", text
    assert (ended.kind, ended.at, ended.data["state"]) == ("ended", rollout.ended_at, rollout.state.value), text
