"""The progress of a rollout: percent of the work, the next event, the expected end. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from shared.api.conditions import entity_tag
from shared.api.profiles import UsedProbe
from shared.api.rollout_settings import settings_of
from shared.api.rollouts import LostHostView, RolloutBrief, RolloutView
from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.models.messages import Message, message, sentence
from shared.models.pools import Pool
from shared.models.rollout_parts import LEFT_OUT
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.forecast import WAITS_FOR_A_PERSON, forecast
from shared.planning.freshness import is_fresh
from shared.planning.host_time import host_time
from shared.planning.lost_hosts import lost_hosts, waits_for
from shared.views import suspension
from shared.views.next_events import next_event, windows_of

WEIGHTS = {
    HostState.PENDING: 0,
    HostState.DRAINING: 5,
    HostState.WAITING_FOR_LOGOFF: 10,
    HostState.SIGNING_OUT: 15,
    HostState.REIMAGING: 25,
    HostState.JOINING: 70,
    HostState.VERIFYING: 85,
    HostState.DONE: 100,
    HostState.SKIPPED: 100,
    HostState.FAILED: 100,
}
"""Percent of a host's work that is done when it enters a state."""


_STOPS = frozenset({RolloutState.CANCELLING, RolloutState.CANCELLED, RolloutState.FAILED})
"""States of a rollout that does not complete all of its work."""


def percent(counts: Mapping[str, int], *, ended: bool, undone: int | None = None) -> int:
    """Percent of the work that is done, rounded down; 100 only when the rollout has ended.

    `undone`: hosts that a stopped rollout did not update or that failed in it; None for every other rollout.
    """
    total = sum(counts.values())
    if total == 0:
        return 100 if ended and undone is None else 0
    done = sum(WEIGHTS[HostState(state)] * count for state, count in counts.items()) - 100 * (undone or 0)
    return done // total if ended else min(done // total, 99)


def note_of(rollout: Rollout) -> Message | None:
    """Why the rollout is in its state. First of all, that it was suspended or cannot read its pool: until that is
    over, nothing else happens."""
    return suspension.of_rollout(rollout) or _unreadable(rollout) or rollout.note


def _unreadable(rollout: Rollout) -> Message | None:
    return None if rollout.state.ended else rollout.progress.unreadable


def is_not_updated(rollout: Rollout, host: RolloutHost) -> bool:
    """Whether a host was not updated because the rollout was stopped, not because it needed no update."""
    if host.state is not HostState.SKIPPED or not is_there(host) or is_left_out(host):
        return False
    return host.rolling_back if rollout.rolling_back else host.version != rollout.version


def is_left_out(host: RolloutHost) -> bool:
    """Whether the host was left out, by the request or by its tag."""
    return host.state is HostState.SKIPPED and host.reason is not None and host.reason.code in LEFT_OUT


def is_asked_about(rollout: Rollout, host: RolloutHost) -> bool:
    """Whether somebody undrained the host, and the rollout waits for an answer."""
    asks = host.reason is not None and host.reason.code == Code.UNDRAINED and not host.state.ended
    answered = host.host in rollout.selection.drain_again or rollout.why_left_out(host) is not None
    return asks and not (answered or rollout.state.ended)


def is_there(host: RolloutHost) -> bool:
    """Whether the host is in the pool and has a VM, as far as the last pass knows."""
    return not (host.vm_missing or host.missing_since)


def versions_of(hosts: Iterable[RolloutHost]) -> dict[str, int]:
    """Hosts that are there per version, as last verified; `unknown`: on no version of the image."""
    return dict(sorted(Counter(host.version or "unknown" for host in hosts if is_there(host)).items()))


def _not_done(rollout: Rollout, counts: Mapping[str, int], undone: int) -> int | None:
    """Hosts that a stopped rollout did not update; None for other rollouts, and for a refresh, which has no target."""
    stops = rollout.state in _STOPS and rollout.kind is not RolloutKind.REFRESH
    return undone + counts.get(HostState.FAILED, 0) if stops else None


def brief(rollout: Rollout, now: datetime) -> RolloutBrief:
    """A rollout for a list, from its own row alone: counts are those of its last pass."""
    last = rollout.progress.last_pass
    foreseen = None if rollout.state in WAITS_FOR_A_PERSON or last is None else last.expected_end
    fields = _brief_fields(rollout, rollout.progress.counts, last.not_updated if last else 0)
    return RolloutBrief.model_validate(
        fields
        | {
            "next": suspension.of_rollout(rollout) or next_event(rollout, now),
            "expected_end": rollout.ended_at or (foreseen and _full_minute(foreseen)),
            "sessions_open": last.sessions_to_end if last and not rollout.state.ended else 0,
        }
    )


def brief_percent(rollout: Rollout) -> int:
    """Percent of a rollout's work, from its own row alone."""
    last = rollout.progress.last_pass
    return _percent(rollout, rollout.progress.counts, last.not_updated if last else 0)


def _brief_fields(rollout: Rollout, counts: Mapping[str, int], undone: int) -> dict[str, object]:
    kept = {name: getattr(rollout, name) for name in RolloutBrief.model_fields if name not in _COMPUTED}
    kept["note"] = note_of(rollout)
    if rollout.kind is RolloutKind.REFRESH:
        kept["schedule"] = None  # it signs nobody out, so its moments say nothing
    return kept | {
        "percent": _percent(rollout, counts, undone),
        "counts": dict(counts),
        "from_version": rollout.before.version,
        "hosts": sum(counts.values()),
        "failed": counts.get(HostState.FAILED, 0),
    }


