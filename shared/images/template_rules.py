"""Whether a VM may serve as the template VM of an image: it is switched off and copied, so nobody may work on it."""

from __future__ import annotations

from shared.core.arm_ids import same
from shared.core.errors import AzureNotFound, AzureRefused
from shared.core.names import TEMPLATE_TAG
from shared.records.images import available
from shared.records.unreadable_pools import is_gone
from shared.services import IMAGES, POOLS, Services


def template_problem(services: Services, image: str, vm_id: str, tag: str, *, running: bool) -> str:
    """Why the VM may not serve as the image's template VM, and what to do; empty when it may.

    `tag` is the value of its tag `FreshcoatTemplate`. The session hosts of every registered pool are read now. With
    `running`, a pool that cannot be read may have it; else nobody can be signed in to it. Raises AzureBusy.
    """
    if pool := _pool_of(services, image, vm_id, running=running):
        return pool
    if tag != image:
        return f"the VM is not marked as this image's template. In Azure, give it the tag {TEMPLATE_TAG} = {image}"
    return ""


def _pool_of(services: Services, image: str, vm_id: str, *, running: bool) -> str:
    found = services.images.find(IMAGES, image)
    for pool in services.pools.each(POOLS):
        # Who may change the image has all of its accounts, and perhaps no others.
        told = f"pool {pool.name}" if found and available(found, pool.account) else "a pool"
        try:
            hosts = services.host_pools.session_hosts(pool.host_pool_id)
        except AzureNotFound:
            continue  # nobody can be signed in to a host pool that is gone
        except AzureRefused:
            if not running or is_gone(services, pool):
                continue
            return f"the session hosts of {told} cannot be read, and the VM may be one. Fix that first"
        if any(same(host.vm_id, vm_id) for host in hosts):
            return f"the VM is a session host of {told}. Use a VM that is in no host pool"
    return ""
