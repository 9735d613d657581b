"""Creates a VM of a host pool with its network interface and OS disk."""

from local.sim.avd.guests import new_uuid
from local.sim.compute.network import NIC, nic_body
from local.sim.compute.references import definition_of
from local.sim.core import names
from local.sim.core.clock import utc_now
from local.sim.core.options import PoolSpec
from local.sim.core.simulator import Sim
from local.sim.core.wire import Json
from local.sim.core.world import Disk, Vm


def new_pool_vm(sim: Sim, name: str, spec: PoolSpec, source: str) -> Vm:
    """Create a VM with the pool's configuration, a network interface, and an OS disk from gallery version `source`."""
    disk_name = f"{name}_OsDisk_1_{sim.rng.getrandbits(48):012x}"
    version = names.last(source)
    _, group = spec.groups
    nic_id = names.nic_id(f"{name}-nic", group)
    vm = Vm(
        names.vm_id(name, group),
        name,
        names.REGION,
        _vm_props(name, disk_name, nic_id, source, spec),
        new_uuid(sim),
        utc_now(),
    )
    principal = {"type": "SystemAssigned", "principalId": new_uuid(sim), "tenantId": names.TENANT}
    if spec.identity:
        vm.extra["identity"] = principal
    sim.world.vms[vm.id.lower()] = vm
    number = len(sim.world.vms) + 3
    nic = nic_body(nic_id, names.REGION, names.SUBNET_ID, f"10.0.{number // 250}.{number % 250 + 4}")
    nic["properties"]["virtualMachine"] = {"id": vm.id}
    sim.world.of(NIC)[nic_id.lower()] = nic
    if spec.ephemeral:
        vm.local_version = version
        return vm
    creation: Json = {"createOption": "FromImage"}
    if source:
        creation["galleryImageReference"] = {"id": source}
    disk = Disk(names.disk_id(disk_name, group), disk_name, names.REGION, utc_now(), creation, version=version)
    disk.owner = disk.last_attached_to = vm.id
    if spec.trusted_launch:
        disk.props["securityProfile"] = {"securityType": "TrustedLaunch"}
    sim.world.disks[disk.id.lower()] = disk
    return vm


def _vm_props(name: str, disk_name: str, nic_id: str, source: str, spec: PoolSpec) -> Json:
    _, group = spec.groups
    os_disk: Json = {"osType": "Windows", "name": disk_name, "createOption": "FromImage", "caching": "ReadWrite"}
    if spec.ephemeral:
        os_disk |= {"caching": "ReadOnly", "diffDiskSettings": {"option": "Local", "placement": "ResourceDisk"}}
    else:
        managed = {"storageAccountType": "Premium_LRS", "id": names.disk_id(disk_name, group)}
        os_disk |= {"deleteOption": spec.delete_option, "managedDisk": managed, "diskSizeGB": 127}
    image = {"id": source if spec.pinned else definition_of(source), "exactVersion": names.last(source)}
    card = {"id": nic_id, "properties": {"primary": True, "deleteOption": "Detach"}}
    props: Json = {
        "hardwareProfile": {"vmSize": "Standard_D4ads_v5"},
        "storageProfile": {"imageReference": image, "osDisk": os_disk, "dataDisks": []},
        "osProfile": {
            "computerName": name,
            "adminUsername": "localadmin",
            "windowsConfiguration": {"provisionVMAgent": True, "enableAutomaticUpdates": False},
            "allowExtensionOperations": True,
        },
        "networkProfile": {"networkInterfaces": [card]},
        "licenseType": "Windows_Client",
    }
    if spec.trusted_launch:
        uefi = {"secureBootEnabled": True, "vTpmEnabled": True}
        props["securityProfile"] = {"securityType": "TrustedLaunch", "uefiSettings": uefi}
    if spec.vmss:
        props["virtualMachineScaleSet"] = {"id": vmss_id(spec)}
    return props


def vmss_id(spec: PoolSpec) -> str:
    """The scale set of the pool's VMs."""
    _, group = spec.groups
    return f"{names.group_id(group)}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-{spec.host_prefix}"