_COMPUTED = {"percent", "counts", "from_version", "hosts", "failed", "next", "expected_end", "sessions_open"}


def _percent(rollout: Rollout, counts: Mapping[str, int], undone: int) -> int:
    if rollout.kind is RolloutKind.REFRESH and not rollout.state.ended:
        last = rollout.progress.last_pass
        return fresh_percent(last.fresh, last.hosts) if last else 0
    return percent(counts, ended=rollout.state.ended, undone=_not_done(rollout, counts, undone))


def fresh_percent(fresh: int, hosts: int) -> int:
    """Progress of a running refresh: the share of hosts that are fresh, rounded down. It never ends, so never 100."""
    return min(99, 100 * fresh // hosts) if hosts else 0


def _of_selection(rollout: Rollout, hosts: Sequence[RolloutHost]) -> dict[str, object]:
    """Which hosts it updates."""
    selection = rollout.selection
    return {
        "only": list(selection.only) or None,
        "exclude": list(selection.exclude),
        "for_new_hosts": selection.for_new_hosts,
        "drain_again": list(selection.drain_again),
        "undrained": sorted(host.host for host in hosts if is_asked_about(rollout, host)),
        "left_out": sum(is_left_out(host) for host in hosts),
    }


def _of_approvals(rollout: Rollout) -> dict[str, object]:
    """What was approved, and since when it waits for that: of a second person, and of the canary hosts."""
    waits = rollout.state is RolloutState.AWAITING_APPROVAL
    return {
        "awaiting_since": (rollout.second.awaiting_since or rollout.approval.awaiting_since) if waits else None,
        "second_person": rollout.second.asked,
        "second_approved_at": rollout.second.at,
        "second_approved_by": rollout.second.by,
        "approved_at": rollout.approval.at,
        "approved_by": rollout.approval.by,
    }


def _of_refresh(rollout: Rollout, hosts: Sequence[RolloutHost]) -> dict[str, object]:
    """The fields that only a refresh has."""
    if rollout.kind is not RolloutKind.REFRESH:
        return {}
    present = [host for host in hosts if host.state is not HostState.SKIPPED]
    fresh = sum(is_fresh(host) for host in present)
    fields: dict[str, object] = {"fresh": fresh}
    if rollout.progress.last_pass and not rollout.state.ended:
        fields["percent"] = fresh_percent(fresh, len(present))
    return fields


def _lost_hosts(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> Message | None:
    """That the rollout waits for lost hosts; None when it does not."""
    if rollout.state is not RolloutState.RUNNING or not (told := waits_for(lost_hosts(hosts), now)):
        return None
    return told.model_copy(update={"text": sentence(f"it {told.text}")})


_LOST = "out of the host pool, and not known to a rollout: retry the rollout, or publish a version"


def lost_hosts_view(pool: Pool, rollout_id: str = "") -> tuple[LostHostView, ...]:
    """The lost hosts of the pool; with an id only those that this rollout removed from it."""
    reason = message(Code.LOST_HOST, _LOST)
    return tuple(
        LostHostView(host=lost.host, vm_id=lost.vm_id, rollout=lost.rollout, reason=reason)
        for lost in pool.lost_hosts
        if rollout_id in {"", lost.rollout}
    )


def _of_the_end(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> dict[str, object]:
    """The expected end. Before it, to the minute: it moves with each second, and a page that is read again and again
    would never be the same."""
    foreseen = forecast(rollout, hosts, now)
    if rollout.state.ended or foreseen.expected is None:
        return {"expected_end": foreseen.expected, "expected_end_bounds": foreseen.bounds}
    bounds = tuple(map(_full_minute, foreseen.bounds)) if foreseen.bounds else None
    return {"expected_end": _full_minute(foreseen.expected), "expected_end_bounds": bounds}


def _full_minute(moment: datetime) -> datetime:
    """The moment, or the next full minute after it."""
    full = moment.replace(second=0, microsecond=0)
    return full if full == moment else full + timedelta(minutes=1)


def progress(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> RolloutView:
    """A rollout with everything that an operator needs to know about it, from its rows."""
    counts = {state.value: 0 for state in HostState}
    for host in hosts:
        counts[host.state.value] += 1
    shown = {state: count for state, count in counts.items() if count}
    open_sessions = sum(host.sessions for host in hosts if not host.state.ended)
    each = host_time(hosts, timedelta(seconds=rollout.first_guess))
    open_till, opens = windows_of(rollout, now)
    return RolloutView.model_validate(
        _brief_fields(rollout, shown, sum(is_not_updated(rollout, host) for host in hosts))
        | {
            "etag": entity_tag(settings_of(rollout)),
            "policy": rollout.policy,
            "probe": UsedProbe.of(rollout.probe),
            "accepting": rollout.progress.last_pass.accepting if rollout.progress.last_pass else None,
            "sessions_open": rollout.progress.last_pass.sessions_to_end
            if rollout.progress.last_pass
            else open_sessions,
            "sessions_signed_out": rollout.progress.signed_out,
            "minutes_per_host": round(each / timedelta(minutes=1), 1),
            "next": suspension.of_rollout(rollout) or _lost_hosts(rollout, hosts, now) or next_event(rollout, now),
            "last_pass_at": rollout.progress.last_pass.at if rollout.progress.last_pass else None,
            "versions": versions_of(hosts),
            "rolling_back": rollout.rolling_back,
            "windows_open_until": open_till,
            "windows_opens_at": opens,
        }
        | _of_the_end(rollout, hosts, now)
        | _of_approvals(rollout)
        | _of_selection(rollout, hosts)
        | _of_refresh(rollout, hosts)
    )
