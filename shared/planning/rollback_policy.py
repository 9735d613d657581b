"""The policy used for rolling back: no canary, no proof, no window, and a failed host does not stop the others. Pure.

Getting users off a broken image is more urgent than a window. Settings of the request itself still apply.
"""

from __future__ import annotations

from shared.models.policy import CanaryHold, OnFailure, Policy, PolicyOverrides, Proof, ScheduleMode, resolve_policy

_NO_CHECK: dict[str, object] = {"canary_hold": CanaryHold.AUTO, "bake_minutes": 0, "probe": None}
_ROLLBACK_POLICY: dict[str, object] = {"windows": (), "on_failure": OnFailure.CONTINUE, "proof": Proof.NONE}


def rollback_policy(mode: ScheduleMode, of_pool: PolicyOverrides, asked: PolicyOverrides) -> Policy:
    """The policy of a rollout that rolls a pool back. Raises InvalidRequest as `resolve_policy` does."""
    checks = any(getattr(asked, name) not in {None, nothing} for name, nothing in _NO_CHECK.items())
    unproved = dict.fromkeys(_NO_CHECK) | {"canary_hosts": None if checks else 0}
    return resolve_policy(mode, of_pool.model_copy(update=unproved | _ROLLBACK_POLICY), asked)


def as_rollback_policy(policy: Policy) -> Policy:
    """This policy, adapted for hosts that are rolled back."""
    return policy.model_copy(update=_NO_CHECK | _ROLLBACK_POLICY | {"canary_hosts": 0})
