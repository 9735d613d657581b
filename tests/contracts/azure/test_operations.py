"""Long operations, asked once at a time."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import threading
from collections.abc import Callable

import pytest

from local.sim.core import names
from shared.core.errors import AzureBusy, AzureNotFound, OperationFailed, UnreadableOperation
from shared.models.azure import Operation
from shared.models.pools import DomainJoin, EntraJoin
from tests.contracts.azure.conftest import LONG, PASSWORD, POOL, SLOW, Azure, host, vm

Start = Callable[[Azure], Operation]
JOIN = DomainJoin(kind="ad", domain="contoso.local", user="joiner", password_setting="JOIN_OFFICE", ou="OU=AVD")
VERSION_ID = names.version_id("2.0.0")


def create(azure: Azure) -> Operation:
    body = azure.vms.recreation_body(vm(1))
    azure.vms.start_delete(vm(1))
    azure.sim.advance(LONG)
    return azure.vms.start_create(vm(1), body, image_version_id=VERSION_ID, admin_password=PASSWORD)


def power_on(azure: Azure) -> Operation:
    azure.vms.start_deallocate(vm(1))
    azure.sim.advance(LONG)
    return azure.vms.start_power_on(vm(1))


def register(azure: Azure) -> Operation:
    return azure.vms.start_register(vm(1), "westeurope", azure.host_pools.registration_token(POOL))


def swap(azure: Azure) -> Operation:
    kept = azure.vms.find(vm(1))
    assert kept is not None and kept.os_disk_id is not None
    azure.vms.update(vm(1), os_disk_delete_option="Detach")
    for step in (STARTS["reimage"], STARTS["deallocate"]):
        step(azure)
        azure.sim.advance(LONG)
    return azure.vms.start_swap(vm(1), kept.os_disk_id)


STARTS: dict[str, Start] = {
    "reimage": lambda azure: azure.vms.start_reimage(vm(1), version="2.0.0", admin_password=PASSWORD),
    "delete": lambda azure: azure.vms.start_delete(vm(1)),
    "create": create,
    "power_on": power_on,
    "deallocate": lambda azure: azure.vms.start_deallocate(vm(1)),
    "join": lambda azure: azure.vms.start_join(vm(1), "westeurope", JOIN, PASSWORD, "1"),
    "register": register,
    "swap": swap,
    "probe": lambda azure: azure.vms.start_probe(vm(1), "westeurope", "exit 0 # properties", 5, "1"),
}


@pytest.fixture
def slow(azure: Azure) -> Azure:
    """A world in which operations take a while, with a drained first host."""
    azure.world(**SLOW)
    azure.sim.advance(LONG)
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    return azure


@pytest.mark.parametrize("kind", STARTS)
def test_an_operation_is_started_polled_and_found_done(slow: Azure, kind: str) -> None:
    started = STARTS[kind](slow)
    asked = slow.vms.resume(started)
    ended = slow.finish(asked)

    assert (started.kind, started.target, started.done, started.retry_after) == (kind, vm(1), False, 10.0)
    assert not asked.done and asked.token == started.token
    assert (ended.done, ended.token, ended.retry_after) == (True, None, None)
    assert slow.vms.resume(ended) == ended


@pytest.mark.parametrize("kind", STARTS)
def test_a_token_holds_no_secret_no_body_and_no_authorization(slow: Azure, kind: str) -> None:
    token = STARTS[kind](slow).token
    assert token is not None
    text = base64.b64decode(token).decode()
    registration = slow.host_pools.registration_token(POOL).get_secret_value()

    for secret in (PASSWORD.get_secret_value(), registration, "uthorization", "properties", "msiexec"):
        assert secret not in text
    assert len(token) < 1_500


@pytest.mark.parametrize("kind", STARTS)
def test_an_operation_without_duration_is_done_at_once(azure: Azure, kind: str) -> None:
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    started = STARTS[kind](azure)

    assert (started.done, started.token) == (True, None)


def test_a_reimage_costs_one_post_and_one_read_per_poll(slow: Azure) -> None:
    before = slow.calls()
    started = STARTS["reimage"](slow)
    slow.vms.resume(started)
    slow.finish(started)
    after = slow.calls()

    spent = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert spent == {"reimage": 1, "operation_status": 2}


def test_no_thread_is_left_behind(slow: Azure) -> None:
    before = threading.active_count()
    slow.vms.resume(STARTS["reimage"](slow))

    assert threading.active_count() == before


def test_another_worker_resumes_from_the_kept_row(slow: Azure) -> None:
    kept = STARTS["reimage"](slow).model_dump_json()
    other = Azure(slow.sim, slow.settings)

    assert not other.vms.resume(Operation.model_validate_json(kept)).done
    assert other.finish(Operation.model_validate_json(kept)).done


@pytest.mark.parametrize("kind", ["reimage", "create", "join", "register", "delete", "probe"])
def test_a_failed_operation_says_azures_code_and_message(slow: Azure, kind: str) -> None:
    if kind == "create":
        body = slow.vms.recreation_body(vm(1))
        slow.vms.start_delete(vm(1))
        slow.sim.advance(LONG)
        slow.sim.faults({"kind": "allocation_failed"})
        started = slow.vms.start_create(vm(1), body, image_version_id=VERSION_ID, admin_password=PASSWORD)
        code = "AllocationFailed"
    else:
        slow.sim.faults({"kind": "lro_fail", "code": "Broken", "message": "It broke."})
        started, code = STARTS[kind](slow), "Broken"

    with pytest.raises(OperationFailed) as failed:
        slow.finish(started)
    assert failed.value.code == code
    assert failed.value.message


def test_an_operation_that_fails_at_once_is_refused_with_azures_message(azure: Azure) -> None:
    azure.sim.faults({"kind": "lro_fail", "code": "Broken", "message": "It broke."})
    started = STARTS["join"](azure)

    with pytest.raises(OperationFailed, match="Broken"):
        azure.vms.resume(started)


def test_an_operation_preempted_by_another_fails(slow: Azure) -> None:
    started = STARTS["reimage"](slow)
    slow.vms.start_delete(vm(1))

    with pytest.raises(OperationFailed) as failed:
        slow.vms.resume(started)
    assert failed.value.code == "OperationPreempted"


@pytest.mark.parametrize(
    ("fault", "retry_after"),
    [
        ({"kind": "429", "retry_after": 17}, 17.0),
        ({"kind": "503"}, None),
        ({"kind": "500"}, None),
        ({"kind": "disconnect"}, None),
    ],
)
def test_a_transient_fault_loses_nothing(slow: Azure, fault: dict[str, object], retry_after: float | None) -> None:
    started = STARTS["reimage"](slow)
    slow.sim.faults({**fault, "match": "operation_status", "count": 1})

    with pytest.raises(AzureBusy) as busy:
        slow.vms.resume(started)
    assert busy.value.retry_after == retry_after
    assert slow.finish(started).done


def test_an_operation_that_azure_has_forgotten_is_not_found(slow: Azure) -> None:
    started = STARTS["reimage"](slow)
    slow.sim.sim.operations.clear()

    with pytest.raises(AzureNotFound):
        slow.vms.resume(started)


def token_of_another_sdk(token: str, which: str) -> str:
    kept = json.loads(base64.b64decode(token))
    changed: dict[str, bytes] = {
        "pickled": pickle.dumps(kept),
        "newer": json.dumps(kept | {"version": 2}).encode(),
        "other fields": json.dumps(kept | {"data": {"url": "https://management.azure.com"}}).encode(),
        "no fields": b"{}",
        "no JSON": b"once",
    }
    return base64.b64encode(changed[which]).decode()


@pytest.mark.parametrize("which", ["pickled", "newer", "other fields", "no fields", "no JSON"])
def test_an_operation_that_another_version_of_the_sdk_began_cannot_be_read(slow: Azure, which: str) -> None:
    started = STARTS["reimage"](slow)
    assert started.token
    with pytest.raises(UnreadableOperation, match="re-image"):
        slow.vms.resume(started.model_copy(update={"token": token_of_another_sdk(started.token, which)}))


def test_nothing_secret_is_logged(slow: Azure, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = slow.host_pools.registration_token(POOL)
    slow.vms.start_register(vm(1), "westeurope", token)
    slow.vms.start_join(vm(2), "westeurope", JOIN, PASSWORD, "1")
    slow.vms.start_reimage(vm(3), version="2.0.0", admin_password=PASSWORD)
    slow.vms.start_join(vm(4), "westeurope", EntraJoin(kind="entra"), None, "1")

    for secret in (token, PASSWORD):
        assert secret.get_secret_value() not in caplog.text
