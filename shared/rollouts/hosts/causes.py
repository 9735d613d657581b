"""What made a host fail: the version that it got, or something that another version would meet as well."""

from __future__ import annotations

from shared.core.errors import AzureForbidden, FreshcoatError
from shared.core.names import (
    AWAIT_HEALTHY,
    BAKE_HOST,
    CHECK_DEVICE,
    JOIN_HOST,
    PREPARE_JOIN,
    PROBE_HOST,
    REGISTER_HOST,
)
from shared.core.refusals import Refusal, refusal_of
from shared.models.host_parts import FailureCause
from shared.workflow.waiting import AzureTooBusy

_BY_REFUSAL = {
    Refusal.NO_CAPACITY: FailureCause.CAPACITY,
    Refusal.SIZE_NOT_OFFERED: FailureCause.CAPACITY,
    Refusal.QUOTA: FailureCause.CAPACITY,
    Refusal.NIC_RESERVED: FailureCause.CAPACITY,
    Refusal.POLICY: FailureCause.REFUSED,
    Refusal.LOCKED: FailureCause.REFUSED,
}
_BY_STEP = {
    CHECK_DEVICE: FailureCause.JOIN,
    PREPARE_JOIN: FailureCause.JOIN,
    JOIN_HOST: FailureCause.JOIN,
    REGISTER_HOST: FailureCause.VERSION,
    AWAIT_HEALTHY: FailureCause.VERSION,
    PROBE_HOST: FailureCause.VERSION,
    BAKE_HOST: FailureCause.VERSION,
}

TOKEN_REJECTED = ("INVALID_REGISTRATION_TOKEN", "EXPIRED_MACHINE_TOKEN")
"""What the agent calls a registration token that it cannot use (Microsoft's page on agent errors, event 3277)."""


def token_rejected(error: FreshcoatError) -> bool:
    """Whether the agent rejected the registration token."""
    return any(word in str(error) for word in TOKEN_REJECTED)


def cause_of(step: str, error: FreshcoatError) -> FailureCause:
    """What made the host fail in this step. Azure's own answer counts first, then what the step is about."""
    if isinstance(error, AzureTooBusy):
        return FailureCause.THROTTLED
    if known := _BY_REFUSAL.get(refusal_of(error)):
        return known
    if isinstance(error, AzureForbidden):
        return FailureCause.REFUSED
    if step == REGISTER_HOST and token_rejected(error):
        return FailureCause.JOIN
    return _BY_STEP.get(step, FailureCause.OTHER)
