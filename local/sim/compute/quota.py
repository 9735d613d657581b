"""The core quota of the region: counted, and enforced when a VM is created or started."""

from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError
from local.sim.core.world import Vm

CORES = 4
"""Cores of every VM."""
QUOTA = 100_000


def limit(sim: Sim) -> int:
    """The region's limit: `POST /_sim/expect {core_quota: n}`; without it a high one."""
    quota = sim.world.expect.get("core_quota")
    return QUOTA if quota is None else int(quota)


def used(sim: Sim, region: str) -> int:
    """Cores of the region's VMs that are not deallocated. A VM that could not be allocated has none."""
    return sum(CORES for vm in sim.world.vms.values() if vm.location == region and _holds_cores(vm))


def _holds_cores(vm: Vm) -> bool:
    return vm.power != "deallocated" and not (vm.power == "" and vm.provisioning == "Failed")


def check_quota(sim: Sim, vm: Vm) -> None:
    """Refuse the cores of a VM that has none yet, when they would be over the quota."""
    now, most = used(sim, vm.location), limit(sim)
    if now + CORES > most:
        message = (
            "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. "
            f"Location: {vm.location}, Current Limit: {most}, Current Usage: {now}, Additional Required: {CORES}."
        )
        raise ArmError(409, "OperationNotAllowed", message)
