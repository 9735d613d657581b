"""ARM bodies of a VM, with or without its instance view."""

from local.sim.core.wire import Json
from local.sim.core.world import Vm

KIND = "Microsoft.Compute/virtualMachines"


def with_resources(body: Json, extensions: list[Json]) -> Json:
    """A VM's body with its extensions, if it has some: a list names only their ids."""
    return {**body, "resources": extensions} if extensions else body


def vm_body(vm: Vm, instance_view: bool = False) -> Json:
    props: Json = {
        **vm.props,
        "vmId": vm.vm_id,
        "provisioningState": vm.provisioning,
        "timeCreated": vm.created,
    }
    if instance_view:
        props["instanceView"] = view(vm)
    return {
        "id": vm.id,
        "name": vm.name,
        "type": KIND,
        "location": vm.location,
        "tags": vm.tags,
        "etag": f'"{vm.etag}"',
        **vm.extra,
        "properties": props,
    }


def status_only(vm: Vm) -> Json:
    """The short body of `statusOnly=true`: ids and state."""
    return {
        "id": vm.id,
        "name": vm.name,
        "type": KIND,
        "location": vm.location,
        "properties": {"vmId": vm.vm_id, "provisioningState": vm.provisioning, "instanceView": view(vm)},
    }


def view(vm: Vm) -> Json:
    statuses = [_status(f"ProvisioningState/{vm.provisioning.lower()}", f"Provisioning {vm.provisioning.lower()}")]
    if vm.generalized:
        statuses.append(_status("OSState/generalized", "VM generalized"))
    if vm.power:
        statuses.append(_status(f"PowerState/{vm.power}", f"VM {vm.power}"))
    answer: Json = {
        "computerName": vm.props.get("osProfile", {}).get("computerName", vm.name),
        "hyperVGeneration": "V2",
        "disks": [{"name": vm.os_disk.get("name", ""), "statuses": [_status("ProvisioningState/succeeded", "ok")]}],
        "statuses": statuses,
    }
    if vm.power == "running":
        ready = _status("ProvisioningState/succeeded", "Ready")
        answer |= {"osName": "Windows 11 Enterprise multi-session", "osVersion": "10.0.26100"}
        answer["vmAgent"] = {"vmAgentVersion": "2.7.41491.1172", "statuses": [ready]}
    return answer


def _status(code: str, text: str) -> Json:
    return {"code": code, "level": "Info", "displayStatus": text}
