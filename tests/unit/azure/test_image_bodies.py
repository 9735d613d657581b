"""The bodies that make a copy of a template, and a version of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local.sim.core import names
from shared.azure import image_bodies, parse
from shared.azure.scripts import preparation_script
from shared.core.errors import InvalidRequest
from shared.models.azure import Template
from shared.models.images import Definition, TargetRegion

TEMPLATE = Template(
    id=names.TEMPLATE_VM_ID,
    name="template",
    location="westeurope",
    power="deallocated",
    vm_size="Standard_D4ads_v5",
    os_disk_id=names.disk_id("os"),
    windows=True,
    ephemeral=False,
    subnet_id=names.SUBNET_ID,
    zones=("2",),
    license_type="Windows_Client",
    security={"securityType": "TrustedLaunch"},
)
PLAIN = TEMPLATE.model_copy(update={"zones": (), "license_type": "", "security": {}})
MADE = {"location": "westeurope", "tags": {"FreshcoatTask": "task-1"}}
DEFINITION = Definition(id=names.DEFINITION_ID, location="northeurope", generalized=True, windows=True, generation="V2")
IMAGE = f"{names.COMPUTE}/images/i"


def test_a_snapshot_is_incremental_and_of_the_os_disk() -> None:
    assert image_bodies.snapshot(TEMPLATE, "task-1") == {
        **MADE,
        "sku": {"name": "Standard_LRS"},
        "properties": {
            "incremental": True,
            "creationData": {"createOption": "Copy", "sourceResourceId": names.disk_id("os")},
        },
    }
    with pytest.raises(InvalidRequest, match="template_vm_id"):
        image_bodies.snapshot(TEMPLATE.model_copy(update={"os_disk_id": None}), "task-1")


def test_a_disk_has_the_type_of_its_snapshots_source() -> None:
    had = {"hyperVGeneration": "V2", "osType": "Windows", "securityProfile": {"securityType": "TrustedLaunch"}}
    body = image_bodies.disk("/snapshot", {"properties": {**had, "timeCreated": "now"}}, TEMPLATE, "task-1")
    plain = image_bodies.disk("/snapshot", {"properties": {}}, PLAIN, "task-1")

    assert body["properties"] == {**had, "creationData": {"createOption": "Copy", "sourceResourceId": "/snapshot"}}
    assert (body["zones"], body["tags"]) == (["2"], MADE["tags"])
    assert set(plain["properties"]) == {"osType", "creationData"} and "zones" not in plain


def test_a_clone_is_like_the_template_and_its_parts_are_deleted_with_it() -> None:
    body = image_bodies.clone("/disk", TEMPLATE, names.SUBNET_ID, "fresh-1", "task-1")
    address = {"name": "internal", "properties": {"primary": True, "subnet": {"id": names.SUBNET_ID}}}

    assert body == {
        **MADE,
        "zones": ["2"],
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D4ads_v5"},
            "licenseType": "Windows_Client",
            "securityProfile": {"securityType": "TrustedLaunch"},
            "storageProfile": {
                "osDisk": {
                    "createOption": "Attach",
                    "osType": "Windows",
                    "deleteOption": "Delete",
                    "managedDisk": {"id": "/disk"},
                }
            },
            "networkProfile": {
                "networkApiVersion": "2022-11-01",
                "networkInterfaceConfigurations": [
                    {
                        "name": "fresh-1-nic",
                        "tags": MADE["tags"],
                        "properties": {"primary": True, "deleteOption": "Delete", "ipConfigurations": [address]},
                    }
                ],
            },
        },
    }
    plain = image_bodies.clone("/disk", PLAIN, names.SUBNET_ID, "fresh-1", "task-1")
    assert "zones" not in plain and not {"licenseType", "securityProfile"} & set(plain["properties"])


def test_the_preparation_fails_with_its_script_and_differs_each_time() -> None:
    first = image_bodies.prepare_command("westeurope", "script", "task-1")
    second = image_bodies.prepare_command("westeurope", "script", "task-1")
    properties = first["properties"]

    assert (properties["asyncExecution"], properties["treatFailureAsDeploymentFailure"]) == (False, True)
    assert 3_600 < properties["timeoutInSeconds"] <= 5_400
    assert properties["parameters"] != second["properties"]["parameters"]
    assert "protectedParameters" not in properties


def test_the_script_generalizes_and_leaves_the_machine_on() -> None:
    code = "\n".join(line.split("#")[0] for line in preparation_script().splitlines())

    assert "/oobe /generalize /quit /mode:vm" in code
    assert not re.search(r"/shutdown|/reboot|/unattend|stop-computer|restart-computer", code, re.IGNORECASE)
    assert re.findall(r"stop-service .*", code, re.IGNORECASE) == [
        "Stop-Service -Name 'RDAgentBootLoader' -Force -ErrorAction SilentlyContinue"
    ]
    assert "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE" in code and "param([string] $ChangeTag" in code


def test_a_managed_image_is_of_the_definitions_generation() -> None:
    assert image_bodies.managed_image("/vm", "westeurope", "V2", "task-1") == {
        **MADE,
        "properties": {"hyperVGeneration": "V2", "sourceVirtualMachine": {"id": "/vm"}},
    }


@pytest.mark.parametrize(
    ("source", "key"),
    [(IMAGE, "id"), (names.vm_id("v"), "virtualMachineId"), (names.vm_id("v").lower(), "virtualMachineId")],
)
def test_a_version_is_excluded_from_latest_in_every_region(source: str, key: str) -> None:
    regions = [TargetRegion(name="West Europe", replicas=3, storage="Standard_ZRS"), TargetRegion(name="northeurope")]
    body = image_bodies.version(DEFINITION, source, regions, "task-1")

    assert (body["location"], body["tags"]) == ("northeurope", MADE["tags"])
    assert body["properties"]["storageProfile"] == {"source": {key: source}}
    assert body["properties"]["publishingProfile"] == {
        "excludeFromLatest": True,
        "replicationMode": "Full",
        "targetRegions": [
            _region("westeurope", 3, "Standard_ZRS"),
            _region("northeurope", 1, "Standard_LRS"),
        ],
    }


def _region(name: str, replicas: int, storage: str) -> dict[str, Any]:
    return {
        "name": name,
        "regionalReplicaCount": replicas,
        "storageAccountType": storage,
        "excludeFromLatest": True,
    }


def test_a_flag_is_changed_in_every_region_and_the_rest_of_a_region_stays() -> None:
    region = {"name": "West Europe", "regionalReplicaCount": 2, "encryption": {"osDiskImage": {}}}
    body = {"properties": {"publishingProfile": {"excludeFromLatest": False, "targetRegions": [region]}}}
    change = image_bodies.exclusion(body, excluded=True)

    assert change == {
        "properties": {
            "publishingProfile": {"excludeFromLatest": True, "targetRegions": [{**region, "excludeFromLatest": True}]}
        }
    }
    assert "excludeFromLatest" not in region
    assert image_bodies.exclusion(body, excluded=False) is None
    assert change is not None and image_bodies.exclusion(change, excluded=True) is None
    assert image_bodies.exclusion({}, excluded=True) == {
        "properties": {"publishingProfile": {"excludeFromLatest": True}}
    }


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ([], None),
        ([{"id": "/a"}, {"id": "/b"}], "/a"),
        ([{"id": "/a"}, {"id": "/b", "properties": {"primary": True}}], "/b"),
    ],
)
def test_the_primary_network_interface_is_the_marked_or_the_first_one(
    cards: list[dict[str, Any]], expected: str | None
) -> None:
    assert parse.primary_nic({"properties": {"networkProfile": {"networkInterfaces": cards}}}) == expected


def test_the_subnet_is_that_of_the_primary_address() -> None:
    addresses = [{"properties": {"subnet": {"id": "/a"}}}, {"properties": {"primary": True, "subnet": {"id": "/b"}}}]
    vm = {"id": names.TEMPLATE_VM_ID, "name": "t"}

    def subnet(nic: dict[str, Any]) -> str:
        return parse.template(vm, nic).subnet_id

    assert subnet({"properties": {"ipConfigurations": addresses}}) == "/b"
    assert subnet({"properties": {"ipConfigurations": addresses[:1]}}) == "/a"
    assert subnet({}) == ""
