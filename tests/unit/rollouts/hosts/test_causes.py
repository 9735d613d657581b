"""What made a host fail: Azure's own answer counts first, then what the step is about."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureForbidden, AzureNotFound, AzureRefused, FreshcoatError, OperationFailed
from shared.core.names import (
    AWAIT_HEALTHY,
    CHECK_DEVICE,
    JOIN_HOST,
    PROBE_HOST,
    REBUILD_HOST,
    RECHECK_HOST,
    REGISTER_HOST,
)
from shared.core.steps import HOST_STEPS
from shared.models.host_parts import FailureCause
from shared.rollouts.hosts.causes import cause_of
from shared.workflow.waiting import AzureTooBusy, StepFailed

C = FailureCause
LATE = StepFailed("did not finish within 30 minutes")
BUSY = AzureTooBusy("Azure has been too busy for 12 hours")
TOKEN = OperationFailed("register", None, "RunCommandFailed", "event 3277: INVALID_REGISTRATION_TOKEN")


def refused(code: str) -> AzureRefused:
    return OperationFailed("call", None, code, "no")


@pytest.mark.parametrize(
    ("step", "error", "cause"),
    [
        (REBUILD_HOST, refused("ZonalAllocationFailed"), C.CAPACITY),
        (REBUILD_HOST, refused("SkuNotAvailable"), C.CAPACITY),
        (REBUILD_HOST, refused("QuotaExceeded"), C.CAPACITY),
        (REBUILD_HOST, refused("ScopeLocked"), C.REFUSED),
        (REBUILD_HOST, AzureForbidden("call", 403, "AuthorizationFailed", "no"), C.REFUSED),
        (REBUILD_HOST, AzureNotFound("call", 404, "ImageNotFound", "no"), C.OTHER),
        (REBUILD_HOST, LATE, C.OTHER),
        (RECHECK_HOST, LATE, C.OTHER),
        (CHECK_DEVICE, StepFailed("the device is somebody else's"), C.JOIN),
        (JOIN_HOST, LATE, C.JOIN),
        (REGISTER_HOST, LATE, C.VERSION),
        (REGISTER_HOST, TOKEN, C.JOIN),
        (AWAIT_HEALTHY, LATE, C.VERSION),
        (PROBE_HOST, StepFailed("probe printers failed"), C.VERSION),
        (PROBE_HOST, refused("AllocationFailed"), C.CAPACITY),
    ],
)
def test_the_cause_follows_from_the_answer_and_the_step(step: str, error: FreshcoatError, cause: FailureCause) -> None:
    assert cause_of(step, error) is cause


@pytest.mark.parametrize("step", HOST_STEPS)
def test_throttling_is_throttling_in_every_step(step: str) -> None:
    assert cause_of(step, BUSY) is C.THROTTLED
    assert cause_of(step, BUSY).outside_version
