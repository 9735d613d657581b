"""The world a simulator starts with, and further pools on request."""

from typing import TYPE_CHECKING

from local.sim import names, users
from local.sim.clock import utc_now
from local.sim.guests import log_on, new_uuid
from local.sim.images import DEFINITION, GALLERY, VERSION
from local.sim.network import NIC, SUBNET, VNET, nic_body
from local.sim.options import PoolSpec
from local.sim.world import Disk, Guest, HostPool, Json, SessionHost, Vm

if TYPE_CHECKING:
    from local.sim.sim import Sim

PUBLISHED = {"1.0.0": False, "2.0.0": False, "3.0.0": True}  # version -> excludeFromLatest
VMSS = "Microsoft.Compute/virtualMachineScaleSets"


def default_world(sim: "Sim") -> None:
    _gallery(sim)
    _network(sim)
    _template(sim)
    options = sim.options
    add_pool(
        sim,
        PoolSpec(
            name="hp-office",
            hosts=options.hosts,
            max_session_limit=options.max_session_limit,
            load_balancer=options.load_balancer,
            powered_off=options.powered_off,
            drained=options.drained,
            busy=options.busy,
            busy_sessions=options.busy_sessions,
            arrivals_per_minute=options.arrivals_per_minute,
            delete_option=options.delete_option,
            vmss=options.vmss,
            pinned=options.pinned,
            ephemeral=options.ephemeral,
            trusted_launch=options.trusted_launch,
        ),
    )
    add_pool(sim, PoolSpec(name="hp-personal", hosts=1, host_pool_type="Personal", max_session_limit=1))


def _put(sim: "Sim", kind: str, resource_id: str, properties: Json) -> Json:
    body: Json = {
        "id": resource_id,
        "name": names.last(resource_id),
        "type": kind,
        "location": names.REGION,
        "tags": {},
        "properties": {**properties, "provisioningState": "Succeeded"},
    }
    sim.world.of(kind)[resource_id.lower()] = body
    return body


def _gallery(sim: "Sim") -> None:
    _put(sim, GALLERY, names.GALLERY_ID, {"description": "Desktop images"})
    definition = {
        "osType": "Windows",
        "osState": "Generalized",
        "hyperVGeneration": "V2",
        "identifier": {"publisher": "Contoso", "offer": "Desktops", "sku": "win11-office"},
        "features": [{"name": "SecurityType", "value": "TrustedLaunchSupported"}],
    }
    _put(sim, DEFINITION, names.DEFINITION_ID, definition)
    for version, excluded in PUBLISHED.items():
        region = {"name": "West Europe", "regionalReplicaCount": 2, "storageAccountType": "Standard_ZRS"}
        publishing = {
            "targetRegions": [region],
            "replicaCount": 2,
            "excludeFromLatest": excluded,
            "publishedDate": utc_now(),
        }
        body = _put(sim, VERSION, names.version_id(version), {"publishingProfile": publishing, "storageProfile": {}})
        body["_replicated"] = {names.REGION}


def _network(sim: "Sim") -> None:
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    subnet = _put(sim, SUBNET, names.SUBNET_ID, {"addressPrefix": "10.0.0.0/16"})
    _put(sim, VNET, names.VNET_ID, {**space, "subnets": [subnet]})


def _template(sim: "Sim") -> None:
    """The VM the image is built from: off, with the marketplace image it once came from."""
    vm = _machine(sim, names.last(names.TEMPLATE_VM_ID), PoolSpec(name="", version=""))
    reference = {"publisher": "MicrosoftWindowsDesktop", "offer": "office-365", "sku": "win11-24h2-avd-m365"}
    vm.props["storageProfile"]["imageReference"] = {**reference, "version": "latest"}
    vm.power = "deallocated"


def add_pool(sim: "Sim", spec: PoolSpec) -> HostPool:
    pool_id = f"{names.AVD}/hostPools/{spec.name}"
    if pool_id.lower() in sim.world.pools:
        raise ValueError(f"host pool '{spec.name}' exists")
    if names.version_id(spec.version).lower() not in sim.world.of(VERSION):
        raise ValueError(f"version '{spec.version}' is not in the gallery")
    properties: Json = {
        "objectId": new_uuid(sim),
        "friendlyName": spec.name,
        "hostPoolType": spec.host_pool_type,
        "loadBalancerType": spec.load_balancer if spec.host_pool_type == "Pooled" else "Persistent",
        "maxSessionLimit": spec.max_session_limit,
        "preferredAppGroupType": "Desktop",
        "startVMOnConnect": False,
        "validationEnvironment": False,
        "vmTemplate": None,
    }
    pool = HostPool(pool_id, spec.name, names.REGION, properties)
    sim.world.pools[pool_id.lower()] = pool
    if spec.vmss:
        _put(
            sim,
            VMSS,
            f"{names.COMPUTE}/virtualMachineScaleSets/vmss-{spec.host_prefix}",
            {"orchestrationMode": "Flexible"},
        )
    for number in range(1, spec.hosts + 1):
        _host(sim, pool, spec, number)
    _people(sim, pool, spec)
    return pool


