"""Virtual machines: read, change, re-image, replace, join, register."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from local.sim.core import names
from shared.core.errors import AzureConflict, AzureNotFound, InvalidRequest, OperationFailed
from shared.core.names import OUT_TAG
from shared.models.pools import DomainJoin, EntraJoin
from tests.contracts.azure.conftest import PASSWORD, POOL, Azure, host, vm
from tests.contracts.azure.scripted_arm import Scripted, said

DOMAIN_JOIN = DomainJoin(kind="ad", domain="contoso.local", user="joiner@contoso.local", password_setting="JOIN_OFFICE")

MONITOR = {
    "name": "AzureMonitorWindowsAgent",
    "properties": {
        "publisher": "Microsoft.Azure.Monitor",
        "type": "AzureMonitorWindowsAgent",
        "typeHandlerVersion": "1.0",
        "autoUpgradeMinorVersion": True,
        "settings": {"authentication": {"managedIdentity": {"identifier-name": "mi_res_id"}}},
    },
}


def reimaged(azure: Azure, number: int, version: str = "2.0.0") -> None:
    azure.host_pools.set_accepting(POOL, host(number), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(number))
    assert azure.vms.start_reimage(vm(number), version=version, admin_password=PASSWORD).done


def test_a_vm_shows_the_properties_that_decide_its_update(azure: Azure) -> None:
    machine = azure.vms.find(vm(1))

    assert machine is not None
    assert (machine.name, machine.location, machine.provisioning) == ("office-0001", "westeurope", "Succeeded")
    assert (machine.definition_id, machine.version) == (names.DEFINITION_ID, "1.0.0")
    assert (machine.power, machine.running, machine.ephemeral) == ("running", True, False)
    assert machine.os_disk_delete_option == "Delete"
    assert machine.os_disk_id is not None and machine.unique_id


@pytest.mark.parametrize("pinned", [False, True])
def test_the_definition_is_the_same_whether_the_machine_is_pinned_or_not(azure: Azure, pinned: bool) -> None:
    azure.world(pinned=pinned)
    machine = azure.vms.find(vm(1))

    assert machine is not None
    assert (machine.definition_id, machine.version) == (names.DEFINITION_ID, "1.0.0")


def test_an_ephemeral_disk_is_recognised(azure: Azure) -> None:
    azure.world(ephemeral=True)
    machine = azure.vms.find(vm(1))

    assert machine is not None and machine.ephemeral


def test_a_machine_from_the_marketplace_has_no_definition(azure: Azure) -> None:
    template = azure.vms.find(names.TEMPLATE_VM_ID)

    assert template is not None
    assert (template.definition_id, template.version, template.power) == (None, None, "deallocated")


def test_a_missing_vm_is_none(azure: Azure) -> None:
    assert azure.vms.find(names.vm_id("nobody")) is None
    assert azure.vms.find("") is None


def test_many_vms_cost_two_lists_and_few_vms_a_read_each(azure: Azure) -> None:
    azure.world(hosts=6, page_size=100, powered_off=2)
    wanted = [vm(number).upper().replace("/SUBSCRIPTIONS", "/subscriptions") for number in range(1, 7)]

    many = azure.vms.find_many([*wanted, names.vm_id("nobody")])
    lists = azure.calls()
    few = azure.vms.find_many([vm(1), vm(2), names.vm_id("nobody")])

    assert sorted(many) == sorted(vm(number).lower() for number in range(1, 7))
    assert [many[vm(number).lower()].power for number in (1, 5, 6)] == ["running", "deallocated", "deallocated"]
    assert many[vm(1).lower()] == few[vm(1).lower()]
    assert lists == {"list_vms": 2}
    assert sorted(few) == [vm(1).lower(), vm(2).lower()]
    assert azure.calls() == {"list_vms": 2, "get_vm": 3}


def test_the_subnets_of_many_vms_cost_one_list(azure: Azure) -> None:
    azure.world(hosts=6, page_size=100)

    found = azure.vms.subnets_of([vm(number) for number in range(1, 6)])

    assert sorted(found) == sorted(vm(number).lower() for number in range(1, 6))
    assert all("/virtualNetworks/" in subnet for subnet in found.values())
    assert azure.calls() == {"list_nics": 1}
    assert azure.vms.subnets_of([]) == {}


def test_vms_that_are_out_of_their_host_pool_cost_one_list(azure: Azure) -> None:
    azure.world(hosts=4)
    azure.vms.update(vm(2), tags={OUT_TAG: "office host-02 0123456789abcdef"})
    before = azure.calls().get("list_vms", 0)

    found = azure.vms.find_marked([vm(1), vm(3), "nonsense"])

    assert [one.id.lower() for one in found] == [vm(2).lower()]
    assert found[0].tags == {OUT_TAG: "office host-02 0123456789abcdef"}
    assert azure.calls()["list_vms"] == before + 1
    assert azure.vms.find_marked([]) == []


def test_a_host_without_a_vm_does_not_hide_others(azure: Azure) -> None:
    found = azure.vms.find_many(["", "nonsense", *(vm(number) for number in range(1, 6))])

    assert len(found) == 5
    assert azure.vms.find_many([]) == {}


def test_power_is_unknown_when_the_subscription_may_not_be_listed() -> None:
    listed = [{"id": vm(number), "name": f"office-{number:04d}", "location": "westeurope"} for number in range(1, 6)]
    refused = {"error": {"code": "AuthorizationFailed", "message": "only the group may be read"}}
    azure = Scripted(said(403, refused), said(200, {"value": listed}))

    found = azure.vms.find_many([vm(number) for number in range(1, 6)])

    assert [machine.power for machine in found.values()] == ["unknown"] * 5


def test_a_disk_names_the_version_it_was_made_from(azure: Azure) -> None:
    machine = azure.vms.find(vm(1))
    assert machine is not None and machine.os_disk_id is not None

    assert azure.vms.disk_version(machine.os_disk_id) == names.version_id("1.0.0")
    assert azure.vms.disk_version(names.disk_id("nobody")) is None


def test_tags_and_delete_options_change_in_one_patch(azure: Azure) -> None:
    azure.vms.update(vm(1), tags={"a": "b"}, os_disk_delete_option="Detach", nic_delete_option="Delete")
    machine = azure.vms.find(vm(1))
    nics = azure.sim.sim.world.vms[vm(1).lower()].nic_refs

    assert machine is not None
    assert (machine.tags, machine.os_disk_delete_option) == ({"a": "b"}, "Detach")
    assert [nic["properties"]["deleteOption"] for nic in nics] == ["Delete"]
    assert azure.calls()["update_vm"] == 1


def test_tags_replace_the_whole_set_and_an_empty_change_costs_no_call(azure: Azure) -> None:
    azure.vms.update(vm(1), tags={"a": "b"})
    azure.vms.update(vm(1), tags={})
    azure.vms.update(vm(1))
    machine = azure.vms.find(vm(1))

    assert machine is not None and machine.tags == {}
    assert azure.calls()["update_vm"] == 2
    with pytest.raises(AzureNotFound):
        azure.vms.update(names.vm_id("nobody"), tags={})


@pytest.mark.parametrize("option", ["Detach", "Delete"])
def test_a_reimage_installs_the_version_and_keeps_the_old_disk_on_request(azure: Azure, option: str) -> None:
    azure.vms.update(vm(1), os_disk_delete_option=option)
    before = azure.vms.find(vm(1))
    reimaged(azure, 1)
    after = azure.vms.find(vm(1))

    assert before is not None and after is not None and before.os_disk_id and after.os_disk_id
    assert (after.version, after.unique_id) == ("2.0.0", before.unique_id)
    assert azure.vms.disk_version(after.os_disk_id) == names.version_id("2.0.0")
    kept = azure.vms.disk_version(before.os_disk_id)
    assert kept == (names.version_id("1.0.0") if option == "Detach" else None)


def test_a_reimage_without_a_version_is_refused(azure: Azure) -> None:
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    with pytest.raises(AzureNotFound):
        azure.vms.start_reimage(vm(1), version="9.9.9", admin_password=PASSWORD)


@pytest.mark.parametrize("world", [{}, {"vmss": True}, {"ephemeral": True}, {"pinned": True}])
def test_a_machine_is_deleted_and_created_again_on_its_network_card(azure: Azure, world: dict[str, bool]) -> None:
    azure.world(**world)
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(1))
    azure.vms.update(vm(1), tags={"kept": "yes"})
    before = azure.sim.sim.world.vms[vm(1).lower()]
    body = azure.vms.recreation_body(vm(1))

    assert azure.vms.start_delete(vm(1)).done
    assert azure.vms.find(vm(1)) is None
    created = azure.vms.start_create(vm(1), body, image_version_id=names.version_id("2.0.0"), admin_password=PASSWORD)
    after, machine = azure.sim.sim.world.vms[vm(1).lower()], azure.vms.find(vm(1))

    assert created.done and machine is not None
    assert (machine.version, machine.power, machine.tags) == ("2.0.0", "running", {"kept": "yes"})
    assert after.nic_refs == before.nic_refs
    for key in ("hardwareProfile", "licenseType", "securityProfile", "virtualMachineScaleSet"):
        assert after.props.get(key) == before.props.get(key)
    assert machine.unique_id != before.vm_id


def taken_out(azure: Azure, number: int) -> None:
    azure.host_pools.set_accepting(POOL, host(number), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(number))


def test_a_vm_made_from_an_attached_disk_can_be_marked_for_keeping_its_disk(azure: Azure) -> None:
    azure.sim.sim.world.vms[vm(1).lower()].os_disk["createOption"] = "Attach"
    machine = azure.vms.find(vm(1))
    assert machine is not None and machine.os_disk_create_option == "Attach"
    azure.vms.update(vm(1), os_disk_delete_option="Detach", os_disk_create_option=machine.os_disk_create_option)
    after = azure.vms.find(vm(1))
    assert after is not None and after.os_disk_delete_option == "Detach"


def test_a_vm_made_from_an_attached_disk_can_be_replaced(azure: Azure) -> None:
    taken_out(azure, 1)
    made = azure.sim.sim.world.vms[vm(1).lower()]
    made.os_disk["createOption"] = "Attach"
    del made.props["osProfile"]  # Azure refuses one for an attached disk

    body = azure.vms.recreation_body(vm(1))
    azure.vms.start_delete(vm(1))
    assert azure.vms.start_create(vm(1), body, image_version_id=names.version_id("2.0.0"), admin_password=PASSWORD).done
    after = azure.sim.sim.world.vms[vm(1).lower()]
    assert after.props["osProfile"]["computerName"] == "office-0001"


def test_a_vm_made_from_an_attached_disk_gets_its_kept_disk_back(azure: Azure) -> None:
    azure.vms.update(vm(1), os_disk_delete_option="Detach")
    before = azure.vms.find(vm(1))
    reimaged(azure, 1)
    azure.vms.start_deallocate(vm(1))
    azure.sim.sim.world.vms[vm(1).lower()].os_disk["createOption"] = "Attach"
    assert before is not None and before.os_disk_id
    assert azure.vms.start_swap(vm(1), before.os_disk_id, create_option="Attach").done


def test_a_machine_says_what_a_replacement_needs_and_loses(azure: Azure) -> None:
    azure.vms.start_extension(vm(1), "westeurope", MONITOR)
    one = azure.vms.find(vm(1))
    many = azure.vms.find_many([vm(number) for number in range(1, 6)])
    assert one is not None and one == many[vm(1).lower()]
    assert (one.os_disk_gb, one.os_disk_type, one.security_type) == (127, "Premium_LRS", "TrustedLaunch")
    assert (one.extensions, one.system_identity) == (("AzureMonitorWindowsAgent",), True)


def test_extensions_that_hold_no_secret_are_put_back_on_a_replaced_vm(azure: Azure) -> None:
    azure.vms.start_extension(vm(1), "westeurope", MONITOR)
    script = {"publisher": "Microsoft.Compute", "type": "CustomScriptExtension", "typeHandlerVersion": "1.10"}
    azure.vms.start_extension(vm(1), "westeurope", {"name": "setup", "properties": script})
    azure.vms.start_join(vm(1), "westeurope", DOMAIN_JOIN, PASSWORD, "change-1")
    taken_out(azure, 1)
    body = azure.vms.recreation_body(vm(1))
    assert body.extensions == (MONITOR,)
    azure.vms.start_delete(vm(1))
    azure.vms.start_create(vm(1), body, image_version_id=names.version_id("2.0.0"), admin_password=PASSWORD)
    assert azure.vms.start_extension(vm(1), "westeurope", body.extensions[0]).done
    machine = azure.vms.find(vm(1))
    assert machine is not None and machine.extensions == ("AzureMonitorWindowsAgent",)


def test_a_disk_says_its_size_its_type_and_its_security_type(azure: Azure) -> None:
    machine = azure.vms.find(vm(1))
    disk = azure.vms.disk(machine.os_disk_id or "") if machine else None
    assert disk is not None
    assert (disk.size_gb, disk.storage_type, disk.security_type) == (127, "Premium_LRS", "TrustedLaunch")


def test_deleting_a_missing_vm_is_done(azure: Azure) -> None:
    assert azure.vms.start_delete(names.vm_id("nobody")).done


def test_a_recreation_body_of_a_missing_vm_is_not_found(azure: Azure) -> None:
    with pytest.raises(AzureNotFound):
        azure.vms.recreation_body(names.vm_id("nobody"))


def test_power_is_switched_off_and_on(azure: Azure) -> None:
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    assert azure.vms.start_deallocate(vm(1)).done
    off = azure.vms.find(vm(1))
    assert azure.vms.start_power_on(vm(1)).done
    on = azure.vms.find(vm(1))

    assert off is not None and off.power == "deallocated"
    assert on is not None and on.running


@pytest.mark.parametrize("join", [DOMAIN_JOIN, EntraJoin(kind="entra", intune=True)])
def test_a_new_machine_joins_and_registers(azure: Azure, join: DomainJoin | EntraJoin) -> None:
    reimaged(azure, 1)
    token = azure.host_pools.registration_token(POOL)

    assert azure.vms.start_join(vm(1), "westeurope", join, PASSWORD, "change-1").done
    assert azure.vms.start_register(vm(1), "westeurope", token).done
    found = azure.sim.host("office-0001")

    assert (found["join"], found["status"], found["version"]) == (join.kind, "Available", "2.0.0")
    assert azure.sim.state()["violations"] == []


def test_a_domain_join_without_its_password_is_refused_by_the_settings_name(azure: Azure) -> None:
    with pytest.raises(InvalidRequest, match="JOIN_OFFICE"):
        azure.vms.start_join(vm(1), "westeurope", DOMAIN_JOIN, None, "change-1")
    assert azure.calls() == {}


def test_registering_with_an_invalid_token_fails_the_operation(azure: Azure) -> None:
    azure.world(duration_scale=1.0, speed=1.0)
    azure.sim.advance(600)
    azure.host_pools.remove_session_host(POOL, host(1))

    operation = azure.vms.start_register(vm(1), "westeurope", SecretStr("no-good"), "again")
    with pytest.raises(OperationFailed):
        azure.finish(operation)


def test_a_second_operation_on_a_machine_is_a_conflict(azure: Azure) -> None:
    azure.world(duration_scale=1.0, speed=1.0)
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    azure.vms.start_deallocate(vm(1))

    with pytest.raises(AzureConflict):
        azure.vms.start_power_on(vm(1))
