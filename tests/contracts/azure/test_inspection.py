"""How a VM is joined, read by a run command in it."""

from __future__ import annotations

import pytest

from local.sim.core import names
from shared.core.errors import AzureNotFound, OperationFailed
from shared.models.directory import JoinFacts
from shared.models.pools import DomainJoin, EntraJoin
from shared.planning.join.trust import join_failure, trust_holds
from tests.contracts.azure.conftest import LONG, PASSWORD, POOL, SLOW, Azure, host, vm

DOMAIN = DomainJoin(kind="ad", domain=names.DOMAIN, user="joiner", password_setting="JOIN_OFFICE")
ENTRA = EntraJoin(kind="entra")


def facts(azure: Azure, tag: str = "1") -> JoinFacts:
    assert azure.vms.start_inspection(vm(1), "westeurope", tag).done
    return azure.vms.join_facts(vm(1))


def wipe(azure: Azure) -> None:
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(1))
    assert azure.vms.start_reimage(vm(1), version="2.0.0", admin_password=PASSWORD).done


def test_a_host_in_its_domain_says_so(azure: Azure) -> None:
    assert facts(azure) == JoinFacts(domain=names.DOMAIN, domain_trusted=True)
    assert trust_holds(facts(azure), DOMAIN)
    wipe(azure)
    assert facts(azure, "2") == JoinFacts()


def test_a_host_in_entra_id_names_its_device_until_it_is_deleted(azure: Azure) -> None:
    wipe(azure)
    assert azure.vms.start_join(vm(1), "westeurope", ENTRA, None, "1").done
    (device,) = azure.sim.sim.world.devices.values()
    assert facts(azure) == JoinFacts(entra_joined=True, device_id=device.device_id, device_valid=True)
    assert device.vm_id == vm(1)

    azure.sim.sim.world.devices.clear()
    assert not trust_holds(facts(azure, "2"), ENTRA)


def test_why_a_domain_refused_is_in_the_log(azure: Azure) -> None:
    azure.world(**SLOW)
    azure.sim.advance(LONG)
    wiping = azure.vms.start_reimage
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(1))
    azure.finish(wiping(vm(1), version="2.0.0", admin_password=PASSWORD))
    azure.sim.control("POST", "expect", {"foreign_accounts": ["office-0001"]})
    with pytest.raises(OperationFailed) as failed:
        azure.finish(azure.vms.start_join(vm(1), "westeurope", DOMAIN, PASSWORD, "1"))
    assert "2732" not in str(failed.value), "the extension does not say why"

    azure.finish(azure.vms.start_inspection(vm(1), "westeurope", "why"))
    assert "KB5020276" in join_failure(str(failed.value), azure.vms.join_facts(vm(1)))


def test_without_an_inspection_there_is_nothing_to_read(azure: Azure) -> None:
    with pytest.raises(AzureNotFound):
        azure.vms.join_facts(vm(1))
