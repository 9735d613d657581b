"""Which version a host of a rollout is on and why, in words. Pure."""

from __future__ import annotations

from shared.api.rollouts import RolloutHostView
from shared.core.states import HostState
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind, goal_of

_HOW_BACK = {"swap": " on its kept disk", "reimage": " by re-imaging", "replace": " by replacement"}
_COMPUTED = {"target", "reason"}


def view_host(host: RolloutHost, rollout: Rollout) -> RolloutHostView:
    """One host of a rollout, for people."""
    kept = {name: getattr(host, name) for name in RolloutHostView.model_fields if name not in _COMPUTED}
    told = {"target": goal_of(rollout, host).version, "reason": reason_of(host, rollout)}
    return RolloutHostView.model_validate(kept | told)


def reason_of(host: RolloutHost, rollout: Rollout) -> str:
    """Why the host is on the version it is on; before its end, why nothing is done with it yet. Empty only then."""
    match host.state:
        case HostState.DONE:
            return _came_to(host, rollout) + _as_found(host)
        case HostState.SKIPPED:
            return host.reason or "nothing was done with it"
        case HostState.FAILED:
            failed = "failed on its way back" if host.back else "failed"
            return f"{failed}: {host.error or host.step or 'no error is known'}"
        case _ if rollout.state.ended:
            return host.reason or "the rollout ended before it was its turn"
        case _:
            return host.reason


def _came_to(host: RolloutHost, rollout: Rollout) -> str:
    version = host.version or goal_of(rollout, host).version
    if host.back or rollout.kind is RolloutKind.ROLL_BACK:
        return f"went back to {version}{_HOW_BACK.get(host.strategy, '')}"
    if rollout.kind is RolloutKind.REFRESH:
        return f"made fresh on {version}"
    return f"updated to {version}"


def _as_found(host: RolloutHost) -> str:
    """What was given back as it had been found, so that nobody wonders why it serves nobody."""
    if host.was_off:
        return "; switched off, as it was before"
    return "; drained, as it was before" if host.operator_drained else ""
