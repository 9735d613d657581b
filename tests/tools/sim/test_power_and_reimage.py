"""Power, reimage, and violations for hosts in use."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.core.polling.arm_polling import ARMPolling

from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import POOL, Client, Operator, arm_error

VM = "office-0001"
Violations = Callable[[], list[Any]]


class StartOnly(ARMPolling):
    """Starts an operation without waiting. (With `polling=False` the poller has no continuation token.)"""

    def run(self) -> None:
        return


def status(desktops: Client, host: str = VM) -> str:
    return str(desktops.session_hosts.get(GROUP, POOL, f"{host}.contoso.local").status)


def test_a_host_is_stopped_and_started(compute: Client, desktops: Client, operator: Operator) -> None:
    operator.drain(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    assert status(desktops) == "Shutdown"
    assert compute.virtual_machines.instance_view(GROUP, VM).statuses[-1].code == "PowerState/deallocated"
    compute.virtual_machines.begin_start(GROUP, VM).result()
    assert status(desktops) == "Available"
    compute.virtual_machines.begin_restart(GROUP, VM).result()
    compute.virtual_machines.begin_power_off(GROUP, VM, skip_shutdown=True).result()
    assert compute.virtual_machines.instance_view(GROUP, VM).statuses[-1].code == "PowerState/stopped"
    compute.virtual_machines.begin_start(GROUP, VM).result()
    compute.virtual_machines.begin_start(GROUP, VM).result()  # it runs already: nothing to do


def test_a_generalized_vm_never_starts_again(compute: Client) -> None:
    template = "win11-office-template"
    with pytest.raises(ResourceExistsError):
        compute.virtual_machines.generalize(GROUP, VM)
    compute.virtual_machines.generalize(GROUP, template)
    codes = [s.code for s in compute.virtual_machines.instance_view(GROUP, template).statuses]
    assert "OSState/generalized" in codes
    with pytest.raises(ResourceExistsError):
        compute.virtual_machines.begin_start(GROUP, template)


def test_reimage_gives_a_new_guest_with_the_requested_version(
    sim: Simulator, compute: Client, operator: Operator, violations: Violations
) -> None:
    before = sim.host(VM)
    operator.unregister(VM)
    operator.reimage(VM, "2.0.0")
    after = sim.host(VM)
    assert (after["version"], after["vm_id"], after["joined"]) == ("2.0.0", before["vm_id"], False)
    assert after["os_disk"] != before["os_disk"]
    assert after["kept_disks"] == []  # deleteOption is Delete
    disk = compute.disks.get(GROUP, names.last(after["os_disk"]))
    assert disk.creation_data.gallery_image_reference.id == names.version_id("2.0.0")
    vm = compute.virtual_machines.get(GROUP, VM)
    assert vm.storage_profile.image_reference.exact_version == "2.0.0"
    assert violations() == []


def test_a_detached_disk_is_kept(sim: Simulator, operator: Operator) -> None:
    sim.reset(delete_option="Detach")
    old = sim.host(VM)["os_disk"]
    operator.unregister(VM)
    operator.reimage(VM)
    assert sim.host(VM)["kept_disks"] == [old]


def test_a_version_that_is_not_in_the_gallery_is_404(compute: Client, operator: Operator) -> None:
    operator.drain(VM)
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.begin_reimage(GROUP, VM, {"exactVersion": "9.9.9"})


def test_other_custom_data_than_at_creation_is_refused(compute: Client) -> None:
    body = {"exactVersion": "2.0.0", "osProfile": {"adminPassword": "x", "customData": "Zm9v"}}
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.begin_reimage(GROUP, VM, body)
    assert arm_error(caught).code == "BadRequest"


def test_an_old_registration_is_unavailable_and_blocks_the_new_one(
    sim: Simulator,
    compute: Client,
    desktops: Client,
    operator: Operator,
) -> None:
    operator.drain(VM)
    operator.reimage(VM)
    assert status(desktops) == "Unavailable"
    operator.join(VM)
    operator.register(VM)
    assert status(desktops) == "NeedsAssistance"


def test_rebuilding_a_host_with_or_accepting_sessions_is_a_violation(
    sim: Simulator, compute: Client, violations: Violations
) -> None:
    sim.log_on("office-0001", "ann@contoso.com")
    compute.virtual_machines.begin_reimage(GROUP, "office-0001", {"exactVersion": "2.0.0"}).result()
    compute.virtual_machines.begin_deallocate(GROUP, "office-0002").result()
    compute.virtual_machines.begin_delete(GROUP, "office-0003").result()
    assert violations() == [
        ("sessions_present", "office-0001"),
        ("accepting_sessions", "office-0001"),
        ("accepting_sessions", "office-0002"),
        ("accepting_sessions", "office-0003"),
    ]
    assert sim.state()["counters"]["sessions_killed"] == 1


def test_reimaging_a_host_in_service_to_its_own_version_is_a_violation(
    sim: Simulator, operator: Operator, compute: Client, violations: Violations
) -> None:
    operator.renew(VM)
    assert violations() == []
    operator.unregister(VM)
    operator.reimage(VM)
    assert violations() == [("reimaged_twice", VM)]
    operator.reimage(VM)  # it never registered since: a retry
    sim.control("POST", "expect", {"allow_same_version": True})
    operator.join(VM, "again")
    operator.register(VM)
    operator.unregister(VM)
    operator.reimage(VM)  # fresh after use
    assert len(violations()) == 1


def test_replacing_a_host_with_its_own_version_is_a_violation_too(
    compute: Client, operator: Operator, violations: Violations
) -> None:
    from tests.tools.sim.test_virtual_machines import machine  # noqa: PLC0415

    operator.unregister(VM)
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    compute.virtual_machines.begin_create_or_update(GROUP, VM, machine(VM, "1.0.0")).result()
    assert violations() == [("reimaged_twice", VM)]


def test_one_operation_at_a_time(sim: Simulator, compute: Client, operator: Operator) -> None:
    sim.reset(duration_scale=1.0, speed=1.0)
    operator.drain(VM)
    compute.virtual_machines.begin_reimage(GROUP, VM, {"exactVersion": "2.0.0"}, polling=False)
    for call in (compute.virtual_machines.begin_start, compute.virtual_machines.begin_deallocate):
        with pytest.raises(ResourceExistsError) as caught:
            call(GROUP, VM)
        assert arm_error(caught).code == "OperationNotAllowed"
    compute.virtual_machines.begin_update(GROUP, VM, {"tags": {"a": "b"}})  # tags alone are always possible
    compute.virtual_machines.begin_delete(GROUP, VM, force_deletion=True, polling=False)  # and so is deletion
    sim.advance(600)
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.begin_start(GROUP, VM)


def test_an_operation_is_followed_by_its_continuation_token(
    sim: Simulator, compute: Client, operator: Operator
) -> None:
    sim.reset(duration_scale=1.0, speed=1.0)
    operator.drain(VM)
    seen: list[Any] = []
    started = compute.virtual_machines.begin_reimage(
        GROUP,
        VM,
        {"exactVersion": "2.0.0"},
        polling=StartOnly(),
        raw_response_hook=lambda r: seen.append(r.http_response),
    )
    headers = seen[0].headers
    assert seen[0].status_code == 202
    assert headers["Azure-AsyncOperation"].startswith(sim.base_url)
    assert headers["Location"].startswith(sim.base_url)
    assert headers["Retry-After"] == "10"
    assert sim.host(VM)["version"] == "1.0.0"
    sim.advance(600)
    token = started.continuation_token()
    compute.virtual_machines.begin_reimage(GROUP, VM, continuation_token=token).result()
    assert sim.host(VM)["version"] == "2.0.0"
    assert sim.control("GET", "calls")["by_operation"]["reimage"] == 1
