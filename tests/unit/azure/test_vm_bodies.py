"""The bodies that are sent, made from Azure's own answers."""

from __future__ import annotations

from typing import Any

import pytest

from local.sim.core import names
from shared.azure import vm_bodies
from shared.models.pools import DomainJoin, EntraJoin

NIC = names.nic_id("n")
JOIN = DomainJoin(kind="ad", domain="contoso.local", user="joiner", password_setting="JOIN_OFFICE", ou="OU=AVD")


def vm_body(**properties: Any) -> dict[str, Any]:
    """A VM as GET answers it, with all that Azure fills in."""
    return {
        "id": names.vm_id("h"),
        "name": "h",
        "type": "Microsoft.Compute/virtualMachines",
        "etag": '"1"',
        "managedBy": "somebody",
        "location": "westeurope",
        "zones": ["2"],
        "tags": {"a": "b"},
        "plan": {"name": "p"},
        "resources": [{"name": "an extension"}],
        "identity": {
            "type": "SystemAssigned, UserAssigned",
            "principalId": "p",
            "tenantId": "t",
            "userAssignedIdentities": {"/identities/u": {"principalId": "p", "clientId": "c"}},
        },
        "properties": {
            "vmId": "guid",
            "provisioningState": "Succeeded",
            "timeCreated": "2026-01-01T00:00:00Z",
            "instanceView": {"statuses": []},
            "hardwareProfile": {"vmSize": "Standard_D4ads_v5"},
            "licenseType": "Windows_Client",
            "securityProfile": {"securityType": "TrustedLaunch"},
            "virtualMachineScaleSet": {"id": "/vmss"},
            "availabilitySet": {"id": "/as"},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
            "osProfile": {
                "computerName": "h",
                "adminUsername": "admin",
                "adminPassword": "never returned",
                "requireGuestProvisionSignal": True,
                "windowsConfiguration": {"provisionVMAgent": True, "enableVMAgentPlatformUpdates": False},
            },
            "networkProfile": {
                "networkInterfaces": [{"id": NIC, "properties": {"primary": True, "deleteOption": "Delete"}}]
            },
            "storageProfile": {
                "imageReference": {"id": names.DEFINITION_ID, "exactVersion": "1.0.0"},
                "osDisk": {
                    "osType": "Windows",
                    "name": "old-disk",
                    "createOption": "Attach",
                    "caching": "ReadWrite",
                    "deleteOption": "Detach",
                    "diskSizeGB": 127,
                    "managedDisk": {
                        "id": names.disk_id("old-disk"),
                        "storageAccountType": "Premium_LRS",
                        "diskEncryptionSet": {"id": "/des"},
                    },
                },
            },
            **properties,
        },
    }


def test_a_recreation_body_keeps_what_was_chosen() -> None:
    body = vm_bodies.recreation(vm_body())
    properties = body["properties"]

    assert {key: body[key] for key in ("location", "zones", "tags", "plan")} == {
        "location": "westeurope",
        "zones": ["2"],
        "tags": {"a": "b"},
        "plan": {"name": "p"},
    }
    assert body["identity"] == {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {"/identities/u": {}}}
    for key in (
        "hardwareProfile",
        "licenseType",
        "securityProfile",
        "virtualMachineScaleSet",
        "availabilitySet",
        "diagnosticsProfile",
    ):
        assert properties[key] == vm_body()["properties"][key]
    assert properties["osProfile"] == {
        "computerName": "h",
        "adminUsername": "admin",
        "windowsConfiguration": {"provisionVMAgent": True},
    }
    assert properties["networkProfile"]["networkInterfaces"] == [
        {"id": NIC, "properties": {"primary": True, "deleteOption": "Detach"}}
    ]


def test_a_recreation_body_leaves_out_what_azure_filled_in() -> None:
    body = vm_bodies.recreation(vm_body())

    assert not {"id", "name", "type", "etag", "managedBy", "resources"} & set(body)
    assert not {"vmId", "provisioningState", "timeCreated", "instanceView"} & set(body["properties"])
    assert body["properties"]["storageProfile"] == {
        "osDisk": {
            "osType": "Windows",
            "createOption": "FromImage",
            "caching": "ReadWrite",
            "deleteOption": "Detach",
            "diskSizeGB": 127,
            "managedDisk": {"storageAccountType": "Premium_LRS", "diskEncryptionSet": {"id": "/des"}},
        }
    }


def test_a_recreation_body_does_not_change_what_it_was_made_from() -> None:
    given = vm_body()
    vm_bodies.recreation(given)
    assert given == vm_body()


def test_kept_data_disks_are_attached_again_and_others_recreated() -> None:
    disk = {"name": "d", "caching": "None", "diskSizeGB": 64, "managedDisk": {"id": "/d", "storageAccountType": "P"}}
    storage = {
        "osDisk": {"createOption": "FromImage"},
        "dataDisks": [
            {**disk, "lun": 0, "createOption": "Empty"},
            {**disk, "lun": 1, "createOption": "Attach", "deleteOption": "Detach"},
            {**disk, "lun": 2, "createOption": "Attach", "deleteOption": "Delete"},
            {**disk, "lun": 3, "createOption": "FromImage", "deleteOption": "Delete"},
        ],
    }

    disks = vm_bodies.recreation(vm_body(storageProfile=storage))["properties"]["storageProfile"]["dataDisks"]

    assert [(one["lun"], one["createOption"], one["managedDisk"].get("id")) for one in disks] == [
        (0, "Attach", "/d"),
        (1, "Attach", "/d"),
        (2, "Empty", None),
        (3, "FromImage", None),
    ]
    assert (disks[2]["diskSizeGB"], disks[2]["managedDisk"]) == (64, {"storageAccountType": "P"})


