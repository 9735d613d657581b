"""Creates the simulator's initial resources, and further pools on request."""

from local.sim.autoscaler import Autoscaler
from local.sim.avd import users
from local.sim.avd.guests import log_on, new_uuid
from local.sim.compute import pool_vms
from local.sim.compute.image_fit import DISK_GB
from local.sim.compute.network import SUBNET, VNET
from local.sim.compute.references import DEFINITION, GALLERY, VERSION
from local.sim.core import names
from local.sim.core.clock import utc_now
from local.sim.core.options import Options, PoolSpec, Versions
from local.sim.core.simulator import Sim
from local.sim.core.world import Guest, HostPool, Json, SessionHost

VMSS = "Microsoft.Compute/virtualMachineScaleSets"


def start(options: Options) -> tuple[Sim, Autoscaler]:
    """Create a simulator with its initial resources, and its autoscaler."""
    sim = Sim(options)
    _build_world(sim)
    return sim, Autoscaler(sim)


def restart(sim: Sim, autoscaler: Autoscaler, options: Options) -> None:
    """Replace all resources by the initial ones, and remove the autoscaler's rules."""
    sim.reset(options)
    _build_world(sim)
    autoscaler.reset()


def _build_world(sim: Sim) -> None:
    options = sim.options
    _put(sim, GALLERY, names.GALLERY_ID, {"description": "Desktop images"})
    add_definition(sim, names.DEFINITION, options.versions, options.excluded)
    _network(sim)
    _template(sim)
    add_pool(
        sim,
        PoolSpec(
            name="hp-office",
            hosts=options.hosts,
            version=options.versions[0],
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
    first = options.versions[0]
    add_pool(sim, PoolSpec("hp-personal", hosts=1, version=first, host_pool_type="Personal", max_session_limit=1))


def _put(sim: Sim, kind: str, resource_id: str, properties: Json) -> Json:
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


IMAGE_FIELDS = ("disk_gb", "security_type", "generation", "disallowed_disk_types")


def add_definition(
    sim: Sim,
    name: str,
    versions: Versions,
    excluded: Versions,
    *,
    disk_gb: int = DISK_GB,
    security_type: str = "TrustedLaunchSupported",
    generation: str = "V2",
    disallowed_disk_types: tuple[str, ...] = (),
) -> Json:
    """Add an image definition with versions to the gallery. The `excluded` ones are excluded from "latest".

    `disk_gb` is the size of the versions' OS disk, and `security_type` a value of the feature `SecurityType`.
    """
    definition_id = names.definition_id(name)
    if definition_id.lower() in sim.world.of(DEFINITION):
        raise ValueError(f"image definition '{name}' exists")
    definition = {
        "osType": "Windows",
        "osState": "Generalized",
        "hyperVGeneration": generation,
        "identifier": {"publisher": "Contoso", "offer": "Desktops", "sku": name},
        "features": [{"name": "SecurityType", "value": security_type}],
        "disallowed": {"diskTypes": list(disallowed_disk_types)},
    }
    made = _put(sim, DEFINITION, definition_id, definition)
    for version in versions:
        region = {"name": "West Europe", "regionalReplicaCount": 2, "storageAccountType": "Standard_ZRS"}
        publishing = {
            "targetRegions": [region],
            "replicaCount": 2,
            "excludeFromLatest": version in excluded,
            "publishedDate": utc_now(),
        }
        version_id = names.version_id(version, definition_id)
        storage = {"osDiskImage": {"sizeInGB": disk_gb, "hostCaching": "ReadWrite"}}
        body = _put(sim, VERSION, version_id, {"publishingProfile": publishing, "storageProfile": storage})
        body["_replicated"] = {names.REGION}
    return made


def _network(sim: Sim) -> None:
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    subnet = _put(sim, SUBNET, names.SUBNET_ID, {"addressPrefix": "10.0.0.0/16"})
    _put(sim, VNET, names.VNET_ID, {**space, "subnets": [subnet]})


def _template(sim: Sim) -> None:
    """Create the template VM from a marketplace image.

    It is not a Trusted Launch VM, because Azure cannot create a managed image from one, and this image definition
    accepts only managed images.
    """
    vm = pool_vms.new_pool_vm(sim, names.last(names.TEMPLATE_VM_ID), PoolSpec(name="", trusted_launch=False), "")
    reference = {"publisher": "MicrosoftWindowsDesktop", "offer": "office-365", "sku": "win11-24h2-avd-m365"}
    vm.props["storageProfile"]["imageReference"] = {**reference, "version": "latest"}
    vm.tags["FreshcoatTemplate"] = names.last(names.DEFINITION_ID)
    vm.power = sim.options.template
    if vm.power == "running":
        vm.guest.online_at = sim.clock.now()


def add_pool(sim: Sim, spec: PoolSpec) -> HostPool:
    pool_id = names.host_pool_id(spec.name, spec.group)
    if pool_id.lower() in sim.world.pools:
        raise ValueError(f"host pool '{spec.name}' exists")
    if _source(spec).lower() not in sim.world.of(VERSION):
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
    pool = HostPool(pool_id, spec.name, names.REGION, properties, automated=spec.automated)
    sim.world.pools[pool_id.lower()] = pool
    sim.specs[pool_id.lower()] = spec
    sim.groups |= {group.lower() for group in spec.groups}
    if spec.vmss:
        _put(
            sim,
            VMSS,
            pool_vms.vmss_id(spec),
            {"orchestrationMode": "Flexible"},
        )
    for number in range(1, spec.hosts + 1):
        _host(sim, pool, spec, number)
    _initial_sessions(sim, pool, spec)
    return pool


def _source(spec: PoolSpec) -> str:
    """The id of the gallery version of the pool's hosts."""
    return names.version_id(spec.version, names.definition_id(spec.definition))


def _host(sim: Sim, pool: HostPool, spec: PoolSpec, number: int) -> None:
    """Create a host that is joined, registered and Available. The last hosts are powered off or drained on request."""
    vm = pool_vms.new_pool_vm(sim, f"{spec.host_prefix}-{number:04d}", spec, _source(spec))
    vm.guest = Guest("ad", names.DOMAIN, pool.id, online_at=sim.clock.now())
    fqdn = f"{vm.name}.{names.DOMAIN}"
    host = SessionHost(fqdn, pool, vm.id, vm.vm_id, vm.guest, utc_now(), in_service=True, last_heartbeat=utc_now())
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


def _initial_sessions(sim: Sim, pool: HostPool, spec: PoolSpec) -> None:
    """Create the sessions that exist at the start, and arrivals that keep their number about constant."""
    hosts = [h for h in pool.hosts.values() if sim.world.vms[h.vm_id.lower()].power == "running"]
    busy = sim.rng.sample(hosts, round(len(hosts) * spec.busy)) if pool.pooled else []
    total = 0
    for host in busy:
        for _ in range(min(sim.rng.randint(1, max(1, spec.busy_sessions)), spec.max_session_limit)):
            session = log_on(sim, host, users.user_name(sim))
            users.schedule_end(sim, host, session)
            total += 1
    steady = total / sim.options.work_minutes
    pool.arrivals_per_minute = steady if spec.arrivals_per_minute is None else spec.arrivals_per_minute
    users.start(sim, pool)
