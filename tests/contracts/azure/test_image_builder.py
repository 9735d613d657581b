"""From a template VM to an image version, and everything taken away again."""

from __future__ import annotations

import pytest

from local.sim.compute.network import NIC
from local.sim.core import names
from shared.core.errors import AzureBusy, AzureError, AzureForbidden, AzureNotFound, OperationFailed
from shared.models.azure import Operation
from tests.contracts.azure.conftest import LONG, SLOW, Azure
from tests.contracts.azure.image_build_steps import (
    CLONE,
    DISK,
    MADE,
    OPERATIONS,
    SNAPSHOT,
    STEPS,
    TASK,
    TEMPLATE,
    VERSION,
    Build,
)
from tests.contracts.azure.scripted_arm import Scripted, said

SECURITY = {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}}
MISSING = [names.vm_id("x"), names.disk_id("x"), f"{names.COMPUTE}/snapshots/x", f"{names.COMPUTE}/images/x"]


@pytest.fixture
def slow(azure: Azure) -> Build:
    """A world in which everything takes a while."""
    azure.world(**SLOW)
    return Build(azure)


@pytest.fixture
def quick(azure: Azure) -> Build:
    """A world in which everything is done at once."""
    return Build(azure)


def trusted(azure: Azure) -> None:
    """Make template and definition Trusted Launch ones."""
    world = azure.sim.sim.world
    template = world.vms[TEMPLATE.lower()]
    template.props["securityProfile"] = SECURITY
    world.disks[template.os_disk_id.lower()].props["securityProfile"] = {"securityType": "TrustedLaunch"}
    definition = world.of("Microsoft.Compute/galleries/images")[names.DEFINITION_ID.lower()]
    definition["properties"]["features"] = [{"name": "SecurityType", "value": "TrustedLaunch"}]


def test_a_template_shows_what_a_clone_needs_in_two_reads(azure: Azure) -> None:
    template = azure.image_builder.template(TEMPLATE)

    assert template is not None
    assert (template.id, template.name, template.location) == (TEMPLATE, "win11-office-template", "westeurope")
    assert (template.power, template.running, template.windows, template.ephemeral) == (
        "deallocated",
        False,
        True,
        False,
    )
    assert (template.subnet_id, template.vm_size) == (names.SUBNET_ID, "Standard_D4ads_v5")
    assert (template.zones, template.license_type, template.security) == ((), "Windows_Client", {})
    assert template.os_disk_id == azure.sim.sim.world.vms[TEMPLATE.lower()].os_disk_id
    assert azure.calls() == {"get_vm": 1, "get_nic": 1}


def test_a_trusted_template_keeps_its_security_and_its_zone(azure: Azure) -> None:
    trusted(azure)
    azure.sim.sim.world.vms[TEMPLATE.lower()].extra["zones"] = ["2"]
    template = azure.image_builder.template(TEMPLATE)

    assert template is not None
    assert (template.security, template.zones) == (SECURITY, ("2",))


def test_a_missing_template_is_none(azure: Azure) -> None:
    assert azure.image_builder.template(names.vm_id("nobody")) is None
    assert azure.image_builder.template("") is None


def test_a_template_without_a_network_card_has_no_subnet(azure: Azure) -> None:
    azure.sim.sim.world.vms[TEMPLATE.lower()].props["networkProfile"] = {}
    template = azure.image_builder.template(TEMPLATE)

    assert template is not None and template.subnet_id == ""


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (said(403, {"error": {"code": "AuthorizationFailed", "message": "no"}}), AzureForbidden),
        (said(404, {"error": {"code": "ResourceNotFound", "message": "gone"}}), AzureNotFound),
        (said(429, {"error": {"code": "TooManyRequests", "message": "later"}}, Retry_After="7"), AzureBusy),
        (said(200, "<html>a proxy</html>"), AzureBusy),
    ],
)
def test_a_network_card_that_cannot_be_read_is_refused_in_azures_words(
    answer: tuple[int, bytes, dict[str, str]], error: type[AzureError]
) -> None:
    card = {"id": names.nic_id("n"), "properties": {"primary": True}}
    vm = {"id": TEMPLATE, "name": "t", "location": "w", "properties": {"networkProfile": {"networkInterfaces": [card]}}}
    scripted = Scripted(said(200, vm), answer)

    with pytest.raises(error) as refused:
        scripted.image_builder.template(TEMPLATE)
    assert refused.value.call == "read the network card n"
    assert scripted.asked[1] == ("GET", names.nic_id("n"))


