"""What a rollout's page says of its limits, its moments and its policy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from shared.api.rollouts import FirstHostsView, PlannedBound
from shared.caches.seen_rows import SeenRows
from shared.core.states import HostState
from shared.core.wording import counted
from shared.models.policy import AfterForce, CanaryHold, OnFailure, Policy, Proof, ScheduleMode
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.models.windows import DAYS, Window


def page_fields(rollout: Rollout, seen: SeenRows) -> dict[str, object]:
    """Fields of a rollout's view that follow from its rows."""
    hosts = seen.rows
    failed = sum(host.state is HostState.FAILED for host in hosts)
    return {
        "account": rollout.account,
        "pool_time_zone": rollout.zone,
        "failed": failed,
        "failures_allowed": _failures_allowed(rollout, len(hosts)),
        "first_hosts": _first_hosts(rollout, hosts),
        "warnings": _warnings(rollout),
        "people_left": sum(host.sessions for host in hosts if not host.state.ended),
        "begun_by_task": rollout.task,
        "policy_summary": summary(rollout, len(hosts)),
        "as_of": seen.as_of,
        "mark": seen.mark,
    } | _limit(rollout)


def _limit(rollout: Rollout) -> dict[str, object]:
    last = rollout.progress.last_pass
    if rollout.state.ended or last is None or last.at_once is None or last.bound_reason is None:
        return {}
    bound = PlannedBound(bound=last.bound_by, hosts=last.at_once, reason=last.bound_reason)
    return {"at_once_now": last.at_once, "bound_by": bound}


def _failures_allowed(rollout: Rollout, hosts: int) -> int:
    """None before the first hosts have proved the version."""
    awaits_canary = rollout.policy.canary_hosts > 0 and rollout.progress.canary_passed_at is None
    awaits_proof = rollout.progress.last_pass is not None and rollout.progress.last_pass.unproven
    forward = rollout.kind is RolloutKind.UPDATE and not rollout.rolling_back
    return 0 if forward and (awaits_canary or awaits_proof) else rollout.policy.failures_allowed(hosts)


def _first_hosts(rollout: Rollout, hosts: Iterable[RolloutHost]) -> FirstHostsView | None:
    if rollout.kind is RolloutKind.REFRESH:
        return None
    if rollout.policy.canary_hosts:
        return FirstHostsView(total=rollout.policy.canary_hosts, proved_at=rollout.progress.canary_passed_at)
    last = rollout.progress.last_pass
    done = [host.ended_at for host in hosts if host.state is HostState.DONE and host.ended_at]
    if rollout.policy.proof is Proof.NONE or not (done or (last and last.unproven)):
        return None  # nothing has to be proved, or something else has proved it
    return FirstHostsView(total=1, proved_at=min(done, default=None))


def _warnings(rollout: Rollout) -> list[datetime]:
    """The moments at which users are told, of each deadline."""
    schedule = rollout.schedule
    if rollout.kind is RolloutKind.REFRESH:
        return []
    deadlines = {schedule.force_at, schedule.others_force_at or schedule.force_at}
    steps = rollout.policy.warn_minutes
    return sorted({deadline - timedelta(minutes=step) for deadline in deadlines for step in steps})


def summary(rollout: Rollout, hosts: int) -> list[str]:
    """The policy in sentences; a refresh has no deadline and no first hosts."""
    policy = rollout.policy
    share = str(policy.max_unavailable)
    of_pool = f"{share} of the pool" if share.endswith("%") else counted(int(share), "host")
    told = [f"At most {counted(policy.max_in_flight, 'host')} at once are rebuilt, and {of_pool} out of service."]
    if rollout.kind is not RolloutKind.REFRESH:
        told = [_about_first(policy), *told, *_about_people(rollout)]
    told.append(_about_failures(policy, hosts))
    if policy.windows:
        told.append(f"Work is done only {'; '.join(map(_window, policy.windows))}.")
    return [text for text in told if text]


def _about_first(policy: Policy) -> str:
    if policy.canary_hosts:
        then = "then somebody approves" if policy.canary_hold is CanaryHold.APPROVE else "then the others follow"
        return f"{counted(policy.canary_hosts, 'host')} first, {then}."
    return "" if policy.proof is Proof.NONE else "One host proves the version unless that is known already."


def _about_people(rollout: Rollout) -> list[str]:
    policy, waves = rollout.policy, rollout.policy.after_force is AfterForce.WAVES
    if rollout.schedule.mode is ScheduleMode.NOW:
        ends = "Sessions are ended at once"
    else:
        ends = "At the deadline the sessions that are left are ended"
    told = [f"{ends}{', in waves' if waves else ''}."]
    if policy.warn_minutes:
        told.append(f"Users are told {_minutes(policy.warn_minutes)} before.")
    if rollout.schedule.mode is ScheduleMode.ON_LOGOFF:
        told.append(f"Until then {policy.min_available} of the pool keep accepting people.")
    return told


def _minutes(steps: Sequence[int]) -> str:
    *rest, last = map(str, steps)
    return f"{', '.join(rest)} and {last} minutes" if rest else counted(int(last), "minute")


def _about_failures(policy: Policy, hosts: int) -> str:
    then = {
        OnFailure.PAUSE: "it pauses",
        OnFailure.ROLL_BACK: "everything is rolled back",
        OnFailure.CONTINUE: "it goes on all the same",
    }[policy.on_failure]
    allowed = policy.failures_allowed(hosts)
    if allowed == 0:
        return f"If a host fails, {then}."
    return f"If more than {counted(allowed, 'host')} {'fails' if allowed == 1 else 'fail'}, {then}."


def _window(window: Window) -> str:
    days = "every day" if window.days == DAYS else ", ".join(day.value.capitalize() for day in window.days)
    return f"{days} from {window.begins} to {window.ends}"
