"""Azure's refusals in our words."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
from azure.core import exceptions as sdk
from pydantic import SecretStr

from local.sim.core import names
from shared.azure.errors import azure_call, error_of, refusal, retry_after
from shared.core.errors import AzureBusy, AzureConflict, AzureError, AzureForbidden, AzureNotFound, AzureRefused
from tests.contracts.azure.conftest import PASSWORD, POOL, Azure, host, vm


@dataclass
class Answer:
    status_code: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    reason: str = "Said So"

    def text(self) -> str:
        return self.body


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, AzureRefused),
        (401, AzureForbidden),
        (403, AzureForbidden),
        (404, AzureNotFound),
        (408, AzureBusy),
        (409, AzureConflict),
        (412, AzureRefused),
        (429, AzureBusy),
        (500, AzureBusy),
        (503, AzureBusy),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[AzureError]) -> None:
    error = refusal("do it", Answer(status, '{"error":{"code":"C","message":"M"}}'))

    assert type(error) is kind
    assert (error.call, error.http_status, error.code, error.message) == ("do it", status, "C", "M")


def test_a_response_that_is_not_json_still_gives_a_message() -> None:
    error = refusal("do it", Answer(502, "<html>Bad gateway</html>"))

    assert isinstance(error, AzureBusy)
    assert str(error) == "do it: Said So: Azure gave no reason"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "Sun, 22 Nov 2026 09:00:00 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"retry-after-ms": "2500", "Retry-After": "17"}, 2.5),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_errors_are_read_with_and_without_the_outer_object() -> None:
    assert error_of({"error": {"code": "C", "message": "M"}}) == ("C", "M")
    assert error_of({"code": "C", "message": "M"}) == ("C", "M")
    assert error_of({"error": None}) == error_of(None) == error_of([]) == ("", "")


def test_a_secret_repeated_by_azure_is_redacted() -> None:
    with pytest.raises(AzureError) as caught, azure_call("do it", SecretStr("hush")):
        raise sdk.HttpResponseError(message="'hush' is too short")

    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_missing_identity_is_a_missing_right() -> None:
    with pytest.raises(AzureForbidden), azure_call("do it"):
        raise sdk.ClientAuthenticationError(message="no managed identity endpoint found")


def test_programming_errors_are_not_wrapped() -> None:
    with pytest.raises(ZeroDivisionError), azure_call("do it"):
        _ = 1 / 0


def test_a_throttled_call_returns_at_once_with_the_time_to_wait(azure: Azure) -> None:
    azure.sim.faults({"kind": "429", "retry_after": 60})
    began = time.monotonic()

    with pytest.raises(AzureBusy) as busy:
        azure.host_pools.session_hosts(POOL)
    with pytest.raises(AzureBusy):
        azure.vms.start_reimage(vm(1), version="2.0.0", admin_password=PASSWORD)

    assert (busy.value.http_status, busy.value.code, busy.value.retry_after) == (429, "TooManyRequests", 60.0)
    assert time.monotonic() - began < 5
    assert azure.calls() == {"list_session_hosts": 1, "reimage": 1}


@pytest.mark.parametrize("kind", ["500", "503", "disconnect"])
def test_a_transient_fault_is_busy_and_the_next_call_works(azure: Azure, kind: str) -> None:
    azure.sim.faults({"kind": kind, "count": 1})

    with pytest.raises(AzureBusy):
        azure.vms.find(vm(1))
    assert azure.vms.find(vm(1)) is not None


def test_a_list_interrupted_between_pages_is_busy_and_not_incomplete(azure: Azure) -> None:
    azure.world(hosts=7, page_size=1)
    azure.sim.faults({"kind": "503", "match": "list_session_hosts", "rate": 0.5})

    for _ in range(5):
        with pytest.raises(AzureBusy):
            azure.host_pools.session_hosts(POOL)
    assert azure.calls()["list_session_hosts"] > 5


def test_a_forbidden_subscription_says_which_right_is_missing(azure: Azure) -> None:
    forbidden = vm(1).replace(names.SUBSCRIPTION, names.FORBIDDEN_SUBSCRIPTION)

    with pytest.raises(AzureForbidden, match="does not have authorization to perform action") as caught:
        azure.vms.find(forbidden)
    assert caught.value.code == "AuthorizationFailed"


def test_an_azure_that_cannot_be_reached_is_busy(azure: Azure) -> None:
    nowhere = Azure(azure.sim, azure.settings.model_copy(update={"arm_endpoint": "http://127.0.0.1:9"}))

    with pytest.raises(AzureBusy) as busy:
        nowhere.host_pools.set_accepting(POOL, host(1), accepting=False)
    assert busy.value.code == "NoConnection"