def _host(sim: "Sim", pool: HostPool, spec: PoolSpec, number: int) -> None:
    """One machine, joined, registered and Available; the last ones off or drained if asked for."""
    vm = _machine(sim, f"{spec.host_prefix}-{number:04d}", spec)
    vm.guest = Guest("ad", names.DOMAIN, pool.id, online_at=sim.clock.now())
    fqdn = f"{vm.name}.{names.DOMAIN}"
    host = SessionHost(fqdn, pool, vm.id, vm.vm_id, vm.guest, utc_now(), last_heartbeat=utc_now())
    pool.add(host)
    sim.world.session_host_of[vm.id.lower()] = host
    sim.world.home[vm.id.lower()] = (pool.id, names.DOMAIN)
    from_end = spec.hosts - number
    if from_end < spec.powered_off:
        vm.power, vm.guest.online_at = "deallocated", float("inf")
    elif from_end < spec.powered_off + spec.drained:
        host.allow_new = False
    if not pool.pooled:
        host.assigned_user = "owner@contoso.com"


def _machine(sim: "Sim", name: str, spec: PoolSpec) -> Vm:
    disk_name = f"{name}_OsDisk_1_{sim.rng.getrandbits(48):012x}"
    source = names.version_id(spec.version) if spec.version else ""
    nic_id = names.nic_id(f"{name}-nic")
    vm = Vm(
        names.vm_id(name),
        name,
        names.REGION,
        _vm_props(name, disk_name, nic_id, source, spec),
        new_uuid(sim),
        utc_now(),
    )
    vm.extra["identity"] = {"type": "SystemAssigned", "principalId": new_uuid(sim), "tenantId": names.TENANT}
    sim.world.vms[vm.id.lower()] = vm
    number = len(sim.world.vms) + 3
    nic = nic_body(nic_id, names.REGION, names.SUBNET_ID, f"10.0.{number // 250}.{number % 250 + 4}")
    nic["properties"]["virtualMachine"] = {"id": vm.id}
    sim.world.of(NIC)[nic_id.lower()] = nic
    if spec.ephemeral:
        vm.local_version = spec.version
        return vm
    creation: Json = {"createOption": "FromImage"}
    if source:
        creation["galleryImageReference"] = {"id": source}
    disk = Disk(names.disk_id(disk_name), disk_name, names.REGION, utc_now(), creation, version=spec.version)
    disk.owner = disk.was_on = vm.id
    sim.world.disks[disk.id.lower()] = disk
    return vm


def _vm_props(name: str, disk_name: str, nic_id: str, source: str, spec: PoolSpec) -> Json:
    os_disk: Json = {"osType": "Windows", "name": disk_name, "createOption": "FromImage", "caching": "ReadWrite"}
    if spec.ephemeral:
        os_disk |= {"caching": "ReadOnly", "diffDiskSettings": {"option": "Local", "placement": "ResourceDisk"}}
    else:
        managed = {"storageAccountType": "Premium_LRS", "id": names.disk_id(disk_name)}
        os_disk |= {"deleteOption": spec.delete_option, "managedDisk": managed, "diskSizeGB": 127}
    image = {"id": source if spec.pinned else names.DEFINITION_ID, "exactVersion": spec.version}
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
        props["virtualMachineScaleSet"] = {"id": f"{names.COMPUTE}/virtualMachineScaleSets/vmss-{spec.host_prefix}"}
    return props


def _people(sim: "Sim", pool: HostPool, spec: PoolSpec) -> None:
    """Sessions that were there before the start, and arrivals that keep about as many there."""
    hosts = [h for h in pool.hosts.values() if sim.world.vms[h.vm_id.lower()].power == "running"]
    busy = sim.rng.sample(hosts, round(len(hosts) * spec.busy)) if pool.pooled else []
    total = 0
    for host in busy:
        for _ in range(min(sim.rng.randint(1, max(1, spec.busy_sessions)), spec.max_session_limit)):
            session = log_on(sim, host, users.user_name(sim))
            users.live(sim, host, session)
            total += 1
    steady = total / sim.options.work_minutes
    pool.arrivals_per_minute = steady if spec.arrivals_per_minute is None else spec.arrivals_per_minute
    users.start(sim, pool)
