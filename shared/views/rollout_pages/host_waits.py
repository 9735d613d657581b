"""What a host of a rollout waits for, for programs, and what a person can do about it. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.api.rollout_pages.hosts import HostWaitView, UntilWhy, WaitsFor
from shared.core.codes import Code
from shared.core.states import HostState
from shared.models.host_parts import FailureCause
from shared.models.messages import Message
from shared.models.rollouts import Rollout, RolloutHost

_W, _U = WaitsFor, UntilWhy
_BY_CODE: dict[str, tuple[WaitsFor, UntilWhy | None]] = {
    Code.BEGINS_LATER: (_W.BEGIN, _U.BEGINS),
    Code.WAITS_FOR_WINDOW: (_W.WINDOW, _U.WINDOW_OPENS),
    Code.TOO_LATE_FOR_WINDOW: (_W.WINDOW, _U.WINDOW_OPENS),
    Code.WAITS_FOR_WARNINGS: (_W.WARNINGS, None),
    Code.WAITS_FOR_SIGN_OUT: (_W.USERS, _U.DEADLINE),
    Code.HAS_SESSIONS: (_W.USERS, _U.DEADLINE),
    Code.SIGNING_OUT: (_W.SIGN_OUT, None),
    Code.SETTLING: (_W.SETTLING, None),
    Code.UNDRAINED: (_W.ANSWER, _U.DEADLINE),
    Code.WAITS_FOR_CANARY: (_W.FIRST_HOSTS, None),
    Code.PROOF_OUTSTANDING: (_W.FIRST_HOSTS, None),
    Code.REIMAGE_UNPROVEN: (_W.FIRST_HOSTS, None),
    Code.WAITS_FOR_APPROVAL: (_W.APPROVAL, None),
    Code.PAUSED: (_W.RESUME, None),
    Code.SUSPENDED: (_W.RESUME, None),
    Code.WAITS_FOR_CAP: (_W.CAP, _U.CAP_RENEWS),
    Code.WAITS_FOR_CAPACITY: (_W.TURN, None),
    Code.UNAVAILABLE_LIMIT: (_W.TURN, None),
    Code.AVAILABLE_LIMIT: (_W.TURN, None),
    Code.BATCH_SIZE: (_W.TURN, None),
    Code.WAITS_FOR_ARM_QUOTA: (_W.AZURE, None),
    Code.WAITS_FOR_AZURE: (_W.AZURE, _U.TRIED_AGAIN),
    Code.TRIED_AGAIN: (_W.NEXT_ATTEMPT, _U.TRIED_AGAIN),
    Code.DEVICE_GOES: (_W.DIRECTORY, None),
    Code.NOT_HEALTHY: (_W.HEALTH, None),
    Code.NOT_REGISTERED: (_W.HEALTH, None),
    Code.WATCHED: (_W.BAKE, None),
    Code.NO_REPLICA: (_W.VERSION, None),
    Code.WAITS_FOR_VERSION: (_W.VERSION, None),
    Code.MISSING: (_W.HOST, None),
    Code.WAITS_FOR_LOST_HOST: (_W.LOST_HOST, _U.TRIED_AGAIN),
    Code.WAITS_FOR_REFRESH: (_W.REFRESH, None),
    Code.WAITS_FOR_ROLLOUT: (_W.ROLLOUT, None),
}
"""Code of a host's reason -> what it waits for, and what happens at the reason's moment."""


def wait_of(host: RolloutHost, rollout: Rollout, reason: Message | None, now: datetime) -> HostWaitView | None:
    """What the host waits for; None while it works, and after its end or the rollout's."""
    if host.state.ended or rollout.state.ended:
        return None
    waits, why = _BY_CODE.get(reason.code, (None, None)) if reason else (None, None)
    if waits is None and host.state is HostState.WAITING_FOR_LOGOFF and host.sessions:
        waits, why = WaitsFor.USERS, UntilWhy.DEADLINE
    if waits is None:
        return None
    until = reason.at if reason else None
    if until is None and why is UntilWhy.DEADLINE:
        until = _deadline(host, rollout, now)
    count = reason.count if reason and reason.count is not None else None
    if count is None and waits in {WaitsFor.USERS, WaitsFor.SIGN_OUT}:
        count = host.sessions
    return HostWaitView(for_=waits, count=count, until=until, until_why=why if until else None)


def _deadline(host: RolloutHost, rollout: Rollout, now: datetime) -> datetime | None:
    """When sessions on the host are ended; None when that is not ahead."""
    schedule = rollout.schedule
    moment = schedule.force_at if host.canary else schedule.others_force_at or schedule.force_at
    return moment if moment > now else None


_AFTER_FAILURE = {
    FailureCause.VERSION: "Look at the VM and at the image. Roll back, or publish a mended version.",
    FailureCause.CAPACITY: "Ask for quota, or wait until Azure has capacity. Then retry the host.",
    FailureCause.THROTTLED: "Retry the host when Azure is less busy.",
    FailureCause.JOIN: "Check the account and the rights with which hosts join. Then retry the host.",
    FailureCause.REFUSED: "Remove the lock or policy, or give the right that the error names. Then retry the host.",
    FailureCause.OTHER: "Read the error and mend its cause. Then retry the host, or leave it out.",
}
_BY_REASON: dict[str, str] = {
    Code.UNDRAINED: "Leave the host out, or have it drained again. Without an answer it is drained at the deadline.",
    Code.SUSPENDED: "Resume its orchestration in the durable engine.",
    Code.NO_VM: "Its VM does not exist. Remove the session host from the host pool.",
    Code.VM_DELETED: "Remove the session host from the host pool if it is still listed there.",
    Code.LEFT_DRAINED: "Undrain the host if people may use it again.",
    Code.LOST_HOST: "Retry the rollout, or publish a version.",
    Code.WAITS_FOR_APPROVAL: "Approve the rollout, or cancel it.",
    Code.PAUSED: "Resume the rollout, or cancel it.",
    Code.NO_REPLICA: "Replicate the version to the region of the hosts.",
}


def what_to_do(host: RolloutHost, reason: Message | None) -> str | None:
    """What a person can do about the host; None where nothing has to be done."""
    if host.state is HostState.FAILED:
        return _AFTER_FAILURE[host.failed_by or FailureCause.OTHER]
    return _BY_REASON.get(reason.code) if reason else None
