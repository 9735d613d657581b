"""Microsoft Graph's routes of devices: find by name, delete. A deleted device is found for a while."""

import re
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sim.avd.guests import new_uuid
from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError, Call, Json
from local.sim.core.world import Device

DEVICE_RIGHT, MANAGED_RIGHT = "Device.ReadWrite.All", "DeviceManagementManagedDevices.ReadWrite.All"
DEVICES, MANAGED = "/v1.0/devices", "/v1.0/deviceManagement/managedDevices"


def add_device(sim: Sim, name: str, vm_id: str = "", *, intune: bool = False, trust: str = "AzureAd") -> Device:
    """Add a device to Entra ID, and to Intune on request."""
    device = Device(new_uuid(sim), new_uuid(sim), name, vm_id, trust, new_uuid(sim) if intune else "")
    sim.world.devices[device.id] = device
    if intune:
        sim.world.managed[device.intune_id] = device
    return device


class GraphRoutes:
    """The routes, with the faults and the rights of the simulator. Graph enforces its rights."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim

    async def find_devices(self, request: Request) -> Response:
        self._check(request, "list_devices", DEVICE_RIGHT)
        return _found(map(_device_body, self._sim.world.devices.values()), "displayName", request)

    async def find_managed(self, request: Request) -> Response:
        self._check(request, "list_managed_devices", MANAGED_RIGHT)
        return _found(map(_managed_body, self._sim.world.managed.values()), "deviceName", request)

    async def delete_device(self, request: Request) -> Response:
        self._check(request, "delete_device", DEVICE_RIGHT)
        found = self._sim.world.devices.get(request.path_params["id"])
        if found is None or found.deleted:
            raise ArmError(404, "Request_ResourceNotFound", "Resource does not exist.")
        found.deleted = True

        def gone() -> None:
            self._sim.world.devices.pop(found.id, None)

        self._sim.clock.after(self._sim.durations.pick("device_delete"), gone)
        return Response(status_code=204)

    async def delete_managed(self, request: Request) -> Response:
        self._check(request, "delete_managed_device", MANAGED_RIGHT)
        if self._sim.world.managed.pop(request.path_params["id"], None) is None:
            raise ArmError(404, "ResourceNotFound", "Resource does not exist.")
        return Response(status_code=204)

    def _check(self, request: Request, op: str, right: str) -> None:
        """Count the call, then refuse it by a fault or because the right is missing."""
        call = Call(request.method, request.url.path, {}, {}, {}, "", "", "", "graph", (), op=op)
        self._sim.count_call(call)
        for fault in self._sim.faults.http(call):
            if fault.kind.isdigit():
                raise ArmError(int(fault.kind), "Fault", fault.message, headers={"Retry-After": str(fault.retry_after)})
        if right in (self._sim.world.expect.get("denied") or ()):
            text = "Insufficient privileges to complete the operation."
            raise ArmError(403, "Authorization_RequestDenied", text)


def graph_app(sim: Sim) -> Starlette:
    do = GraphRoutes(sim)
    routes = [
        Route(DEVICES, do.find_devices, methods=["GET"]),
        Route(f"{DEVICES}/{{id}}", do.delete_device, methods=["DELETE"]),
        Route(MANAGED, do.find_managed, methods=["GET"]),
        Route(f"{MANAGED}/{{id}}", do.delete_managed, methods=["DELETE"]),
    ]
    return Starlette(routes=routes, exception_handlers={ArmError: _refused})


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ArmError)  # noqa: S101 - registered for it
    return JSONResponse({"error": error.error}, error.status, error.headers)


def _found(bodies: Iterable[Json], key: str, request: Request) -> Response:
    """The bodies that match the filter, which is `{key} eq '…'` or missing."""
    wanted = re.fullmatch(rf"{key} eq '(.*)'", request.query_params.get("$filter", ""))
    name = wanted[1].replace("''", "'").lower() if wanted else None
    found = [body for body in bodies if name is None or str(body[key]).lower() == name]
    return JSONResponse({"value": found[: int(request.query_params.get("$top") or len(found))]})


def _device_body(device: Device) -> Json:
    ids = [f"[HWID]:h:{device.id[:8]}", *([f"[AzureResourceId]:{device.vm_id}"] if device.vm_id else [])]
    return {
        "id": device.id,
        "deviceId": device.device_id,
        "displayName": device.name,
        "trustType": device.trust,
        "physicalIds": ids,
        "accountEnabled": True,
    }


def _managed_body(device: Device) -> Json:
    return {"id": device.intune_id, "deviceName": device.name, "azureADDeviceId": device.device_id}
