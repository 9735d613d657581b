"""OS disks: read, put under their machine again, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from local.sim.core import names
from shared.azure import parse
from shared.core.errors import AzureConflict, AzureNotFound
from shared.core.names import SWAPPED_TAG
from shared.models.azure import Disk, VirtualMachine
from shared.models.pools import DomainJoin, EntraJoin
from tests.contracts.azure.conftest import PASSWORD, POOL, Azure, host, vm

JOIN = DomainJoin(kind="ad", domain=names.DOMAIN, user="joiner", password_setting="JOIN_OFFICE")
OLD, NEW = names.version_id("1.0.0"), names.version_id("2.0.0")


def machine(azure: Azure, number: int = 1) -> VirtualMachine:
    found = azure.vms.find(vm(number))
    assert found is not None
    return found


def disk_under(azure: Azure, number: int = 1) -> str:
    found = machine(azure, number).os_disk_id
    assert found is not None
    return found


def renewed(azure: Azure, number: int = 1) -> str:
    """Re-image a host to 2.0.0, out of its pool; the id of the disk it was on, which is kept."""
    kept = disk_under(azure, number)
    azure.vms.update(vm(number), os_disk_delete_option="Detach")
    azure.host_pools.set_accepting(POOL, host(number), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(number))
    azure.vms.start_reimage(vm(number), version="2.0.0", admin_password=PASSWORD)
    return kept


def back(azure: Azure, kept: str) -> None:
    """Put the kept disk under the first host again."""
    assert azure.vms.start_deallocate(vm(1)).done
    assert azure.vms.start_swap(vm(1), kept).done
    assert azure.vms.start_power_on(vm(1)).done


def test_a_disk_shows_its_vm_and_its_version(azure: Azure) -> None:
    kept = renewed(azure)
    new = disk_under(azure)

    on = azure.vms.disk(new)
    off = azure.vms.disk(kept)
    kind: dict[str, Any] = {"size_gb": 127, "storage_type": "Premium_LRS", "security_type": "TrustedLaunch"}
    assert on == Disk(id=new, name=names.last(new), attached_to=vm(1), version_id=NEW, **kind)
    assert off == Disk(id=kept, name=names.last(kept), attached_to=None, version_id=OLD, **kind)
    assert azure.vms.disk(names.disk_id("nobody")) is None
    assert azure.vms.disk("nonsense") is None


def test_a_shared_disk_names_one_of_its_vms() -> None:
    body = {"id": "/d", "name": "d", "managedBy": None, "managedByExtended": ["/vm/1", "/vm/2"]}

    assert parse.disk(body).attached_to == "/vm/1"
    assert parse.disk({**body, "managedByExtended": None}).attached_to is None


def test_a_host_gets_its_kept_disk_back_in_one_patch(azure: Azure) -> None:
    kept = renewed(azure)
    new = disk_under(azure)
    back(azure, kept)

    assert disk_under(azure) == kept
    left = azure.vms.disk(new)
    assert left is not None and left.attached_to is None
    assert azure.sim.host("office-0001")["version"] == "1.0.0"
    assert azure.calls()["swap_os_disk"] == 1
    assert azure.sim.state()["violations"] == []


def test_the_replaced_disk_stays_even_if_it_is_deleted_with_its_vm(azure: Azure) -> None:
    kept = renewed(azure)
    new = disk_under(azure)
    azure.vms.update(vm(1), os_disk_delete_option="Delete")
    back(azure, kept)

    assert azure.vms.disk(new) is not None


def test_after_a_swap_the_tag_gives_the_version_only_for_the_disk_it_names(azure: Azure) -> None:
    kept = renewed(azure)
    back(azure, kept)
    assert machine(azure).version == "2.0.0"  # what imageReference still says
    azure.vms.update(vm(1), tags={SWAPPED_TAG: f"1.0.0 {names.last(kept).upper()}"})

    assert machine(azure).version == "1.0.0"
    assert azure.vms.find_many(vm(number) for number in range(1, 6))[vm(1).lower()].version == "1.0.0"
    azure.vms.start_reimage(vm(1), version="2.0.0", admin_password=PASSWORD)
    assert machine(azure).version == "2.0.0"


@pytest.mark.parametrize("tag", ["", "1.0.0", " ", "1.0.0  "])
def test_a_tag_without_a_disk_gives_no_version(azure: Azure, tag: str) -> None:
    azure.vms.update(vm(1), tags={SWAPPED_TAG: tag})

    assert machine(azure).version == "1.0.0"
    assert parse.virtual_machine({"id": "/vm", "name": "vm", "tags": {SWAPPED_TAG: "1.0.0 d"}}).version is None


def test_a_host_on_its_kept_disk_returns_after_joining_and_registering_again(azure: Azure) -> None:
    kept = renewed(azure)
    token = azure.host_pools.registration_token(POOL)
    assert azure.vms.start_join(vm(1), "westeurope", JOIN, PASSWORD, "forth-1").done
    assert azure.vms.start_register(vm(1), "westeurope", token, "forth-1").done
    assert azure.sim.host("office-0001")["status"] == "Available"
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(1))
    back(azure, kept)

    found = azure.sim.host("office-0001")
    assert (found["registered"], found["joined"]) == (False, False)
    assert azure.vms.start_join(vm(1), "westeurope", JOIN, PASSWORD, "back-1").done
    assert azure.vms.start_register(vm(1), "westeurope", token, "back-1").done
    found = azure.sim.host("office-0001")
    assert (found["version"], found["status"], found["joined"]) == ("1.0.0", "Available", True)
    assert azure.sim.state()["violations"] == []


@pytest.mark.parametrize("intune", [True, False])
def test_a_rebuilt_host_joins_entra_id(azure: Azure, intune: bool) -> None:
    renewed(azure)
    assert azure.vms.start_join(vm(1), "westeurope", EntraJoin(kind="entra", intune=intune), None, "forth-1").done
    assert azure.sim.host("office-0001")["join"] == "entra"


def test_whether_a_vm_has_a_system_assigned_identity_is_read(azure: Azure) -> None:
    azure.sim.control("POST", "pools", {"name": "hp-bare", "hosts": 1, "identity": False})
    ids = [names.vm_id("office-0001"), names.vm_id("bare-0001")]
    assert [(found := azure.vms.find(vm_id)) and found.system_identity for vm_id in ids] == [True, False]


def test_registering_without_an_attempt_trusts_the_kept_disk(azure: Azure) -> None:
    kept = renewed(azure)
    back(azure, kept)
    token = azure.host_pools.registration_token(POOL)

    assert azure.vms.start_register(vm(1), "westeurope", token).done
    assert not azure.sim.host("office-0001")["registered"]


def test_a_disk_of_a_running_or_another_vm_is_not_swapped(azure: Azure) -> None:
    kept = renewed(azure)
    with pytest.raises(AzureConflict):
        azure.vms.start_swap(vm(1), kept)
    assert azure.vms.start_deallocate(vm(1)).done

    with pytest.raises(AzureConflict):
        azure.vms.start_swap(vm(1), disk_under(azure, 2))
    with pytest.raises(AzureNotFound):
        azure.vms.start_swap(vm(1), names.disk_id("nobody"))
    with pytest.raises(AzureNotFound):
        azure.vms.start_swap(names.vm_id("nobody"), kept)
    assert disk_under(azure) != kept


def test_a_repeated_swap_is_carried_out_once(azure: Azure) -> None:
    kept = renewed(azure)
    back(azure, kept)

    assert azure.vms.start_swap(vm(1), kept).done
    assert azure.sim.control("GET", "calls")["by_host"]["office-0001"]["swap_os_disk"] == 1


def test_an_unattached_disk_is_deleted_and_a_missing_one_is_done(azure: Azure) -> None:
    kept = renewed(azure)

    assert azure.vms.start_disk_removal(kept).done
    assert azure.vms.disk(kept) is None
    assert azure.vms.start_disk_removal(kept).done


def test_an_attached_disk_is_not_deleted(azure: Azure) -> None:
    with pytest.raises(AzureConflict):
        azure.vms.start_disk_removal(disk_under(azure))
    assert azure.vms.disk(disk_under(azure)) is not None


def test_a_slow_deletion_of_a_disk_is_followed(azure: Azure) -> None:
    kept = renewed(azure)
    azure.sim.control("POST", "clock", {"duration_scale": 1.0, "speed": 1.0})

    started = azure.vms.start_disk_removal(kept)
    assert (started.kind, started.target, started.done) == ("remove", kept, False)
    assert azure.vms.disk(kept) is not None
    assert azure.finish(started).done
    assert azure.vms.disk(kept) is None
