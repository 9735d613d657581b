"""One host of a rollout as people see it: its state, why it is in it, and what it is on."""

from __future__ import annotations

from datetime import datetime

from shared.api.rollout_pages.hosts import HostStepView, RolloutHostView
from shared.core.codes import Code
from shared.core.states import HostState
from shared.core.steps import during
from shared.models.messages import Message, message, quote
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind, goal_of
from shared.views.azure_waits import not_past, waiting_reason, waiting_view
from shared.views.hosts import SeenLately, target_of
from shared.views.rollout_pages.host_waits import wait_of, what_to_do

_HOW_BACK = {"swap": " on its kept disk", "reimage": " by re-imaging", "replace": " by replacement"}
_KEPT = (
    "host", "vm_id", "state", "step", "attempt", "canary", "sessions", "version", "error", "failed_by", "taken_at",
    "ended_at", "state_since",
)  # fmt: skip


def view_host(host: RolloutHost, rollout: Rollout, now: datetime, lately: SeenLately | None = None) -> RolloutHostView:
    """One host of a rollout, for people. `lately`: what the broker and Azure said of the pool's hosts."""
    reason = waiting_reason(host, now) or not_past(reason_of(host, rollout), now)
    computed = {
        "target": target_of(rollout, host),
        "reason": reason,
        "waiting": waiting_view(host, now),
        "from_version": host.found.from_version,
        "strategy": host.rebuild.strategy,
        "old_disk_id": host.disks.old_id,
        "waits": wait_of(host, rollout, reason, now),
        "signed_out": len(host.signed_out),
        "seconds": _seconds(host),
        "what_to_do": what_to_do(host, reason),
        "steps": _steps(host),
    }
    seen = lately.hosts.get(host.host) if lately else None
    if lately and seen:
        computed |= {"status": seen.status, "accepting": seen.accepting, "power": lately.power(seen)}
    return RolloutHostView.model_validate({name: getattr(host, name) for name in _KEPT} | computed)


def _seconds(host: RolloutHost) -> float | None:
    return (host.ended_at - host.taken_at).total_seconds() if host.ended_at and host.taken_at else None


def _steps(host: RolloutHost) -> list[HostStepView]:
    """The steps, the last one ended with the host."""
    trail = host.trail
    if host.ended_at and host.state in {HostState.DONE, HostState.FAILED}:
        trail = trail.ended(host.ended_at, ok=host.state is HostState.DONE)
    return [HostStepView(**step.model_dump()) for step in trail.steps]


def reason_of(host: RolloutHost, rollout: Rollout) -> Message | None:
    """Why the host is on its version; before its end, why nothing is done with it yet. None only then."""
    match host.state:
        case HostState.DONE:
            code, text = _outcome(host, rollout)
            return message(code, text + _restored_state(host))
        case HostState.SKIPPED:
            return host.reason or _NOTHING_DONE
        case HostState.FAILED:
            failed = "failed during its roll-back" if host.rolling_back else "failed"
            return message(
                Code.HOST_FAILED, f"{failed}: {quote(host.error or during(host.step) or 'no error is known')}"
            )
        case _ if rollout.state.ended:
            return host.reason or _ROLLOUT_ENDED
        case _:
            return host.reason


_NOTHING_DONE = message(Code.NOT_UPDATED, "nothing was done with it")
_ROLLOUT_ENDED = message(Code.ROLLOUT_ENDED, "the rollout ended before it was its turn")


def _outcome(host: RolloutHost, rollout: Rollout) -> tuple[Code, str]:
    version = host.version or goal_of(rollout, host).version
    if host.rolling_back or rollout.kind is RolloutKind.ROLL_BACK:
        return Code.ROLLED_BACK, f"rolled back to {version}{_HOW_BACK.get(host.rebuild.strategy, '')}"
    if rollout.kind is RolloutKind.REFRESH:
        return Code.REFRESHED, f"refreshed on {version}"
    return Code.UPDATED, f"updated to {version}"


def _restored_state(host: RolloutHost) -> str:
    """Why an updated host serves nobody: it was switched off or drained before, and this was restored."""
    if host.stays_on:
        return "; stays on because it was in use, though it was off before"
    if host.found.was_off:
        return "; switched off, as it was before"
    return "; drained, as it was before" if host.found.operator_drained else ""