def test_an_ephemeral_disk_stays_ephemeral() -> None:
    disk = {"createOption": "FromImage", "diffDiskSettings": {"option": "Local", "placement": "ResourceDisk"}}
    made = vm_bodies.recreation(vm_body(storageProfile={"osDisk": disk}))

    assert made["properties"]["storageProfile"]["osDisk"] == disk


def test_creating_adds_version_and_password_without_changing_the_body() -> None:
    kept = vm_bodies.recreation(vm_body())
    sent = vm_bodies.create(kept, names.version_id("2.0.0"), "hush")

    assert sent["properties"]["storageProfile"]["imageReference"] == {"id": names.version_id("2.0.0")}
    assert sent["properties"]["osProfile"]["adminPassword"] == "hush"
    assert "hush" not in str(kept)


def test_a_domain_join_uses_the_common_extension() -> None:
    body = vm_bodies.join_extension("westeurope", JOIN, "hush", "7")

    assert body["properties"] == {
        "publisher": "Microsoft.Compute",
        "type": "JsonADDomainExtension",
        "typeHandlerVersion": "1.3",
        "autoUpgradeMinorVersion": True,
        "forceUpdateTag": "7",
        "settings": {
            "Name": "contoso.local",
            "User": "joiner",
            "Restart": "true",
            "Options": "3",
            "OUPath": "OU=AVD",
        },
        "protectedSettings": {"Password": "hush"},
    }
    assert "OUPath" not in str(vm_bodies.join_extension("w", JOIN.model_copy(update={"ou": None}), "hush", "7"))


@pytest.mark.parametrize("intune", [True, False])
def test_an_entra_join_has_no_secret_and_names_intune_only_when_wanted(intune: bool) -> None:
    properties = vm_bodies.join_extension("westeurope", EntraJoin(kind="entra", intune=intune), None, "7")["properties"]

    assert (properties["publisher"], properties["type"]) == ("Microsoft.Azure.ActiveDirectory", "AADLoginForWindows")
    # An empty object would fail the extension; left out, it joins without Intune.
    assert properties.get("settings") == ({"mdmId": vm_bodies.INTUNE_MDM_ID} if intune else None)
    assert ("settings" in properties) is intune
    assert "protectedSettings" not in properties


def test_the_registration_token_is_protected_and_the_command_differs_each_time() -> None:
    first = vm_bodies.register_command("westeurope", "script", {"AgentUrl": "https://a"}, "hush")["properties"]
    second = vm_bodies.register_command("westeurope", "script", {"AgentUrl": "https://a"}, "hush")["properties"]

    assert first["protectedParameters"] == [{"name": "RegistrationToken", "value": "hush"}]
    assert "hush" not in str(first["parameters"])
    assert first["parameters"] != second["parameters"]
    assert (first["asyncExecution"], first["treatFailureAsDeploymentFailure"]) == (False, True)
    assert first["timeoutInSeconds"] == 900


def test_a_comment_after_the_script_distinguishes_probes() -> None:
    properties = vm_bodies.probe_command("westeurope", "param([switch] $Deep)\nexit 0", 7, "r-1")["properties"]

    assert properties["source"]["script"] == "param([switch] $Deep)\nexit 0\n# run r-1\n"
    assert properties["timeoutInSeconds"] == 420
    assert "parameters" not in properties


def test_a_swap_names_the_disk_and_nothing_else() -> None:
    assert vm_bodies.swap(names.disk_id("kept")) == {
        "properties": {
            "storageProfile": {
                "osDisk": {
                    "createOption": "FromImage",
                    "name": "kept",
                    "managedDisk": {"id": names.disk_id("kept")},
                }
            }
        }
    }


@pytest.mark.parametrize("profile", [{}, {"encryptionAtHost": True}])
def test_a_vm_without_a_security_type_stays_standard(profile: dict[str, Any]) -> None:
    body = vm_bodies.recreation(vm_body(securityProfile=profile))
    assert body["properties"]["securityProfile"] == profile | {"securityType": "Standard"}


def test_a_vm_without_an_os_profile_gets_its_computer_name_and_an_administrator() -> None:
    found = vm_body(instanceView={"computerName": "desk-7"})
    del found["properties"]["osProfile"]
    assert vm_bodies.recreation(found)["properties"]["osProfile"] == {
        "computerName": "desk-7",
        "adminUsername": vm_bodies.ADMIN_USER,
    }


def test_a_patch_holds_only_what_is_given() -> None:
    assert vm_bodies.patch(None, None, None) == {}
    assert vm_bodies.patch({}, None, None) == {"tags": {}}
    assert vm_bodies.patch(None, "Detach", None) == {
        "properties": {"storageProfile": {"osDisk": {"createOption": "FromImage", "deleteOption": "Detach"}}}
    }
