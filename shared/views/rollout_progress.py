"""The progress of a rollout: percent of the work, the next event, the expected end. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
from shared.planning import timing
from shared.planning.forecast import forecast
from shared.planning.freshness import is_fresh
from shared.planning.host_time import host_time
from shared.planning.lost_hosts import lost_hosts, waits_for
from shared.planning.windows import FOREVER, open_until, opens_at
from shared.views import suspension

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


def _not_done(rollout: Rollout, counts: Mapping[str, int], undone: int) -> int | None:
    """Hosts that a stopped rollout did not update; None for other rollouts, and for a refresh, which has no target."""
    stops = rollout.state in _STOPS and rollout.kind is not RolloutKind.REFRESH
    return undone + counts.get(HostState.FAILED, 0) if stops else None


def next_event(rollout: Rollout, now: datetime) -> Message | None:
    """What happens next; None after the end. Without `at` it waits for a person, or happens as hosts become free."""
    match rollout.state:
        case state if state.ended:
            return None
        case RolloutState.PAUSED if rollout.kind is RolloutKind.REFRESH:
            return message(Code.WAITS_FOR_RESUME, "It is paused until somebody resumes it.")
        case RolloutState.PAUSED:
            return message(Code.WAITS_FOR_RESUME, "It is paused until somebody resumes or cancels it.")
        case RolloutState.AWAITING_APPROVAL:
            return message(Code.WAITS_FOR_APPROVAL, "It waits until somebody approves or cancels it.")
        case RolloutState.CANCELLING:
            return message(Code.FINISHING_HOSTS, "The hosts that are being rebuilt are finished, then it ends.")
        case _ if rollout.rolling_back:
            return _next_while_rolling_back(rollout, now)
        case _:
            return _by_schedule(rollout, now)


def _next_while_rolling_back(rollout: Rollout, now: datetime) -> Message:
    """Hosts are rolled back as they empty; users on them have until `force_at`, and are warned before."""
    text = "Hosts are being rolled back."
    ahead = _of_schedule(rollout, now, begins=False)
    if not ahead:
        return message(Code.ROLLING_BACK, text)
    return ahead[0].model_copy(update={"text": f"{text} Next: {ahead[0].text[:1].lower()}{ahead[0].text[1:]}"})


def _by_schedule(rollout: Rollout, now: datetime) -> Message:
    """The next event of the schedule or of the windows, whichever comes first."""
    refreshes = rollout.kind is RolloutKind.REFRESH
    if refreshes and rollout.note:
        return rollout.note.model_copy(update={"text": sentence(rollout.note.text)})  # why nothing is started
    begin = max(now, rollout.schedule.begin_at)
    until, opens = _windows(rollout, begin)
    upcoming = [] if refreshes else _of_schedule(rollout, now, begins=opens is None)
    if opens:
        upcoming.append(message(Code.WINDOW_OPENS, "The maintenance window opens, so hosts may be taken.", at=opens))
    elif until:
        text = "The maintenance window closes: hosts that are being rebuilt finish, no other is started."
        upcoming.append(message(Code.WINDOW_CLOSES, text, at=until))
    if upcoming:
        return min(upcoming, key=lambda one: one.at or now)
    if refreshes:
        return message(Code.REFRESHING_HOSTS, "Hosts are refreshed after use.")
    return message(Code.UPDATING_HOSTS, "The remaining hosts are updated.")


def _of_schedule(rollout: Rollout, now: datetime, *, begins: bool) -> list[Message]:
    """The schedule's next event, if there is one; its start only when hosts may be rebuilt then."""
    event = timing.next_event(rollout.schedule, rollout.policy, now)
    if event and event.at == rollout.schedule.begin_at and not begins:
        event = timing.next_event(rollout.schedule, rollout.policy, rollout.schedule.begin_at)
    return [event] if event else []


def _windows(rollout: Rollout, moment: datetime) -> tuple[datetime | None, datetime | None]:
    """Until when the windows allow work at `moment`, or else when the next one opens; None without a limit.

    A roll-back ignores windows: getting users off a bad version is more urgent.
    """
    windows = rollout.policy.windows
    if not windows or rollout.state.ended or rollout.rolling_back:
        return None, None
    until = open_until(windows, rollout.zone, moment)
    if until is None:
        return None, opens_at(windows, rollout.zone, moment)
    return (None if until == FOREVER else until), None


def brief(rollout: Rollout) -> RolloutBrief:
    """A rollout for a list, from its own row alone: counts are those of its last pass."""
    return RolloutBrief(
        **_brief_fields(
            rollout,
            rollout.progress.counts,
            rollout.progress.last_pass.not_updated if rollout.progress.last_pass else 0,
        )
    )


def _brief_fields(rollout: Rollout, counts: Mapping[str, int], undone: int) -> dict[str, object]:
    kept = {name: getattr(rollout, name) for name in RolloutBrief.model_fields if name not in _COMPUTED}
    kept["note"] = note_of(rollout)
    done = percent(counts, ended=rollout.state.ended, undone=_not_done(rollout, counts, undone))
    if rollout.kind is RolloutKind.REFRESH and not rollout.state.ended:
        done = (
            fresh_percent(rollout.progress.last_pass.fresh, rollout.progress.last_pass.hosts)
            if rollout.progress.last_pass
            else 0
        )
    if rollout.kind is RolloutKind.REFRESH:
        kept["schedule"] = None  # it signs nobody out, so its moments say nothing
    return kept | {"percent": done, "counts": dict(counts), "from_version": rollout.before.version}


_COMPUTED = {"percent", "counts", "from_version"}


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


def progress(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> RolloutView:
    """A rollout with everything that an operator needs to know about it, from its rows."""
    counts = {state.value: 0 for state in HostState}
    for host in hosts:
        counts[host.state.value] += 1
    shown = {state: count for state, count in counts.items() if count}
    open_sessions = sum(host.sessions for host in hosts if not host.state.ended)
    each = host_time(hosts, timedelta(seconds=rollout.first_guess))
    foreseen = forecast(rollout, hosts, now)
    open_till, opens = _windows(rollout, now)
    return RolloutView.model_validate(
        _brief_fields(rollout, shown, sum(is_not_updated(rollout, host) for host in hosts))
        | {
            "etag": entity_tag(settings_of(rollout)),
            "policy": rollout.policy,
            "probe": UsedProbe.of(rollout.probe),
            "hosts": len(hosts),
            "accepting": rollout.progress.last_pass.accepting if rollout.progress.last_pass else None,
            "sessions_open": rollout.progress.last_pass.sessions_to_end
            if rollout.progress.last_pass
            else open_sessions,
            "sessions_signed_out": rollout.progress.signed_out,
            "minutes_per_host": round(each / timedelta(minutes=1), 1),
            "next": suspension.of_rollout(rollout) or _lost_hosts(rollout, hosts, now) or next_event(rollout, now),
            "expected_end": foreseen.expected,
            "expected_end_bounds": foreseen.bounds,
            "last_pass_at": rollout.progress.last_pass.at if rollout.progress.last_pass else None,
            "versions": dict(sorted(Counter(host.version or "unknown" for host in hosts if is_there(host)).items())),
            "rolling_back": rollout.rolling_back,
            "windows_open_until": open_till,
            "windows_opens_at": opens,
        }
        | _of_approvals(rollout)
        | _of_selection(rollout, hosts)
        | _of_refresh(rollout, hosts)
    )
