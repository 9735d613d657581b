"""What ARM may answer to a long operation besides what the simulated Azure does (azure-facts 1.1, LRO)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.sim.core import names
from shared.core.errors import AzureBusy, AzureConflict, AzureForbidden, AzureNotFound, OperationFailed
from shared.models.pools import EntraJoin
from tests.contracts.azure.conftest import PASSWORD, POOL, vm
from tests.contracts.azure.scripted_arm import ENDPOINT, Scripted, said

STATUS, PLACE, NEXT = f"{ENDPOINT}/status", f"{ENDPOINT}/place", f"{ENDPOINT}/next"
JOIN = EntraJoin(kind="entra")


def test_an_operation_with_a_location_is_followed_when_it_moves() -> None:
    azure = Scripted(
        said(202, Location=PLACE, Retry_After="5"),
        said(202, Location=NEXT, Retry_After="6"),
        said(202),
        said(200),
    )
    started = azure.vms.start_reimage(vm(1), version="2.0.0", admin_password=PASSWORD)
    moved = azure.vms.resume(started)
    waiting = azure.vms.resume(moved)
    ended = azure.vms.resume(waiting)

    assert [operation.retry_after for operation in (started, moved, waiting)] == [5.0, 6.0, None]
    assert moved.token != started.token
    assert ended.done
    assert [url for _, url in azure.asked[1:]] == ["/place", "/next", "/next"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, OperationFailed),
        (409, OperationFailed),
        (403, AzureForbidden),
        (404, AzureNotFound),
        (429, AzureBusy),
        (500, AzureBusy),
    ],
)
def test_a_refusal_at_the_location_ends_the_operation_unless_the_poll_failed(
    status: int, error: type[Exception]
) -> None:
    azure = Scripted(said(202, Location=PLACE), said(status, {"error": {"code": "Broken", "message": "It broke."}}))
    started = azure.vms.start_deallocate(vm(1))

    with pytest.raises(error, match=r"Broken: It broke\.") as caught:
        azure.vms.resume(started)
    assert type(caught.value) is error


@pytest.mark.parametrize("status", ["Failed", "Canceled"])
def test_a_failed_operation_gives_a_reason(status: str) -> None:
    reason = {"status": status, "error": {"code": "Broken", "message": "It broke."}}
    azure = Scripted(said(202, Azure_AsyncOperation=STATUS), said(200, reason))
    started = azure.vms.start_power_on(vm(1))

    with pytest.raises(OperationFailed, match=r"Broken: It broke\."):
        azure.vms.resume(started)


def test_a_failed_operation_without_a_reason_still_fails() -> None:
    azure = Scripted(said(202, Azure_AsyncOperation=STATUS), said(200, {"status": "Canceled"}))
    started = azure.vms.start_power_on(vm(1))

    with pytest.raises(OperationFailed, match="canceled"):
        azure.vms.resume(started)


def test_without_headers_the_resource_itself_is_polled() -> None:
    azure = Scripted(
        said(201, {"properties": {"provisioningState": "Creating"}}),
        said(200, {"properties": {"provisioningState": "Updating"}}),
        said(200, {"properties": {"provisioningState": "Succeeded"}}),
    )
    started = azure.vms.start_join(vm(1), "westeurope", JOIN, None, "1")
    waiting = azure.vms.resume(started)
    ended = azure.vms.resume(waiting)

    assert (started.done, waiting.done, ended.done) == (False, False, True)
    assert [method for method, _ in azure.asked] == ["PUT", "GET", "GET"]
    assert azure.asked[1] == azure.asked[2] == ("GET", azure.asked[0][1])


def test_a_resource_whose_creation_fails_fails_the_operation() -> None:
    azure = Scripted(
        said(201, {"properties": {"provisioningState": "Creating"}}),
        said(200, {"properties": {"provisioningState": "Failed"}}),
    )
    started = azure.vms.start_join(vm(1), "westeurope", JOIN, None, "1")

    with pytest.raises(OperationFailed):
        azure.vms.resume(started)


@pytest.mark.parametrize("answer", [said(200), said(204)])
def test_a_response_without_a_link_ends_the_operation(answer: tuple[int, bytes, dict[str, str]]) -> None:
    assert Scripted(answer).vms.start_delete(vm(1)).done


def test_a_vm_deleted_meanwhile_needs_no_deletion() -> None:
    azure = Scripted(said(404, {"error": {"code": "ResourceNotFound", "message": "Gone."}}))

    assert azure.vms.start_delete(vm(1)).done


@pytest.mark.parametrize("body", [None, {}, {"status": ""}])
def test_an_empty_status_is_polled_again(body: dict[str, str] | None) -> None:
    azure = Scripted(said(202, Azure_AsyncOperation=STATUS), said(200, body), said(200, {"status": "Succeeded"}))
    started = azure.vms.start_power_on(vm(1))

    with pytest.raises(AzureBusy):
        azure.vms.resume(started)
    assert azure.vms.resume(started).done


@pytest.mark.parametrize("status", [200, 202])
def test_a_proxys_page_instead_of_a_status_is_a_transient_fault(status: int) -> None:
    azure = Scripted(said(202, Azure_AsyncOperation=STATUS), said(status, "<html>Please wait</html>"))
    started = azure.vms.start_power_on(vm(1))

    with pytest.raises(AzureBusy):
        azure.vms.resume(started)


READS: list[Callable[[Scripted], object]] = [
    lambda azure: azure.vms.find(vm(1)),
    lambda azure: azure.vms.find_many(vm(number) for number in range(1, 6)),
    lambda azure: azure.gallery.versions(names.DEFINITION_ID),
    lambda azure: azure.host_pools.host_pool(POOL),
    lambda azure: azure.host_pools.session_hosts(POOL),
    lambda azure: azure.host_pools.user_sessions(POOL),
    lambda azure: azure.host_pools.registration_token(POOL),
]


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
@pytest.mark.parametrize("read", READS)
def test_a_proxys_page_instead_of_a_response_is_a_transient_fault(
    read: Callable[[Scripted], object], kind: str
) -> None:
    with pytest.raises(AzureBusy):
        read(Scripted(said(200, "<html>Please wait</html>", Content_Type=kind)))


def test_a_missing_resource_provider_is_reported_at_once_and_not_registered() -> None:
    message = "The subscription is not registered to use namespace 'Microsoft.Compute'."
    azure = Scripted(said(409, {"error": {"code": "MissingSubscriptionRegistration", "message": message}}))

    with pytest.raises(AzureConflict, match="MissingSubscriptionRegistration"):
        azure.vms.start_power_on(vm(1))
    assert len(azure.asked) == 1


def test_the_polling_urls_signature_survives_the_token() -> None:
    signed = f"{STATUS}?t=638&c=MII%2BG&s=a%2Fb%3D&h=x"
    azure = Scripted(said(202, Azure_AsyncOperation=signed, Location=PLACE), said(200, {"status": "Succeeded"}))
    ended = azure.vms.resume(azure.vms.start_power_on(vm(1)))

    assert ended.done
    assert azure.asked[1] == ("GET", "/status")