@pytest.mark.parametrize("through_image", [True, False])
def test_a_template_becomes_a_version_and_nothing_is_left(slow: Build, through_image: bool) -> None:
    azure = slow.azure
    if not through_image:
        trusted(azure)
    assert slow.definition.captured_through_image is through_image
    steps = [getattr(slow, name) for name in STEPS[:-2]]
    steps += [slow.image, slow.version] if through_image else [slow.direct_version]
    for step in steps:
        started: Operation = step()
        assert (started.done, started.retry_after) == (False, 10.0)
        assert slow.ended(started).done
    azure.sim.advance(LONG)
    made = azure.gallery.version(names.DEFINITION_ID, VERSION)
    slow.removed()

    assert made is not None
    assert (made.ready, made.failed, made.percent, made.exclude_from_latest) == (True, False, 100, True)
    assert made.replicas == {"westeurope": 2, "northeurope": 1}
    state = azure.sim.state()
    assert (state["temporary"], state["violations"]) == ([], [])
    template = azure.sim.sim.world.vms[TEMPLATE.lower()]
    assert (template.power, template.generalized) == ("deallocated", False)


def test_a_clone_is_a_separate_vm_without_a_public_address(quick: Build) -> None:
    trusted(quick.azure)
    assert quick.upto("clone")().done
    world = quick.azure.sim.sim.world
    clone, disk = world.vms[CLONE.lower()], world.disks[DISK.lower()]
    card = world.of(NIC)[clone.nic_refs[0]["id"].lower()]

    assert (clone.power, clone.tags) == ("running", {"FreshcoatTask": TASK})
    assert (clone.props["licenseType"], clone.props["securityProfile"]) == ("Windows_Client", SECURITY)
    assert "osProfile" not in clone.props and "imageReference" not in clone.props["storageProfile"]
    assert (clone.os_disk_id, disk.props["securityProfile"]) == (DISK, {"securityType": "TrustedLaunch"})
    assert card["tags"] == {"FreshcoatTask": TASK}
    address = card["properties"]["ipConfigurations"][0]["properties"]
    assert address["subnet"] == {"id": names.SUBNET_ID} and "publicIPAddress" not in address
    assert {left["type"] for left in quick.azure.sim.state()["temporary"]} == {
        "virtualMachines",
        "disks",
        "snapshots",
        "networkInterfaces",
    }


def test_deleting_the_clone_deletes_its_disk_and_network_interface(quick: Build) -> None:
    quick.upto("prepare")
    assert quick.azure.image_builder.start_removal(CLONE).done

    assert [left["id"] for left in quick.azure.sim.state()["temporary"]] == [SNAPSHOT]


def test_created_resources_name_their_task(quick: Build) -> None:
    quick.upto("version")

    assert [quick.azure.image_builder.owner(resource) for resource in MADE] == [TASK] * 4
    assert quick.azure.image_builder.owner(TEMPLATE) == ""
    assert [quick.azure.image_builder.owner(resource) for resource in MISSING] == [None] * 4


@pytest.mark.parametrize("step", STEPS)
def test_a_failed_step_shows_azures_code_and_can_be_cleaned_up(slow: Build, step: str) -> None:
    begin = slow.upto(step)
    slow.azure.sim.faults({"kind": "lro_fail", "match": OPERATIONS[step], "code": "Broken", "message": "It broke."})
    started = begin()

    with pytest.raises(OperationFailed, match="Broken") as failed:
        slow.ended(started)
    assert failed.value.message == "It broke."
    slow.azure.sim.clear_faults()
    slow.removed()
    assert slow.azure.sim.state()["temporary"] == []


def test_a_clone_without_capacity_fails(slow: Build) -> None:
    begin = slow.upto("clone")
    slow.azure.sim.faults({"kind": "allocation_failed"})
    started = begin()

    with pytest.raises(OperationFailed) as failed:
        slow.ended(started)
    assert failed.value.code == "AllocationFailed"


@pytest.mark.parametrize("resource", MISSING)
def test_removing_a_missing_resource_is_done(azure: Azure, resource: str) -> None:
    removal = azure.image_builder.start_removal(resource)

    assert (removal.kind, removal.target, removal.done) == ("remove", resource, True)


def test_a_failed_removal_keeps_the_resource_and_reports_it(slow: Build) -> None:
    slow.upto("disk")
    slow.azure.sim.faults({"kind": "lro_fail", "match": "delete_snapshot", "count": 1})
    removal = slow.azure.image_builder.start_removal(SNAPSHOT)

    with pytest.raises(OperationFailed, match="delete fresh-1-snapshot"):
        slow.ended(removal)
    assert slow.azure.image_builder.owner(SNAPSHOT) == TASK
    assert slow.ended(slow.azure.image_builder.start_removal(SNAPSHOT)).done
    assert slow.azure.image_builder.owner(SNAPSHOT) is None
