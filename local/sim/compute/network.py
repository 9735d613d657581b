"""Routes of network interfaces and subnets, as far as a recreated VM needs them to keep its address."""

import copy

from local.sim.avd.guests import violation
from local.sim.compute import references
from local.sim.core.names import last
from local.sim.core.routes import arm, page
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, not_found, required
from local.sim.core.world import Vm

NIC = "Microsoft.Network/networkInterfaces"
SUBNET = "Microsoft.Network/virtualNetworks/subnets"
VNET = "Microsoft.Network/virtualNetworks"


def nic_body(nic_id: str, location: str, subnet: str, address: str) -> Json:
    return {
        "id": nic_id,
        "name": last(nic_id),
        "type": NIC,
        "location": location,
        "tags": {},
        "properties": {
            "provisioningState": "Succeeded",
            "ipConfigurations": [
                {
                    "name": "ipconfig1",
                    "properties": {
                        "privateIPAddress": address,
                        "privateIPAllocationMethod": "Dynamic",
                        "subnet": {"id": subnet},
                        "primary": True,
                    },
                }
            ],
        },
    }


def check_nics_are_free(sim: Sim, vm: Vm) -> None:
    """Check that every network interface of a new VM exists and is not used by another VM."""
    if not vm.nic_refs:
        message = "Required parameter 'networkProfile.networkInterfaces' is missing (null)."
        raise ArmError(400, "InvalidParameter", message, "networkProfile.networkInterfaces")
    for reference in vm.nic_refs:
        nic = sim.world.of(NIC).get(str(reference.get("id", "")).lower())
        if nic is None:
            message = f"Resource {reference.get('id')} referenced by {vm.id} was not found."
            raise ArmError(400, "InvalidResourceReference", message, "networkInterfaces")
        owner = (nic["properties"].get("virtualMachine") or {}).get("id", "")
        if owner and owner.lower() != vm.id.lower():
            message = f"Network interface {nic['name']} is used by existing resource {owner}."
            raise ArmError(400, "NicInUse", message, "networkInterfaces")


def check_nic_configurations(sim: Sim, vm: Vm) -> None:
    """Check the network interfaces that are to be created with the VM: networkApiVersion, name and subnet."""
    profile = vm.props["networkProfile"]
    if not profile.get("networkApiVersion"):
        message = "Required parameter 'networkProfile.networkApiVersion' is missing (null)."
        raise ArmError(400, "InvalidParameter", message, "networkProfile.networkApiVersion")
    for configuration in profile["networkInterfaceConfigurations"]:
        required(configuration, "name")
        for address in required(configuration, "properties", "ipConfigurations"):
            subnet = str(required(address, "properties", "subnet", "id"))
            if subnet.lower() not in sim.world.of(SUBNET):
                message = f"Resource {subnet} referenced by {vm.id} was not found."
                raise ArmError(400, "InvalidResourceReference", message, "networkInterfaceConfigurations")
            if address["properties"].get("publicIPAddressConfiguration"):
                violation(sim, "public_address", vm.name, "created with a public IP address")


def create_nics(sim: Sim, vm: Vm) -> None:
    """Create the network interfaces as resources of their own, and replace their configurations by references."""
    profile = vm.props["networkProfile"]
    references = []
    for configuration in profile.pop("networkInterfaceConfigurations"):
        properties = configuration["properties"]
        address = properties["ipConfigurations"][0]["properties"]
        nic_id = f"{vm.id.partition('/providers/')[0]}/providers/{NIC}/{configuration['name']}"
        number = f"10.0.{sim.rng.randrange(256)}.{sim.rng.randrange(4, 250)}"
        body = nic_body(nic_id, vm.location, address["subnet"]["id"], number)
        body["tags"] = dict(configuration.get("tags") or {})
        sim.world.of(NIC)[nic_id.lower()] = body
        chosen = {key: properties[key] for key in ("primary", "deleteOption") if key in properties}
        references.append({"id": nic_id, "properties": chosen})
    profile["networkInterfaces"] = references


def attach(sim: Sim, vm: Vm) -> None:
    for reference in vm.nic_refs:
        sim.world.of(NIC)[reference["id"].lower()]["properties"]["virtualMachine"] = {"id": vm.id}


def detach(sim: Sim, vm: Vm) -> None:
    """Detach the network interfaces of a deleted VM. Those with `deleteOption` Delete are deleted."""
    for reference in vm.nic_refs:
        key = reference["id"].lower()
        nic = sim.world.of(NIC).get(key)
        if nic is None:
            continue
        if str((reference.get("properties") or {}).get("deleteOption", "Detach")).lower() == "delete":
            sim.world.of(NIC).pop(key)
        else:
            nic["properties"].pop("virtualMachine", None)


def _find(sim: Sim, call: Call, kind: str) -> Json:
    body = sim.world.of(kind).get(call.id_of(kind, *call.names).lower())
    if body is None:
        raise not_found(kind, "/".join(call.names), call.group)
    return body


@arm("GET", "Microsoft.Network/networkInterfaces/*", "get_nic")
def get_nic(sim: Sim, call: Call) -> Answer:
    return Answer(200, _find(sim, call, NIC))


@arm("GET", "Microsoft.Network/networkInterfaces", "list_nics")
def list_nics(sim: Sim, call: Call) -> Answer:
    return page(sim, call, sim.world.of(NIC), references.public)


@arm("PUT", "Microsoft.Network/networkInterfaces/*", "put_nic")
def put_nic(sim: Sim, call: Call) -> Answer:
    location = required(call.body, "location")
    configurations = required(call.body, "properties", "ipConfigurations")
    nic_id = call.id_of(NIC, call.names[0])
    existing = sim.world.of(NIC).get(nic_id.lower())
    body = existing or nic_body(nic_id, location, "", f"10.0.{sim.rng.randrange(256)}.{sim.rng.randrange(4, 250)}")
    address = body["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
    wanted = copy.deepcopy(configurations)
    for configuration in wanted:
        configuration.setdefault("properties", {}).setdefault("privateIPAddress", address)
    body["properties"]["ipConfigurations"] = wanted
    body["tags"] = dict(call.body.get("tags") or {})
    sim.world.of(NIC)[nic_id.lower()] = body
    return Answer(200 if existing else 201, body)


@arm("DELETE", "Microsoft.Network/networkInterfaces/*", "delete_nic")
def delete_nic(sim: Sim, call: Call) -> Answer:
    nic = sim.world.of(NIC).get(call.id_of(NIC, call.names[0]).lower())
    if nic is None:
        return Answer(204)
    owner = nic["properties"].get("virtualMachine")
    if owner:
        message = f"Network interface {nic['name']} is used by existing resource {owner['id']}."
        raise ArmError(400, "NicInUse", message)
    sim.world.of(NIC).pop(nic["id"].lower())
    return Answer(200)


@arm("GET", "Microsoft.Network/virtualNetworks/*", "get_vnet")
def get_vnet(sim: Sim, call: Call) -> Answer:
    return Answer(200, _find(sim, call, VNET))


@arm("GET", "Microsoft.Network/virtualNetworks/*/subnets/*", "get_subnet")
def get_subnet(sim: Sim, call: Call) -> Answer:
    return Answer(200, _find(sim, call, SUBNET))
