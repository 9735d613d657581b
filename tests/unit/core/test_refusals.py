"""What an error of Azure means for what was asked: whether it passes, its words, and the pause it needs."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureConflict, AzureForbidden, AzureNotFound, AzureRefused, OperationFailed
from shared.core.refusals import Refusal, named_seconds, pause_after_attempt, pause_while_held, refusal_of, words_of
from shared.workflow.waiting import StepFailed

NIC = "Nic(s) in request is reserved for another Virtual Machine for 180 seconds. Please retry after 180 seconds."
QUOTA = "Operation could not be completed as it results in exceeding approved Total Regional Cores quota."


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (OperationFailed("c", None, "AllocationFailed", "no capacity"), Refusal.NO_CAPACITY),
        (OperationFailed("c", None, "ZonalAllocationFailed", "no capacity"), Refusal.NO_CAPACITY),
        (OperationFailed("c", None, "OverconstrainedAllocationRequest", "no"), Refusal.NO_CAPACITY),
        (AzureConflict("c", 409, "SkuNotAvailable", "not here"), Refusal.SIZE_NOT_OFFERED),
        (AzureConflict("c", 409, "OperationNotAllowed", QUOTA), Refusal.QUOTA),
        (AzureConflict("c", 409, "QuotaExceeded", "no"), Refusal.QUOTA),
        (AzureConflict("c", 409, "OperationNotAllowed", "'reimage' is in progress on the VM"), Refusal.OTHER),
        (AzureRefused("c", 400, "NicReservedForAnotherVm", NIC), Refusal.NIC_RESERVED),
        (AzureNotFound("c", 404, "ImageNotFound", "no"), Refusal.NO_IMAGE),
        (AzureNotFound("c", 404, "GalleryImageNotFound", "no"), Refusal.NO_IMAGE),
        (AzureNotFound("c", 404, "ResourceNotFound", "no"), Refusal.NOT_FOUND),
        (AzureForbidden("c", 403, "RequestDisallowedByPolicy", "no"), Refusal.POLICY),
        (AzureForbidden("c", 403, "AuthorizationFailed", "no"), Refusal.OTHER),
        (AzureConflict("c", 409, "ScopeLocked", "no"), Refusal.LOCKED),
        (AzureConflict("c", 409, "PropertyChangeNotAllowed", "no"), Refusal.NOT_ALLOWED),
        (StepFailed("did not finish within 45 minutes"), Refusal.OTHER),
    ],
)
def test_an_error_is_known_by_its_code_and_text(error: Exception, refusal: Refusal) -> None:
    assert refusal_of(error) is refusal


def test_every_known_refusal_has_words_and_says_what_to_do() -> None:
    told = {refusal: words_of(refusal) for refusal in Refusal if refusal is not Refusal.OTHER}
    assert all(told.values()) and words_of(Refusal.OTHER) == ""
    assert all(len(part.split()) <= 25 for words in told.values() for part in words.split(". "))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(NIC, 180), ("Try again after 40 seconds.", 40), ("wait for 10 minutes", None), ("3 seconds ago", None)],
)
def test_azure_names_the_pause_in_its_text(text: str, seconds: float | None) -> None:
    assert named_seconds(AzureRefused("c", 400, "Code", text)) == seconds


def test_retry_after_outweighs_the_text() -> None:
    assert named_seconds(AzureRefused("c", 400, "Code", NIC, retry_after=20)) == 20


def test_the_pause_before_another_attempt_grows() -> None:
    boom = OperationFailed("c", None, "Boom", "no")
    assert [pause_after_attempt(number, boom) for number in (1, 2, 3)] == [30, 120, 480]
    assert pause_after_attempt(2, AzureRefused("c", 400, "Code", NIC)) == 180
    assert pause_after_attempt(1, StepFailed("did not finish")) == 30


def test_the_pause_of_a_lost_host_grows_up_to_half_an_hour() -> None:
    error = OperationFailed("c", None, "AllocationFailed", "no capacity")
    assert [pause_while_held(number, error) for number in (1, 2, 3, 4, 9)] == [300, 600, 1_200, 1_800, 1_800]
    reserved = AzureRefused("c", 400, "NicReservedForAnotherVm", NIC)
    assert [pause_while_held(number, reserved) for number in (1, 5)] == [180, 180]
